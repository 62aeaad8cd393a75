"""Voxels from arrays and files: axes, values, sizes, and what is refused."""

import struct
import sys

import numpy as np
import pytest

from tfgan_zoo.data import fit_for, open_source, unconditional, voxels
from tfgan_zoo.data.fingerprints import fingerprint
from tfgan_zoo.data.loading import load_source
from tfgan_zoo.data.readers import voxel_files
from tfgan_zoo.data.voxels import VoxelFit, VoxelRules, as_bytes, turned, turned_back
from tfgan_zoo.errors import InputError

RULES = VoxelRules()


def corner():
    """An L that no turn or mirror leaves as it is: [depth, height, width]."""
    full = np.zeros((4, 4, 4), bool)
    full[0, 3, 0] = full[0, 3, 1] = full[0, 3, 2] = True  # along the lower front edge
    full[1, 3, 0] = full[0, 2, 0] = full[0, 1, 0] = full[0, 0, 0] = True
    return full


# ---------------------------------------------------------------------- files


def test_a_binvox_file_by_hand(tmp_path):
    """Of x, z and y, y runs fastest; y is up, and z towards the viewer."""
    values = np.zeros((2, 2, 2), np.uint8)  # [x, z, y]
    values[1, 0, 1] = 1  # right, back, top
    body = b"".join(bytes((int(v), 1)) for v in values.ravel())
    path = tmp_path / "a.binvox"
    path.write_bytes(b"#binvox 1\ndim 2 2 2\ntranslate 0 0 0\nscale 1\ndata\n" + body)
    read = voxel_files.read_file(str(path), RULES)[..., 0]
    assert np.argwhere(read).tolist() == [[1, 0, 1]]
    assert read.max() == 255
    # Lines of the header may end as on Windows.
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    read = voxel_files.read_file(str(path), VoxelRules("z_up"))[..., 0]
    assert np.argwhere(read).tolist() == [[1, 1, 1]]  # y is back and z, of 0, is the bottom


def test_a_vox_file_by_hand(tmp_path):
    """z is up, and y goes away from the viewer; other chunks are skipped."""

    def chunk(kind, content, children=b""):
        return kind + struct.pack("<ii", len(content), len(children)) + content + children

    inner = chunk(b"SIZE", struct.pack("<3i", 3, 4, 5))
    # The last voxel has colour 0, which stands for an empty one.
    filled = bytes((2, 0, 4, 7, 0, 3, 0, 9, 1, 1, 1, 0))
    inner += chunk(b"XYZI", struct.pack("<i", 3) + filled)
    inner += chunk(b"RGBA", bytes(1024))
    path = tmp_path / "a.VOX"
    path.write_bytes(b"VOX " + struct.pack("<i", 150) + chunk(b"MAIN", b"", inner))
    read = voxel_files.read_file(str(path), RULES)
    assert read.shape == (4, 5, 3, 1)
    assert np.argwhere(read[..., 0]).tolist() == [[0, 0, 2], [3, 4, 0]]


@pytest.mark.parametrize("kind", [".binvox", ".vox"])
def test_what_is_written_is_read(kind, tmp_path):
    random = np.random.default_rng(0)
    for full in (corner(), random.random((9, 9, 9)) < 0.3, np.ones((12, 12, 12), bool)):
        path = tmp_path / f"a{kind}"
        path.write_bytes(voxel_files.WRITERS[kind](full))
        read = voxel_files.read_file(str(path), RULES)
        np.testing.assert_array_equal(read[..., 0] == 255, full)


def test_axes_are_turned_and_back():
    full = corner()
    for axes in voxels.AXES:
        np.testing.assert_array_equal(turned(turned_back(full, axes), axes), full)
    # A turn keeps hands apart: the determinant of its signed permutation is 1 for x, y, z of
    # either kind, where width is x, height is downwards and depth away from the viewer.
    for axes, up in (("z_up", 2), ("y_up", 1)):
        stored = np.zeros((3, 3, 3))
        stored[0, 0, 0], stored[:, 0, 0][1:], stored[2, 2, 2] = 1, 0, 0
        place = [1, 1, 1]
        place[up] = 2
        stored[tuple(place)] = 5
        assert turned(stored, axes)[1, 0, 1] == 5  # what is up is at the top


def test_an_obj_file_is_a_closed_surface_of_the_right_volume():
    full = corner()
    lines = voxel_files.as_obj(full).decode().splitlines()
    points = np.array([line.split()[1:] for line in lines if line[0] == "v"], float)
    faces = np.array([line.split()[1:] for line in lines if line[0] == "f"], int) - 1
    # The signed volume of the cones from 0 to each face; faces that turn inwards would cost some.
    a, b, c, d = (points[faces[:, i]] for i in range(4))
    volume = sum((x * np.cross(y, z)).sum() for x, y, z in ((a, b, c), (a, c, d))) / 6
    assert volume == pytest.approx(full.sum() / 4**3)
    edges = [(f[i], f[(i + 1) % 4]) for f in faces.tolist() for i in range(4)]
    assert sorted(edges) == sorted((j, i) for i, j in edges)
    # x to the right, y up, z towards the viewer: the long edge is at the bottom, in front.
    assert points[:, 0].min() == -0.5
    assert points[:, 1].min() == -0.5
    assert points[:, 2].max() == 0.5
    bottom = points[points[:, 1] == -0.5]
    assert bottom[:, 0].max() == 0.25


def components_by_hand(full):
    left, sizes = {tuple(p) for p in np.argwhere(full)}, []
    while left:
        found, queue = set(), [left.pop()]
        while queue:
            place = queue.pop()
            found.add(place)
            for axis in range(3):
                for step in (1, -1):
                    beside = list(place)
                    beside[axis] += step
                    if tuple(beside) in left:
                        left.remove(tuple(beside))
                        queue.append(tuple(beside))
        sizes.append(found)
    return sizes


def test_the_largest_component():
    random = np.random.default_rng(1)
    for share in (0.1, 0.3, 0.5):
        full = random.random((7, 8, 9)) < share
        kept = voxel_files.largest_component(full)
        parts = components_by_hand(full)
        assert {tuple(p) for p in np.argwhere(kept)} in parts
        assert kept.sum() == max(map(len, parts))
    diagonal = np.zeros((2, 2, 2), bool)
    diagonal[0, 0, 0] = diagonal[1, 1, 0] = True
    assert voxel_files.largest_component(diagonal).sum() == 1
    assert not voxel_files.largest_component(np.zeros((2, 2, 2), bool)).any()
    # One long path, along rows that are joined at alternating ends.
    path = np.zeros((1, 31, 31), bool)
    path[0, ::2] = path[0, 1::4, -1] = path[0, 3::4, 0] = True
    np.testing.assert_array_equal(voxel_files.largest_component(path), path)


def test_meshes(tmp_path):
    """A cuboid of 4x2x1 in x, y and z, and what is written as a mesh."""
    pytest.importorskip("trimesh")
    pytest.importorskip("scipy")
    corners = [(x, y, z) for x in (0, 4) for y in (0, 2) for z in (0, 1)]
    sides = ("0 1 3 2", "4 6 7 5", "0 4 5 1", "2 3 7 6", "0 2 6 4", "1 5 7 3")
    text = "OFF\n8 6 0\n" + "".join(f"{x} {y} {z}\n" for x, y, z in corners)
    path = tmp_path / "a.off"
    path.write_text(text + "".join(f"4 {side}\n" for side in sides))
    rules = VoxelRules(resolution=9)
    made = voxel_files.read_file(str(path), rules)
    assert made.shape == (5, 3, 9, 1)  # z is up
    assert (made == 255).all()  # and what is inside is full
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))  # as on Windows
    assert voxel_files.read_file(str(path), VoxelRules("y_up", resolution=9)).shape == (3, 5, 9, 1)
    full = np.zeros((9, 9, 9), bool)
    full[1:4, 2:8, 3:8] = True
    full[1:4, 2:8, 8] = full[1:4, 2:5, 3:5] = False
    (tmp_path / "b.obj").write_bytes(voxel_files.as_obj(full))
    again = voxel_files.read_file(str(tmp_path / "b.obj"), VoxelRules(resolution=60, crop=True))
    found = VoxelFit(60)(again, "b")[..., 0].mean() / 255
    box = voxels.cropped(np.uint8(255) * full[..., None])
    assert found == pytest.approx(VoxelFit(60)(box, "b").mean() / 255, rel=0.1)
    (tmp_path / "c.off").write_text("OFF\n1 0 0\n0 0 0\n")
    with pytest.raises(InputError, match=r"c\.off (is a mesh without faces|cannot be read)"):
        voxel_files.read_file(str(tmp_path / "c.off"), rules)


@pytest.mark.parametrize("resolution", [15, 16])
def test_meshes_have_the_size_of_the_model_wherever_they_are(resolution, tmp_path):
    """Around 0, both ends are between the centres of two voxels, if their number is even."""
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("scipy")
    made = []
    for place in (0.0, 0.3, 500.0):
        ball = trimesh.creation.icosphere(subdivisions=2)
        ball.apply_translation([place, 0, 0])
        ball.export(tmp_path / "a.off")
        made.append(
            voxel_files.read_file(str(tmp_path / "a.off"), VoxelRules(resolution=resolution))
        )
        assert made[-1].shape == (resolution,) * 3 + (1,)
    np.testing.assert_array_equal(made[0], made[1])
    for axis in range(3):
        np.testing.assert_array_equal(made[0], np.flip(made[0], axis))


def test_meshes_with_a_hole_bring_a_warning(tmp_path, caplog):
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("scipy")
    ball = trimesh.creation.icosphere(subdivisions=1)
    for name, first in (("1", 0), ("2", 1), ("3", 1), ("4", 1)):
        trimesh.Trimesh(ball.vertices, ball.faces[first:]).export(tmp_path / f"{name}.off")
    full = np.zeros((4, 4, 4), bool)
    full[0, 0, 0] = full[1, 1, 0] = True  # Four faces meet at an edge, which is no hole.
    (tmp_path / "5.obj").write_bytes(voxel_files.as_obj(full))
    source = open_source(f"folder:{tmp_path}", voxels=VoxelRules(resolution=8))
    load_source(source, VoxelFit(8))
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 2
    assert ".off is a mesh with a hole in its surface (not watertight), so its inside" in said[0]
    assert said[1].startswith(f"folder:{tmp_path}: 3 of 5 files are meshes with a hole in")


def test_meshes_name_the_extra_that_reads_them(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    (tmp_path / "a.off").write_text("OFF")
    with pytest.raises(InputError, match=r"a\.off is a mesh, .*'tfgan_zoo\[meshes\]'"):
        voxel_files.read_file(str(tmp_path / "a.off"), RULES)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.binvox", b"PNG", "expected a .binvox file, got another"),
        ("a.binvox", b"#binvox 1\ndim 2 2\ndata\n", "expected three sides .* got 2 2"),
        ("a.binvox", b"#binvox 1\ndim 2 2 9999\ndata\n", "three sides of up to 2048"),
        ("a.binvox", b"#binvox 1\ndim 2 1 4\ndata\n\x01\x08", "expected a cube .* got 2 1 4"),
        ("a.binvox", b"#binvox 1\ndim 2 2 2\ndata\n\x01\x07", "expected 8 voxels .* got 7"),
        ("a.binvox", b"#binvox 1\r\ndim 2 2 2\r\ndata\r\n\x01\r\n", "got 13; if it was copied as"),
        ("a.binvox", b"#binvox 1\ndim 2 2 2\ndata\n\x00\x08", "is empty: no voxel"),
        ("a.vox", b"RIFF1234", "expected a MagicaVoxel file"),
        ("a.vox", b"VOX \x96\0\0\0MAIN" + struct.pack("<ii", 0, 9) + b"XYZI", "cannot be read"),
        ("a.vox", b"VOX \x96\0\0\0MAIN" + struct.pack("<ii", 0, 0), "one object, got 0"),
        ("a.npy", b"\x93NUMPY", "cannot be read as voxels"),
    ],
)
def test_damaged_files(name, content, sentence, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        voxel_files.read_file(str(tmp_path / name), RULES)
    assert name in str(caught.value)


def test_formats_have_limits():
    with pytest.raises(InputError, match=r"holds a cube of voxels, got \(2, 3, 2\)"):
        voxel_files.as_binvox(np.ones((2, 3, 2), bool))
    with pytest.raises(InputError, match="up to 256 voxels a side"):
        voxel_files.as_vox(np.ones((1, 1, 257), bool))


# ---------------------------------------------------------------------- values and sizes


@pytest.mark.parametrize(
    ("values", "threshold", "expected"),
    [
        (np.array([False, True]), None, [0, 255]),
        (np.array([0, 1], np.uint8), None, [0, 255]),
        (np.array([0, 1], np.int64), None, [0, 255]),
        (np.array([0.0, 0.2, 1.0]), None, [0, 51, 255]),
        (np.array([0, 7, 255], np.uint8), None, [0, 7, 255]),
        (np.array([0, 7, 99], np.uint8), 1, [0, 255, 255]),
        (np.array([-3.0, 0.4, 0.5]), 0.5, [0, 0, 255]),
    ],
)
def test_values(values, threshold, expected):
    assert as_bytes(values, "mine", threshold).tolist() == expected


@pytest.mark.parametrize(
    "values", [np.array([0, 12], np.uint8), np.array([-1.0, 1.0]), np.array([0.0, np.inf])]
)
def test_values_that_are_no_occupancies(values):
    with pytest.raises(InputError, match=r"mine: expected occupancies.*threshold \(--config"):
        as_bytes(values, "mine")


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_missing_values_are_not_taken_for_empty_voxels(threshold, tmp_path):
    values = np.ones((2, 4, 4, 4))
    values[1, 0] = np.nan
    np.save(tmp_path / "1.npy", values[1])
    np.savez(tmp_path / "a.npz", values)
    rules = VoxelRules(threshold=threshold)
    with pytest.raises(InputError, match=r"1\.npy: expected numbers, got NaN for 16 of 64 values"):
        open_source(f"folder:{tmp_path}", voxels=rules)[0]
    with pytest.raises(InputError, match=r"a\.npz: expected numbers, got NaN for 16 of 128 values"):
        open_source(f"npz:{tmp_path}/a.npz", voxels=rules)


def test_cropping_and_fitting():
    full = np.zeros((8, 8, 8, 1), np.uint8)
    full[2:4, 1:5, 3:6] = 255
    box = VoxelRules(crop=True).read(full, "mine")
    assert box.shape == (2, 4, 3, 1)
    # Around occupancies of 0.5 and more: haze is cut off outside of the box, and kept within.
    soft = np.maximum(full * (0.5 / 255), 0.02)
    soft[2, 1, 3] = 0.3
    kept = VoxelRules(crop=True).read(soft, "mine")
    assert kept.shape == box.shape
    assert kept[0, 0, 0, 0] == 76
    assert VoxelRules(crop=True, threshold=0.02).read(soft, "mine").shape == full.shape
    with pytest.raises(InputError, match=r"mine: expected an occupancy of 0.5 .* at most 0.02; "):
        VoxelRules(crop=True).read(np.full((2, 2, 2), 0.02), "mine")
    padded = VoxelFit(6, fit="pad")(box, "mine")
    assert padded.shape == (6, 6, 6, 1)
    np.testing.assert_array_equal(np.argwhere(padded[..., 0]).min(0), [2, 1, 1])
    assert padded.sum() == full.sum()
    larger = VoxelFit(8)(box, "mine")
    np.testing.assert_array_equal(larger[2:6, :, 1:7], 255)
    assert (larger > 0).sum() == 4 * 8 * 6
    with pytest.raises(InputError, match=r"at most 3 voxels .* got 2x4x3; use fit=\"resize\""):
        VoxelFit(3, fit="pad")(box, "mine")
    with pytest.raises(InputError, match="expected 2 numbers for each voxel"):
        VoxelFit(8, 2)(box, "mine")


def test_shrinking_takes_means():
    random = np.random.default_rng(0)
    voxels = random.integers(0, 256, (8, 8, 8, 1)).astype(np.uint8)
    halved = VoxelFit(4)(voxels, "mine")
    expected = voxels.reshape(4, 2, 4, 2, 4, 2).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(halved[..., 0], expected, atol=0.51)
    thirds = VoxelFit(2)(np.repeat(np.uint8([0, 30, 60]), 9).reshape(3, 3, 3, 1), "mine")
    assert np.unique(thirds).tolist() == [10, 50]  # (0 + 30 / 2) / 1.5, (30 / 2 + 60) / 1.5


# ---------------------------------------------------------------------- sources


def test_packed_bits_and_plain_arrays_are_the_same(tmp_path):
    full = np.stack([corner(), ~corner()])
    bits = np.packbits(full.reshape(2, -1), axis=1)
    of_test = {"voxels_test": bits[1:]}
    np.savez(
        tmp_path / "packed.npz", voxels=bits, shape=full.shape, names=["ant", "bee"], **of_test
    )
    np.savez(tmp_path / "plain.npz", full.astype(np.uint8))
    packed, plain = (
        open_source(f"npz:{tmp_path / name}.npz", voxels=RULES) for name in ("packed", "plain")
    )
    assert packed.name(1) == f"npz:{tmp_path / 'packed.npz'}[1] bee"
    for source in (packed, plain):
        assert source.is_voxels
        np.testing.assert_array_equal(source[1][..., 0] == 255, full[1])
        assert fit_for(source).shape == (4, 4, 4, 1)
    test = open_source(f"npz:{tmp_path / 'packed.npz'}", "test", voxels=RULES)
    np.testing.assert_array_equal(test[0][..., 0] == 255, full[1])
    z_up = open_source(f"npz:{tmp_path / 'plain.npz'}", voxels=VoxelRules("z_up"))
    np.testing.assert_array_equal(z_up[0][..., 0] == 255, turned(full[0], "z_up"))
    np.testing.assert_array_equal(z_up.array[0], z_up[0])
    # What a run notes of its data is their content, also where objects are cut out.
    np.savez(tmp_path / "other.npz", full[::-1].astype(np.uint8))
    for rules in (RULES, VoxelRules(crop=True)):
        one, two = (
            fingerprint(open_source(f"npz:{tmp_path / name}.npz", voxels=rules))
            for name in ("plain", "other")
        )
        assert one.num == two.num
        assert one.sha256 != two.sha256


@pytest.mark.parametrize("rules", [{}, {"crop": True}])
@pytest.mark.parametrize(
    ("scale", "threshold"), [((0.0, 0.9), None), ((-1000, 2000), 300), ((-1000, 2000), -500)]
)
def test_values_of_an_array_are_read_once(scale, threshold, rules, tmp_path):
    """Occupancies that a model generated, of which none is 1; and densities, as a CT measures."""
    values = np.random.default_rng(0).uniform(*scale, (2, 4, 4, 4))
    np.savez(tmp_path / "a.npz", voxels=values)
    full = as_bytes(values, "all", threshold)
    for on_error in ("raise", "skip"):
        source = open_source(
            f"npz:{tmp_path / 'a.npz'}",
            voxels=VoxelRules(threshold=threshold, **rules),
            on_error=on_error,
        )
        for i in range(2):
            np.testing.assert_array_equal(source[i][..., 0], full[i])


def test_labels_and_splits_of_an_archive(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        voxels=np.stack([corner()] * 3),
        labels=[1, 0, 1],
        class_names=["ant", "bee"],
        voxels_test=np.stack([corner()] * 2),
    )
    source = open_source(f"npz:{tmp_path / 'a.npz'}", "train[1:]", voxels=RULES)
    assert source.labels.tolist() == [0, 1]
    assert source.class_names == ("ant", "bee")
    assert source.is_voxels
    assert len(open_source(f"npz:{tmp_path / 'a.npz'}", "test", voxels=RULES)) == 2


def folder_of(tmp_path, *names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = path.suffix
        if kind == ".npy":
            np.save(path, corner())
        else:
            path.write_bytes(voxel_files.WRITERS[kind](corner()))
    return f"folder:{tmp_path}"


def test_a_folder_of_all_formats(tmp_path):
    spec = folder_of(tmp_path, "ant/1.vox", "ant/2.binvox", "bee/1.npy")
    source = open_source(spec, voxels=RULES)
    assert source.class_names == ("ant", "bee")
    assert source.labels.tolist() == [0, 0, 1]
    for i in range(3):
        np.testing.assert_array_equal(source[i][..., 0] == 255, corner())
    fitted = load_source(source, VoxelFit(8))
    assert fitted.shape == (8, 8, 8, 1)
    assert fitted.is_voxels
    assert fitted.labels.tolist() == [0, 0, 1]


def test_files_are_batched_as_they_are_read(tmp_path):
    """With and without a copy in memory; the order is that of the seed."""
    spec = folder_of(tmp_path, "1.vox", "2.npy")
    np.save(tmp_path / "2.npy", ~corner())
    source = open_source(spec, voxels=RULES)
    held, read = (
        next(iter(unconditional(source, batch_size=2, image_size=6, cache=cache))).numpy()
        for cache in (True, False)
    )
    np.testing.assert_array_equal(held, read)
    expected = {VoxelFit(6)(source[i], "mine").tobytes() for i in range(2)}
    assert {each.tobytes() for each in read} == expected


def test_unreadable_files_are_left_out_if_asked(tmp_path, caplog):
    spec = folder_of(tmp_path, "1.vox", "3.vox")
    (tmp_path / "2.vox").write_bytes(b"VOX ")
    with pytest.raises(InputError, match=r"2\.vox"):
        load_source(open_source(spec, voxels=RULES), VoxelFit(4))
    loaded = load_source(open_source(spec, voxels=RULES, on_error="skip"), VoxelFit(4))
    assert loaded.indices.tolist() == [0, 2]
    assert "1 of 3 objects is left out" in caplog.text


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: open_source("figures", voxels=RULES), "expected voxels, for which there are"),
        (lambda p: open_source(f"folder:{p}", voxels=RULES), "has no voxels in .* end in .binvox"),
        (lambda p: open_source(f"npz:{p}/flat.npz", voxels=RULES), r"got float64 \[4, 4\]"),
        (lambda p: open_source(f"npz:{p}/bits.npz", voxels=RULES), r"of shape \(2, 8\), uint8"),
        (
            lambda p: open_source(f"npz:{p}/shapeless.npz", voxels=RULES),
            r"\[2, 8\]; of packed bits",
        ),
        (lambda p: open_source(f"npz:{p}/two.npz", voxels=RULES), r"a, b\); save it as voxels\.$"),
        (lambda p: open_source(f"npz:{p}/empty.npz", voxels=RULES), r"\[0\] is empty"),
        (lambda p: fit_for(open_source("voxels/solids", num=1), image_size=(8, 8, 4)), "cubes"),
        (lambda p: fit_for(open_source("voxels/solids", num=1), crop=4), "crop_to_object"),
        (lambda p: VoxelRules("x_up"), "axes: expected one of auto, z_up, y_up, got 'x_up'"),
        (lambda p: VoxelRules(threshold="high"), "threshold: expected"),
    ],
)
def test_refusals(make, sentence, tmp_path):
    np.savez(tmp_path / "flat.npz", np.ones((4, 4)))
    np.savez(tmp_path / "bits.npz", voxels=np.zeros((2, 7), np.uint8), shape=(2, 4, 4, 4))
    np.savez(tmp_path / "shapeless.npz", voxels=np.zeros((2, 8), np.uint8))
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 4, 4, 4)), b=np.zeros((2, 4, 4, 4)))
    np.savez(tmp_path / "empty.npz", np.zeros((2, 4, 4, 4)))
    with pytest.raises(InputError, match=sentence):
        make(tmp_path)
