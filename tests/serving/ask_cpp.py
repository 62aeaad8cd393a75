"""Runs all cases on SavedModels with TensorFlow's C++ loader, which TF Serving uses.

It uses the library in TensorFlow's wheel without importing its Python code.
"""

import ctypes
import importlib.util
import io
import json
import pickle
import sys
from pathlib import Path

import numpy as np
from PIL import Image

DTYPES = {1: "float32", 3: "int32", 4: "uint8", 9: "int64"}
CODES = {np.dtype(name): code for code, name in DTYPES.items()}
STRING, TSTRING_SIZE = 7, 24

wheel = Path(importlib.util.find_spec("tensorflow").origin).parent
ctypes.CDLL(str(wheel / "libtensorflow_framework.so.2"), ctypes.RTLD_GLOBAL)
tf = ctypes.CDLL(str(wheel / "libtensorflow_cc.so.2"), ctypes.RTLD_GLOBAL)
for function in (
    "TF_AllocateTensor",
    "TF_GraphOperationByName",
    "TF_LoadSessionFromSavedModel",
    "TF_NewGraph",
    "TF_NewSessionOptions",
    "TF_NewStatus",
    "TF_StringGetDataPointer",
    "TF_TensorData",
):
    getattr(tf, function).restype = ctypes.c_void_p
tf.TF_Message.restype = ctypes.c_char_p
for function in ("TF_Dim", "TF_StringGetSize"):
    getattr(tf, function).restype = ctypes.c_size_t
pointer = ctypes.c_void_p
status = pointer(tf.TF_NewStatus())


class Output(ctypes.Structure):
    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


class RefusedError(Exception):
    pass


def check():
    if tf.TF_GetCode(status):
        raise RefusedError(tf.TF_Message(status).decode())


def to_tensor(value):
    dims = (ctypes.c_int64 * value.ndim)(*value.shape)
    if value.dtype != object:
        value = value.copy("C")
        size = ctypes.c_size_t(value.nbytes)
        tensor = pointer(tf.TF_AllocateTensor(CODES[value.dtype], dims, value.ndim, size))
        ctypes.memmove(tf.TF_TensorData(tensor), value.ctypes.data, value.nbytes)
        return tensor
    size = ctypes.c_size_t(TSTRING_SIZE * value.size)
    tensor = pointer(tf.TF_AllocateTensor(STRING, dims, value.ndim, size))
    for i, text in enumerate(value.ravel()):
        place = pointer(tf.TF_TensorData(tensor) + TSTRING_SIZE * i)
        tf.TF_StringInit(place)
        tf.TF_StringCopy(place, text, ctypes.c_size_t(len(text)))
    return tensor


def to_array(tensor):
    shape = [tf.TF_Dim(tensor, i) for i in range(tf.TF_NumDims(tensor))]
    data, code = tf.TF_TensorData(tensor), tf.TF_TensorType(tensor)
    if code != STRING:
        made = np.empty(shape, DTYPES[code])
        ctypes.memmove(made.ctypes.data, data, made.nbytes)
        return made
    places = [pointer(data + TSTRING_SIZE * i) for i in range(int(np.prod(shape)))]
    files = [
        ctypes.string_at(tf.TF_StringGetDataPointer(place), tf.TF_StringGetSize(place))
        for place in places
    ]
    return np.stack([decode(file) for file in files]) if files else np.empty(shape, object)


def decode(file):
    return np.atleast_3d(np.asarray(Image.open(io.BytesIO(file))))


class Model:
    def __init__(self, path, tensors):
        self.tensors = tensors
        self.graph = pointer(tf.TF_NewGraph())
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = pointer(tf.TF_NewSessionOptions())
        self.session = pointer(
            tf.TF_LoadSessionFromSavedModel(
                options, None, path.encode(), tags, 1, self.graph, None, status
            )
        )
        check()

    def outputs(self, names):
        pairs = [name.split(":") for name in names]
        return (Output * len(pairs))(
            *(
                Output(tf.TF_GraphOperationByName(self.graph, name.encode()), int(index))
                for name, index in pairs
            )
        )

    def ask(self, signature, given):
        inputs, outputs = self.tensors[signature]
        assert set(inputs) == set(given), (signature, inputs)
        values = (pointer * len(given))(*(to_tensor(given[name]) for name in inputs))
        made = (pointer * len(outputs))()
        tf.TF_SessionRun(
            self.session,
            None,
            self.outputs(inputs.values()),
            values,
            len(inputs),
            self.outputs(outputs.values()),
            made,
            len(outputs),
            None,
            0,
            None,
            status,
        )
        check()
        return {name: to_array(pointer(t)) for name, t in zip(outputs, made, strict=True)}


def apart(came, expected):
    assert came.shape == expected.shape, (came.shape, expected.shape)
    return float(np.max(np.abs(came.astype("float64") - expected.astype("float64"))))


def misfits(value):
    """Yields invalid variants of a request: a missing or extra axis, and another size or type."""
    yield value.reshape(value.shape[1:])
    yield value[np.newaxis]
    if value.ndim > 1 and value.dtype != object:
        yield value[..., :-1] if value.shape[-1] > 1 else np.repeat(value, 2, -1)
    yield (
        value.astype("float32")
        if value.dtype != "float32" and value.dtype != object
        else (np.zeros(value.shape, "int64"))
    )


with open(sys.argv[1], "rb") as file:
    models = pickle.load(file)
found = {}
for name, asked in models.items():
    model = Model(asked["path"], asked["tensors"])
    found[name] = {"apart": {}, "accepted": []}
    for key, given, expected in asked["cases"]:
        made = model.ask(key, given)
        assert set(made) == set(expected), (name, key)
        for output, value in expected.items():
            num = len(value)
            found[name]["apart"][f"{key}/{num}"] = apart(made[output], value)
        if num > 1:
            continue
        for misfit in misfits(next(iter(given.values()))):
            try:
                model.ask(key, given | {next(iter(given)): misfit})
                found[name]["accepted"].append(f"{key} {misfit.dtype} {misfit.shape}")
            except RefusedError:
                pass
assert "tensorflow" not in sys.modules
print(json.dumps(found))
