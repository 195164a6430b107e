"""Writes numpy-text.json: arrays and how numpy prints them. python3 numpy_text.py > numpy-text.json"""
import json

import numpy as np

cases = []


def add(array, precision):
    array = np.asarray(array, dtype=np.float32)
    np.set_printoptions(precision=precision)
    cases.append({
        "shape": list(array.shape), "precision": precision,
        "values": [float(x) for x in array.flatten()], "text": str(array),
    })


rng = np.random.RandomState(3)
add(rng.randn(7), 5)
add(rng.randn(3, 4) * 1e-5, 5)
add([0, 1e-9, 3.5, -2], 5)
add([1, 2, 3.5, 0], 5)
add([1, 2, -3, 0], 5)
add(np.zeros((2, 3)), 5)
add([12345.678, 23456.7], 3)
add(rng.randn(26) * 3, 5)
add(rng.randn(4, 23), 2)
add([1e9, 2.5e8], 5)
add([0.1, 0.25, 0.125, 0.5], 2)
print(json.dumps(cases))
