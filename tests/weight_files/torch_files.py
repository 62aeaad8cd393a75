"""Writes files of tensors as PyTorch, safetensors and NumPy write them."""

import json
import pickle
import struct
import zipfile

import numpy as np

ORDERED = b"ccollections\nOrderedDict\n)R"
#: Classes of storages, by the types of NumPy; bfloat16 is written as its bits.
STORAGES = {
    "float64": "Double",
    "float32": "Float",
    "float16": "Half",
    "uint16": "BFloat16",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "bool": "Bool",
}


def code(value):
    """Returns the instructions that push a value, without the pickle's beginning and end."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(
    key,
    num,
    offset,
    shape,
    strides,
    function=b"torch._utils\n_rebuild_tensor_v2",
    view=b"N",
    kind="Float",
    metadata=b"",
):
    """Returns the instructions that push a tensor, as PyTorch 1.5 writes them; 1.6 has no view."""
    storage = b"(" + code("storage") + f"ctorch\n{kind}Storage\n".encode() + code(key) + code("cpu")
    storage += code(num) + view + b"tQ"
    where = code(offset) + code(shape) + code(strides)
    more = b"" if function.endswith(b"_rebuild_tensor") else b"\x89" + ORDERED + metadata
    return b"c" + function + b"\n(" + storage + where + more + b"tR"


def dict_of(entries):
    """Returns the instructions that push a dict: instructions, or such a dict, by name."""
    body = b"".join(
        code(name) + (dict_of(pushed) if isinstance(pushed, dict) else pushed)
        for name, pushed in entries.items()
    )
    return ORDERED + b"(" + body + b"u"


def pickled(tensors):
    """Returns the pickle of a dict of tensors: instructions by name."""
    return b"\x80\x02" + dict_of(tensors) + b"."


def _array(values):
    return values if isinstance(values, np.ndarray) else np.asarray(values, "<f4")


def write(path, tensors, storages, little=True):
    """Writes tensors (instructions by name) and storages (floats by key), as before PyTorch 1.6."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": little}]
    parts = [pickle.dumps(each, 2) for each in head]
    parts += [pickled(tensors), pickle.dumps(list(storages), 2)]
    for values in storages.values():
        parts += [struct.pack("<q", len(values)), _array(values).tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def write_zip(path, tensors, storages, byteorder=b"little", compression=zipfile.ZIP_STORED):
    """Writes the same as since PyTorch 1.6."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("saved/data.pkl", pickled(tensors))
        archive.writestr("saved/byteorder", byteorder)
        for key, values in storages.items():
            archive.writestr(f"saved/data/{key}", _array(values).tobytes())
        archive.writestr("saved/version", b"3\n")
    return path


def write_arrays(path, arrays, zipped=True):
    """Writes arrays by name, each with a storage of its own; dicts of them become dicts."""
    storages = {}

    def pushed(entries):
        made = {}
        for name, array in entries.items():
            if isinstance(array, dict):
                made[name] = pushed(array)
                continue
            key = str(len(storages))
            contiguous = np.ascontiguousarray(array).reshape(np.shape(array))
            strides = tuple(step // array.itemsize for step in contiguous.strides)
            made[name] = tensor(
                key,
                array.size,
                0,
                array.shape,
                strides,
                view=b"" if zipped else b"N",
                kind=STORAGES[array.dtype.name],
            )
            storages[key] = contiguous.ravel()
        return made

    tensors = pushed(arrays)
    return (write_zip if zipped else write)(path, tensors, storages)


def as_bfloat16(array):
    """Returns the bits of numbers that are rounded down to bfloat16."""
    return (np.asarray(array, "<f4").view("<u4") >> 16).astype("<u2")


def write_safetensors(path, arrays, **changed):
    """Writes arrays by name as `.safetensors`; a name's entry of the header may be changed."""
    kinds = {"float64": "F64", "float32": "F32", "float16": "F16", "uint16": "BF16", "int64": "I64"}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        offsets = [len(data), len(data) + array.nbytes]
        data += array.tobytes()
        header[name] = {
            "dtype": kinds[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": offsets,
            **changed,
        }
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path
