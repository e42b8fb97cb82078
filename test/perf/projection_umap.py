"""Projects the same vectors with scikit-learn and umap-learn, and measures positions that were made elsewhere.

Usage: projection_umap.py VECTORS SIZE POSITIONS
Prints one line of JSON: seconds of umap-learn (after a warm-up, which compiles it), and both trustworthinesses.
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


def project(vectors):
    reduced = PCA(50, svd_solver="randomized", random_state=0).fit_transform(vectors)
    return UMAP(n_neighbors=NEIGHBOURS).fit_transform(reduced)


def main():
    vectors = np.fromfile(sys.argv[1], np.float32).reshape(-1, int(sys.argv[2]))
    ours = np.fromfile(sys.argv[3], np.float32).reshape(-1, 2)
    project(vectors[:WARM_UP_ROWS])
    started_at = time.perf_counter()
    theirs = project(vectors)
    seconds = time.perf_counter() - started_at
    some = np.random.default_rng(0).permutation(len(vectors))[:MEASURED_ROWS]
    measured = [
        float(trustworthiness(vectors[some], positions[some], n_neighbors=NEIGHBOURS)) for positions in (ours, theirs)
    ]
    print(json.dumps({"seconds": seconds, "ours": measured[0], "theirs": measured[1]}))


main()
