import pickle
import struct

import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features.torch_file import read_torch_file


def code(value):
    """Returns the instructions that push a value, without the pickle's beginning and end."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(key, num, offset, shape, strides, function=b"torch._utils\n_rebuild_tensor_v2"):
    """Returns the instructions that push a tensor, as PyTorch 1.5 writes them."""
    storage = b"(" + code("storage") + b"ctorch\nFloatStorage\n" + code(key) + code("cpu")
    storage += code(num) + b"NtQ"
    view = code(offset) + code(shape) + code(strides) + b"\x89ccollections\nOrderedDict\n)R"
    return b"c" + function + b"\n(" + storage + view + b"tR"


def write(path, tensors, storages, little=True):
    """Writes tensors (instructions by name) and storages (floats by key)."""
    body = b"\x80\x02ccollections\nOrderedDict\n)R("
    body += b"".join(code(name) + pushed for name, pushed in tensors.items()) + b"u."
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": little}]
    parts = [pickle.dumps(each, 2) for each in head] + [body, pickle.dumps(list(storages), 2)]
    for values in storages.values():
        parts.append(struct.pack(f"<q{len(values)}f", len(values), *values))
    path.write_bytes(b"".join(parts))
    return path


def test_offsets_and_strides_are_kept(tmp_path):
    numbers = np.arange(12.0)
    tensors = {
        "plain": tensor("1", 12, 0, (3, 4), (4, 1)),
        "transposed": tensor("1", 12, 0, (4, 3), (1, 4)),
        "part": tensor("1", 12, 5, (2, 2), (4, 1)),
        "number": tensor("2", 1, 0, (), ()),
        "empty": tensor("2", 1, 0, (0, 3), (3, 1)),
    }
    found = read_torch_file(write(tmp_path / "x.pth", tensors, {"2": [7.0], "1": numbers}))
    plain = numbers.reshape(3, 4)
    np.testing.assert_array_equal(found["plain"], plain)
    np.testing.assert_array_equal(found["transposed"], plain.T)
    np.testing.assert_array_equal(found["part"], [[5, 6], [9, 10]])
    assert found["number"] == 7
    assert found["empty"].shape == (0, 3)
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in found.values())


def test_nothing_but_tensors_is_made(tmp_path):
    file = tmp_path / "x.pth"
    one = {"1": [0.0] * 4}

    def refused(reason):
        with pytest.raises(InputError, match=reason):
            read_torch_file(file)

    # A control: this pickle would create a folder.
    harmful = b"cos\nmkdir\n(" + code(str(tmp_path / "made")) + b"tR"
    write(file, {"x": harmful}, one)
    refused(r"holds no tensors .*asks for os.mkdir")
    pickle.loads(b"\x80\x02" + harmful + b".")
    assert (tmp_path / "made").is_dir()
    write(file, {"x": tensor("1", 4, 0, (4,), (1,), b"builtins\nprint")}, one)
    refused("asks for builtins.print")
    for where in ((1, (4,), (1,)), (0, (2, 2), (3, 1)), (-1, (2,), (1,)), (3, (2,), (-1,))):
        write(file, {"x": tensor("1", 4, *where)}, one)
        refused("a tensor reaches beyond its storage")
    write(file, {"x": code(3)}, one)
    refused("not all tensors")
    write(file, {"x": tensor("1", 5, 0, (4,), (1,))}, one)
    refused("another size than its tensors say")
    write(file, {"x": tensor("1", 4, 0, (4,), (1,))}, one, little=False)
    refused("big-endian")
    write(file, {"x": tensor("1", 4, 0, (4,), (1,))}, one)
    file.write_bytes(file.read_bytes()[:-3])
    refused("holds no tensors")
    file.write_bytes(pickle.dumps({"x": 1}))
    refused("holds no tensors")
    file.unlink()
    refused("cannot be read")
