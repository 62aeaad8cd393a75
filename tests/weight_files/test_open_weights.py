"""Files of tensors of every format: what is read, how much of it at a time, what is refused."""

import json
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.weight_files.torch_files import (
    as_bfloat16,
    code,
    tensor,
    write,
    write_arrays,
    write_safetensors,
    write_zip,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.weight_files import open_weights, read_torch_file

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "a": RANDOM.normal(size=(2, 3)).astype("float32"),
    "b.half": RANDOM.normal(size=(5,)).astype("float16"),
    "c.double": RANDOM.normal(size=(1, 2, 2)),
    "d.long": np.array(7),
    "e.empty": np.zeros((0, 3), "float32"),
}


def write_old(path, arrays):
    return write_arrays(path, arrays, zipped=False)


def write_npz(path, arrays):
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


def write_compressed_npz(path, arrays):
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return path


WRITERS = (write_arrays, write_old, write_safetensors, write_npz, write_compressed_npz)
writers = pytest.mark.parametrize("writer", WRITERS)


def read(path):
    with open_weights(path) as groups:
        assert list(groups) == [""]
        for stored in groups[""].values():
            assert stored.read().shape == stored.shape
        return {name: stored.read() for name, stored in groups[""].items()}


def read_everything(path):
    with open_weights(path) as groups:
        for state in groups.values():
            for stored in state.values():
                stored.read()


def refused(path, reason):
    with pytest.raises(InputError, match=reason) as error:
        read_everything(path)
    said = str(error.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    assert said.endswith(".")


@writers
def test_every_format_keeps_numbers_types_and_names(tmp_path, writer):
    # The content decides, not the name.
    found = read(writer(tmp_path / "weights.bin", ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].flags.c_contiguous
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("writer", [write_arrays, write_old, write_safetensors])
def test_bfloat16_becomes_float32(tmp_path, writer):
    numbers = np.array([[1.0, -2.5], [3e38, 0.15625]], np.float32)
    found = read(writer(tmp_path / "x.pth", {"x": as_bfloat16(numbers)}))["x"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, numbers, rtol=2**-7)
    np.testing.assert_array_equal(found[:, 1] == numbers[:, 1], [True, True])


def test_integers_and_flags(tmp_path):
    arrays = {
        name: np.array([0, 1, 100]).astype(name) for name in ("int32", "int16", "int8", "uint8")
    } | {"bool": np.array([True, False])}
    for name, array in read(write_arrays(tmp_path / "x.pth", arrays)).items():
        assert array.dtype == name
        np.testing.assert_array_equal(array, arrays[name])


def test_dicts_in_a_file_are_kept_apart(tmp_path):
    inner = {"w": np.ones(2, "float32")}
    nested = {"params": inner, "params_ema": {"w": np.zeros(2, "float32")}, "epoch": np.array(3)}
    path = write_arrays(tmp_path / "x.pth", nested)
    with open_weights(path) as groups:
        assert {key: list(state) for key, state in groups.items()} == {
            "": ["epoch"],
            "params": ["w"],
            "params_ema": ["w"],
        }
        assert groups["params_ema"]["w"].read().sum() == 0
    # What is no tensor is left out, but not by a reader of plain dicts.
    one = {"1": [0.0] * 4}
    write_zip(path, {"epoch": code(3), "w": tensor("1", 4, 0, (4,), (1,), view=b"")}, one)
    with open_weights(path) as groups:
        assert {key: list(state) for key, state in groups.items()} == {"": ["w"]}
    with pytest.raises(InputError, match="not all tensors"):
        read_torch_file(path)


def test_a_dict_of_python_2(tmp_path):
    """There, OrderedDict is called with a list of pairs."""
    pushed = tensor("1", 2, 0, (2,), (1,), b"torch._utils\n_rebuild_tensor")
    pairs = b"](](" + b"U\x01w" + pushed + b"ee"
    path = write(tmp_path / "x.pth", {}, {"1": [3.0, 4.0]})
    whole = b"ccollections\nOrderedDict\n(" + pairs + b"tR}U\x09_metadataU\x01xsb"
    path.write_bytes(path.read_bytes().replace(b"ccollections\nOrderedDict\n)R(u", whole))
    np.testing.assert_array_equal(read(path)["w"], [3, 4])


# ---------------------------------------------------------------------- memory


@pytest.mark.parametrize("writer", [write_arrays, write_old, write_safetensors])
def test_a_large_file_is_read_one_tensor_at_a_time(tmp_path, writer):
    one = 2 * 2**20  # bytes
    arrays = {str(i): np.full(one // 4, i, "float32") for i in range(30)}
    path = writer(tmp_path / "large.pth", arrays)
    assert path.stat().st_size > 60e6
    del arrays
    tracemalloc.start()
    try:
        with open_weights(path) as groups:
            assert tracemalloc.get_traced_memory()[1] < one
            for name, stored in groups[""].items():
                assert stored.read()[-1] == float(name)
        # The bytes, and the copy of them; those before are dropped when new ones are there.
        assert tracemalloc.get_traced_memory()[1] < 4.5 * one
    finally:
        tracemalloc.stop()


def test_a_few_bytes_do_not_become_many(tmp_path):
    """Neither by strides of 0, nor by shapes that are not there, nor by compression."""
    path, one = tmp_path / "x.pth", {"1": [0.0] * 4}
    for shape, strides in (((10**6, 10**6), (0, 0)), ((5,), (0,)), ((4, 2), (1, 0))):
        write(path, {"x": tensor("1", 4, 0, shape, strides)}, one)
        refused(path, "larger than its storage")
    write(path, {"x": tensor("1", 2**50, 0, (4,), (1,))}, one)
    refused(path, "another size")
    write_zip(path, {"x": tensor("1", 2**50, 0, (4,), (1,), view=b"")}, one)
    refused(path, "another size")
    fine = {"x": tensor("1", 4, 0, (4,), (1,), view=b"")}
    write_zip(path, fine, one, compression=zipfile.ZIP_DEFLATED)
    refused(path, "its archive is compressed")
    write_safetensors(path, {"x": np.zeros(2)}, shape=[2**50])
    refused(path, "another size than its shape")
    header = np.lib.format
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as member:
        described = {"descr": "<f4", "fortran_order": False, "shape": (2**50,)}
        header.write_array_header_1_0(member, described)
    refused(path, "another size than its shape")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\2\0" + struct.pack("<I", 2**24) + bytes(2**24))
    tracemalloc.start()
    refused(path, r"x\.npy has the version \(2, 0\)")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    for places in ([0, 8], [0, 8]), ([0, 8], [16, 24]), ([8, 16], [16, 24]):
        entries = zip("ab", places, strict=True)
        header = {
            name: {"dtype": "F64", "shape": [1], "data_offsets": place} for name, place in entries
        }
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(24))
        refused(path, "do not follow each other")
    path.write_bytes(write_safetensors(path, {"x": np.zeros(2)}).read_bytes() + b"more")
    refused(path, "bytes that belong to no tensor")


# ---------------------------------------------------------------------- what is refused


class Harm:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_calls_a_shell_is_refused_by_name(tmp_path, zipped):
    path, made = tmp_path / "x.pth", tmp_path / "made"
    harm = code(Harm(f"touch {made}"))
    fine = tensor("1", 4, 0, (4,), (1,), view=b"" if zipped else b"N")
    (write_zip if zipped else write)(path, {"w": fine, "x": harm}, {"1": [0.0] * 4})
    refused(path, r"asks for posix\.system")
    path.write_bytes(pickle.dumps(Harm(f"touch {made}"), 2))
    refused(path, r"asks for posix\.system")
    assert not made.exists()
    pickle.loads(path.read_bytes())  # a control
    assert made.exists()


def test_a_whole_network_is_refused_by_its_class(tmp_path):
    path = tmp_path / "x.pth"
    whole = b"cmodels.networks\nResnetGenerator\n)\x81}b"
    write_zip(path, {"netG": whole}, {})
    refused(path, r"asks for models\.networks\.ResnetGenerator, not for tensors")


def test_objects_in_npz_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=np.array([Harm("true")], object))
    refused(path, r"x\.npy holds object, which are no plain numbers")
    np.savez(path, x=np.array(["text"]))
    refused(path, r"x\.npy holds <U4")


@writers
def test_files_that_are_cut_off(tmp_path, writer):
    """At any place: one sentence, no other error."""
    whole = writer(tmp_path / "whole", ARRAYS).read_bytes()
    path = tmp_path / "part"
    for size in {*range(0, len(whole), 7), len(whole) - 1}:
        path.write_bytes(whole[:size])
        refused(path, r"holds no tensors that can be read \(")
    path.write_bytes(whole[: len(whole) * 2 // 3])
    if writer is not write_safetensors:
        refused(path, "it is cut off")


@writers
def test_damaged_bytes_never_raise_anything_else(tmp_path, writer):
    whole = writer(tmp_path / "whole", ARRAYS).read_bytes()
    path, random = tmp_path / "damaged", np.random.default_rng(1)
    said = []
    for _ in range(150):
        damaged = bytearray(whole)
        for place in random.integers(len(whole), size=random.integers(1, 4)):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            read_everything(path)
        except InputError as error:
            said.append(str(error))
    assert said
    assert not any("\n" in each for each in said)


def test_dicts_within_dicts(tmp_path):
    one = np.float32([1])
    networks = {"generator": {"w": one}, "critic": {"w": one}}
    deep = {"networks": networks, "optimizer": {"state": {"0": {"m": one}}}}
    with open_weights(write_arrays(tmp_path / "deep.pth", deep)) as groups:
        assert {key: list(state) for key, state in groups.items()} == {
            "networks.generator": ["w"],
            "networks.critic": ["w"],
        }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not begin as such files do"),
        (b"<!DOCTYPE html>", "give the file of weights itself"),
        (b"version https://git-lfs.github.com/spec/v1\n", "does not begin"),
        (b"\x89HDF\r\n\x1a\n", "does not begin"),
        (b"\x80\x02}.", "does not begin"),
        (struct.pack("<Q", 10**9) + b'{"a":1}', "cut off"),
        (struct.pack("<Q", 7) + b'{"a":1}', "describes a in another way"),
        (struct.pack("<Q", 13) + b'{"a":1,"a":2}', "a name twice"),
        (struct.pack("<Q", 2) + b"{]", "JSONDecodeError"),
    ],
)
def test_other_files(tmp_path, content, reason):
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    refused(path, reason)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(tmp_path):
    """Which of them counts differs between readers."""
    path = write_arrays(tmp_path / "x.pth", ARRAYS)
    again = next(name for name in zipfile.ZipFile(path).namelist() if "/data/" in name)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(again, archive.read(again))
    refused(path, "two files of the same name")
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(2):
            archive.writestr("x.npy", b"")
    refused(path, "two files of the same name")


def test_messages_stay_on_their_line(tmp_path):
    path = tmp_path / "x.pth"
    write_zip(path, {"w": tensor("\x1b[2J\n", 4, 0, (4,), (1,), view=b"")}, {})
    refused(path, r"it has no storage \?\[2J\?\)")
    write_safetensors(path, {"a\x1b[2J\n": np.zeros(2)}, shape=[3])
    refused(path, r"\(a\?\[2J\? has another size")


def test_types_that_nothing_here_knows(tmp_path):
    path = write_safetensors(tmp_path / "x", {"w": np.zeros(2, "float32")}, dtype="F8_E4M3")
    refused(path, "w has the type F8_E4M3")
    write_zip(path, {"w": tensor("1", 4, 0, (4,), (1,), view=b"", kind="QInt8")}, {"1": [0.0]})
    refused(path, r"asks for torch\.QInt8Storage")
    write(path, {"w": tensor("1", 4, 0, (4,), (1,), view=code(("1", 0, 4)))}, {"1": [0.0] * 4})
    refused(path, "a view of a storage")
    two = [tensor("1", 4, 0, (4,), (1,), kind=kind) for kind in ("Float", "Int")]
    write(path, dict(zip("ab", two, strict=True)), {"1": [0.0] * 4})
    refused(path, "two storages 1")
    with pytest.raises(InputError, match="cannot be read"), open_weights(tmp_path / "none"):
        pass


def test_errors_of_the_user_of_a_file_stay_what_they_are(tmp_path):
    path = write_arrays(tmp_path / "x.pth", ARRAYS)
    with pytest.raises(OSError, match="disk full"), open_weights(path):
        raise OSError("disk full")
