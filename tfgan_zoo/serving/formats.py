"""The formats in which a model can be exported."""

#: Formats besides SavedModel: the ending of the files, and the function that converts an endpoint.
#: It takes the name of an endpoint and the endpoint, and returns the content of its file, and a
#: function that runs this content on named arrays and returns the outputs by name, or the only one.
#: It raises an `InputError` that says why an endpoint cannot be converted.
CONVERTERS = {
    "tflite": "tfgan_zoo.serving.convert:to_tflite",
    "onnx": "tfgan_zoo.serving.convert:to_onnx",
}

FORMATS = ("saved_model", *CONVERTERS)
"""Every format, the default first."""
