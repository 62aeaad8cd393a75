"""Runs all cases on SavedModels without importing anything but TensorFlow."""

import json
import pickle
import sys

import numpy as np
import tensorflow as tf


def apart(came, expected):
    """Returns the largest difference of answers; files are compared by pixels."""
    if came.dtype == object:
        came = np.stack([tf.io.decode_png(file).numpy() for file in came])
    assert came.shape == expected.shape, (came.shape, expected.shape)
    return float(np.max(np.abs(came.astype("float64") - expected.astype("float64"))))


with open(sys.argv[1], "rb") as file:
    models = pickle.load(file)
found = {}
for name, model in models.items():
    signatures = tf.saved_model.load(model["path"]).signatures
    found[name] = {"signatures": sorted(signatures), "apart": {}}
    for key, given, expected in model["cases"]:
        made = signatures[key](**{k: tf.constant(v) for k, v in given.items()})
        assert set(made) == set(expected), (name, key)
        for output, value in expected.items():
            num = len(value)
            found[name]["apart"][f"{key}/{num}"] = apart(made[output].numpy(), value)
assert not [module for module in sys.modules if module.startswith("tfgan_zoo")]
print(json.dumps(found))
