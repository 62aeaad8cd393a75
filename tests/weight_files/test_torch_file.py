import pickle
import zipfile

import numpy as np
import pytest

from tests.weight_files.torch_files import ORDERED, code, tensor, write, write_zip
from tfgan_zoo.errors import InputError
from tfgan_zoo.weight_files import read_torch_file


@pytest.mark.parametrize(("writer", "view"), [(write, b"N"), (write_zip, b"")])
def test_offsets_and_strides_are_kept(tmp_path, writer, view):
    numbers = np.arange(12, dtype="float32")
    tensors = {
        "plain": tensor("1", 12, 0, (3, 4), (4, 1), view=view),
        "transposed": tensor("1", 12, 0, (4, 3), (1, 4), view=view),
        "part": tensor("1", 12, 5, (2, 2), (4, 1), view=view),
        "number": tensor("2", 1, 0, (), (), view=view),
        "empty": tensor("2", 1, 0, (0, 3), (3, 1), view=view),
    }
    file = writer(tmp_path / "x.pth", tensors, {"2": [7.0], "1": numbers})
    assert list(read_torch_file(file, "p")) == ["plain", "part"]
    found = read_torch_file(file)
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
    refused(r"holds no tensors .*asks for os\.mkdir")
    pickle.loads(b"\x80\x02" + harmful + b".")
    assert (tmp_path / "made").is_dir()
    write(file, {"x": tensor("1", 4, 0, (4,), (1,), b"builtins\nprint")}, one)
    refused("asks for builtins.print")
    for where in ((1, (4,), (1,)), (0, (2, 2), (3, 1)), (-1, (2,), (1,)), (3, (2,), (-1,))):
        write(file, {"x": tensor("1", 4, *where)}, one)
        refused("a tensor reaches beyond its storage")
    write(file, {"x": code(3)}, one)
    refused("not all tensors")
    # PyTorch negates some tensors only when they are used.
    write(file, {"x": tensor("1", 4, 0, (4,), (1,), metadata=code({"neg": True}))}, one)
    refused("a tensor whose storage holds other numbers")
    write(file, {"x": tensor("1", 4, 0, (4,), (1,), metadata=code({}))}, one)
    np.testing.assert_array_equal(read_torch_file(file)["x"], np.zeros(4))
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


def test_parameters_of_old_and_new_versions_are_tensors(tmp_path):
    """As PyTorch 0.1 and 0.4 saved parameters, and as PyTorch 2 does."""
    plain = tensor("1", 2, 0, (2,), (1,), b"torch._utils\n_rebuild_tensor")
    old = b"ctorch.nn.parameter\nParameter\n(" + plain + b"tR(\x88\x89" + ORDERED + b"tb"
    # Without arguments; a state of five entries, the first of which is the data.
    older = b"ctorch.nn.parameter\nParameter\n)R(" + plain + b"NN" + ORDERED + b"\x88tb"
    new = b"ctorch._utils\n_rebuild_parameter\n(" + plain + b"\x88" + ORDERED + b"tR"
    file = write(tmp_path / "x.pth", {"a": old, "b": older, "c": new}, {"1": [3.0, 4.0]})
    for array in read_torch_file(file).values():
        np.testing.assert_array_equal(array, [3, 4])


def test_damaged_archives_are_refused(tmp_path):
    one = {"x": tensor("1", 4, 0, (4,), (1,), view=b"")}
    for storages, byteorder, reason in (
        ({"1": [0.0] * 3}, b"little", "another size than its tensors say"),
        ({"1": [0.0] * 4}, b"big", "big-endian"),
        ({"2": [0.0] * 4}, b"little", "holds no tensors that PyTorch saved"),
    ):
        file = write_zip(tmp_path / "x.pth", one, storages, byteorder)
        with pytest.raises(InputError, match=reason):
            read_torch_file(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("saved/model.txt", b"")
    with pytest.raises(InputError, match=r"an archive without a data\.pkl"):
        read_torch_file(file)
