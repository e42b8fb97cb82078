"""Projects the same vectors with umap-learn, and measures positions that were made elsewhere.

Usage: projection_umap.py VECTORS SIZE POSITIONS
Prints one line of JSON. seconds: umap-learn on the vectors; reduced: on their 50 principal components by scikit-learn, with
the time of these; both after a warm-up, which compiles umap-learn. ours, theirs, theirsReduced: trustworthiness.
"""

import json
import sys
import time

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from umap import UMAP

WARM_UP_ROWS = 5000
# scikit-learn holds several matrices of rows x rows.
MEASURED_ROWS = 4000
NEIGHBOURS = 15


def direct(vectors):
    return UMAP(n_neighbors=NEIGHBOURS).fit_transform(vectors)


def reduced(vectors):
    return direct(PCA(50, svd_solver="randomized", random_state=0).fit_transform(vectors))


def timed(project, vectors):
    project(vectors[:WARM_UP_ROWS])
    started_at = time.perf_counter()
    positions = project(vectors)
    return time.perf_counter() - started_at, positions


def main():
    vectors = np.fromfile(sys.argv[1], np.float32).reshape(-1, int(sys.argv[2]))
    ours = np.fromfile(sys.argv[3], np.float32).reshape(-1, 2)
    seconds, theirs = timed(direct, vectors)
    seconds_reduced, theirs_reduced = timed(reduced, vectors)
    some = np.random.default_rng(0).permutation(len(vectors))[:MEASURED_ROWS]

    def quality(positions):
        return float(trustworthiness(vectors[some], positions[some], n_neighbors=NEIGHBOURS))

    print(
        json.dumps(
            {
                "seconds": seconds,
                "reduced": seconds_reduced,
                "ours": quality(ours),
                "theirs": quality(theirs),
                "theirsReduced": quality(theirs_reduced),
            }
        )
    )


main()
