"""Prints the pairs of near duplicates among the files in a folder that imagededup's perceptual hash finds.

Arguments: the folder and the largest distance in bits. imagededup imports torch for its neural networks, which its hashes do not use:
stand-ins for its modules with networks save an installation of some gigabytes.
"""

import json
import sys
from unittest.mock import MagicMock

for name in ("imagededup.utils.models", "imagededup.methods.cnn"):
    sys.modules[name] = MagicMock()

from imagededup.methods.hashing import PHash  # noqa: E402

if __name__ == "__main__":
    folder, distance = sys.argv[1], int(sys.argv[2])
    found = PHash(verbose=False).find_duplicates(
        image_dir=folder, max_distance_threshold=distance, num_enc_workers=0, num_dist_workers=0
    )
    print(json.dumps([[one, other] for one, others in found.items() for other in others if one < other]))
