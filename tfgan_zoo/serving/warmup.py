"""Warm-up requests, which TF Serving answers before a model takes requests from clients.

A server reads `assets.extra/tf_serving_warmup_requests` of a SavedModel, a TFRecord file of
`PredictionLog` messages. Their definition is in a separate package. Only a few fields are needed,
so they are written by hand around TensorFlow's `TensorProto`.
See https://www.tensorflow.org/tfx/serving/saved_model_warmup.
"""

import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.signatures import Endpoint

#: Path of the requests within a SavedModel.
PATH = os.path.join("assets.extra", "tf_serving_warmup_requests")


def write_requests(folder: str, signatures: Mapping[str, Endpoint], model_name: str) -> None:
    """Writes a request for one sample for each signature.

    Args:
        folder: Folder of a SavedModel.
        signatures: Its signatures.
        model_name: Name of the model in requests.
    """
    path = os.path.join(folder, PATH)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tf.io.TFRecordWriter(path) as writer:
        for name, signature in signatures.items():
            writer.write(prediction_log(model_name, name, signature.example(1)))


def prediction_log(model_name: str, signature_name: str, inputs: Mapping[str, np.ndarray]) -> bytes:
    """Returns a serialized `tensorflow.serving.PredictionLog` of a request."""
    spec = _field(1, model_name.encode()) + _field(3, signature_name.encode())  # ModelSpec
    request = _field(1, spec)  # PredictRequest
    for name, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        request += _field(2, _field(1, name.encode()) + _field(2, tensor))  # a map entry
    return _field(6, _field(1, request))  # PredictionLog.predict_log, PredictLog.request


def _field(number: int, value: bytes) -> bytes:
    """Returns a field of a protocol buffer message: bytes, a string or a message."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
