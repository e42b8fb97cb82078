"""Predicts the same rows with scikit-learn's logistic regression, each fold by the others.

Usage: calibration_sklearn.py VECTORS SIZE ROWS
ROWS is a JSON file: the class and the partition of each row (254 for the hold-out). Prints one line of JSON: for each way of using
the regression the probabilities of all rows.
"""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HOLD_OUT = 254


def ways():
    yield "as it is", lambda: LogisticRegression(max_iter=2000)
    yield "C = 100", lambda: LogisticRegression(C=100, max_iter=2000)
    yield "standardised", lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


def main():
    vectors = np.fromfile(sys.argv[1], np.float32).reshape(-1, int(sys.argv[2]))
    with open(sys.argv[3], encoding="utf-8") as file:
        rows = json.load(file)
    classes, partitions = np.array(rows["classes"]), np.array(rows["partitions"])
    found = {}
    for name, make in ways():
        probabilities = np.zeros((len(classes), classes.max() + 1))
        for partition in np.unique(partitions):
            own = partitions == partition
            model = make().fit(vectors[~own & (partitions != HOLD_OUT)], classes[~own & (partitions != HOLD_OUT)])
            probabilities[own] = model.predict_proba(vectors[own])
        found[name] = probabilities.round(6).tolist()
    print(json.dumps(found))


main()
