"""The formats in which a model can be exported."""

#: Formats besides SavedModel: the ending of the files, and the function that converts an endpoint.
CONVERTERS = {
    "tflite": "tfgan_zoo.serving.convert:to_tflite",
    "onnx": "tfgan_zoo.serving.convert:to_onnx",
}

FORMATS = ("saved_model", *CONVERTERS)
"""Every format, the default first."""
