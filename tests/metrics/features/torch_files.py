"""Writes files of tensors as PyTorch writes them."""

import pickle
import struct
import zipfile

import numpy as np

ORDERED = b"ccollections\nOrderedDict\n)R"


def code(value):
    """Returns the instructions that push a value, without the pickle's beginning and end."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(
    key, num, offset, shape, strides, function=b"torch._utils\n_rebuild_tensor_v2", view=b"N"
):
    """Returns the instructions that push a tensor, as PyTorch 1.5 writes them; 1.6 has no view."""
    storage = b"(" + code("storage") + b"ctorch\nFloatStorage\n" + code(key) + code("cpu")
    storage += code(num) + view + b"tQ"
    where = code(offset) + code(shape) + code(strides)
    more = b"" if function.endswith(b"_rebuild_tensor") else b"\x89" + ORDERED
    return b"c" + function + b"\n(" + storage + where + more + b"tR"


def pickled(tensors):
    """Returns the pickle of a dict of tensors: instructions by name."""
    body = b"\x80\x02" + ORDERED + b"("
    return body + b"".join(code(name) + pushed for name, pushed in tensors.items()) + b"u."


def write(path, tensors, storages, little=True):
    """Writes tensors (instructions by name) and storages (floats by key), as before PyTorch 1.6."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": little}]
    parts = [pickle.dumps(each, 2) for each in head]
    parts += [pickled(tensors), pickle.dumps(list(storages), 2)]
    for values in storages.values():
        parts += [struct.pack("<q", len(values)), np.asarray(values, "<f4").tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def write_zip(path, tensors, storages, byteorder=b"little"):
    """Writes the same as since PyTorch 1.6."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("saved/data.pkl", pickled(tensors))
        archive.writestr("saved/byteorder", byteorder)
        for key, values in storages.items():
            archive.writestr(f"saved/data/{key}", np.asarray(values, "<f4").tobytes())
        archive.writestr("saved/version", b"3\n")
    return path


def write_arrays(path, arrays, zipped=True):
    """Writes arrays by name, each with a storage of its own."""
    tensors, storages = {}, {}
    for i, (name, array) in enumerate(arrays.items()):
        strides = tuple(step // array.itemsize for step in np.ascontiguousarray(array).strides)
        view = b"" if zipped else b"N"
        tensors[name] = tensor(str(i), array.size, 0, array.shape, strides, view=view)
        storages[str(i)] = array.ravel()
    return (write_zip if zipped else write)(path, tensors, storages)
