"""Pictures of voxels, and their files."""

import itertools

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import pictures
from tfgan_zoo.data.readers import voxel_files
from tfgan_zoo.data.voxels import VoxelRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import drawing
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest, VoxelOptions, check_output
from tfgan_zoo.pictures.voxel_output import save_voxel_folder
from tfgan_zoo.pictures.voxels import draw_voxels, turntable
from tfgan_zoo.samples import VOXELS


def objects(*places, side=8):
    samples = np.full((1, side, side, side, 1), -1.0, np.float32)
    for place in places:
        samples[(0, *place)] = 1.0
    return samples


def drawn(*places, **options):
    """Returns which pixels are not background, and the picture."""
    (picture,) = draw_voxels(objects(*places), size=96, **options)
    return (picture < 250).any(axis=-1), picture.astype(int)


def centre(mask):
    return np.argwhere(mask).mean(axis=0)


def test_where_things_are():
    """The top is up, the left is left, and what is in front covers what is behind it."""
    middle, _ = drawn((4, 4, 4))
    assert np.abs(centre(middle) - 48).max() < 8
    top, bottom = (centre(drawn((4, h, 4))[0]) for h in (0, 7))
    left, right = (centre(drawn((4, 4, w))[0]) for w in (0, 7))
    front, back = (centre(drawn((d, 4, 4))[0]) for d in (0, 7))
    assert top[0] < bottom[0] - 30
    assert left[1] < right[1] - 30
    assert front[0] > back[0]  # seen from above
    near, _ = drawn((0, 0, 4), azimuth=0.0)
    # From the front, the height h of what hides behind it grows by one every sqrt(2) voxels.
    both, picture = drawn((0, 0, 4), (1, 0, 4), azimuth=0.0)
    assert near.sum() < both.sum() < 2 * near.sum()
    alone = drawn((0, 0, 4), azimuth=0.0)[1]
    np.testing.assert_allclose(picture[near], alone[near], atol=90)


def test_any_type_is_drawn_alike():
    samples = objects((4, 4, 4), (1, 2, 3))
    full = samples > 0
    for same in (full, np.uint8(255) * full):
        np.testing.assert_array_equal(draw_voxels(same, size=64), draw_voxels(samples, size=64))
    for wrong in (np.uint8, np.float32):
        with pytest.raises(InputError, match="draw_voxels: expected voxels of 0 and 255"):
            draw_voxels(full.astype(wrong), size=64)


def test_a_cube_has_three_shades_and_no_gaps():
    samples = np.ones((1, 6, 6, 6, 1), np.float32)
    (picture,) = draw_voxels(samples, size=120)
    mask = (picture < 250).any(axis=-1)
    rows = np.argwhere(mask)
    for row in range(rows[:, 0].min() + 2, rows[:, 0].max() - 2):
        columns = np.nonzero(mask[row])[0]
        assert len(columns) == columns[-1] - columns[0] + 1
    blues = picture[mask][:, 2]
    middle = picture[60, 60 - 25], picture[60, 60 + 25], picture[35, 60]
    brightness = [int(p.sum()) for p in middle]
    assert brightness[2] == max(brightness)  # the top
    assert min(abs(a - b) for i, a in enumerate(brightness) for b in brightness[:i]) > 25
    assert blues.min() > 60


def test_a_turn_of_a_quarter_is_a_quarter_turn_of_the_voxels():
    random = np.random.default_rng(0)
    samples = np.where(random.random((1, 6, 6, 6, 1)) < 0.3, 1.0, -1.0)
    quarter = np.rot90(samples, 1, axes=(1, 3))
    expected = draw_voxels(samples, azimuth=30.0, size=64)
    found = [draw_voxels(quarter, azimuth=a, size=64) for a in (120.0, -60.0, 30.0)]
    apart = [np.abs(f.astype(int) - expected).mean() for f in found]
    assert min(apart[:2]) < 6.0
    assert apart[2] > 12.0  # The control.


def test_thresholds_channels_and_nothing():
    faint = np.full((1, 8, 8, 8, 2), -0.5, np.float32)
    faint[..., 1] = -0.2  # an occupancy of 0.4
    assert (draw_voxels(faint, size=64) == 255).all()
    assert (draw_voxels(faint, threshold=0.4, size=64) < 255).any()
    assert draw_voxels(np.ones((3, 8, 8, 8, 1))).shape == (3, 96, 96, 3)
    assert pictures.sheet(objects((1, 2, 3))).shape[2] == 3


def test_a_turntable_returns_to_its_start():
    frames = turntable(objects((0, 0, 0)), 4, size=64)
    assert len(frames) == 4
    assert all(np.any(a != b) for a, b in itertools.pairwise(frames))
    again = turntable(objects((0, 0, 0)), 8, size=64)
    np.testing.assert_array_equal(frames[1], again[2])


# ---------------------------------------------------------------------- files


def samples(num=3):
    """Two voxels that touch, one apart from them, and one of an occupancy of 0.4."""
    one = objects((1, 1, 1), (1, 1, 2), (6, 6, 6), side=8)
    one[0, 1, 1, 3] = -0.2
    return np.repeat(one, num, axis=0)


def saved(path, num=3, **options):
    made = Drawing([samples(num)], num, kind=VOXELS, voxels=VoxelOptions(**options))
    made.save(path)
    return path


def test_archives_hold_occupancies_or_bits(tmp_path):
    with np.load(saved(tmp_path / "a.npz")) as arrays:
        voxels = arrays["voxels"]
    assert (voxels.shape, voxels.dtype) == ((3, 8, 8, 8, 1), np.float32)
    np.testing.assert_allclose(voxels, (samples() + 1) / 2)
    with np.load(saved(tmp_path / "b.npz", threshold=0.3, largest_component=True)) as arrays:
        voxels = arrays["voxels"]
    assert voxels.dtype == bool
    assert np.argwhere(voxels[1, ..., 0]).tolist() == [[1, 1, 1], [1, 1, 2], [1, 1, 3]]


@pytest.mark.parametrize("kind", [".binvox", ".vox"])
def test_single_files(kind, tmp_path):
    path = saved(tmp_path / f"a{kind}", 1)
    read = voxel_files.read_file(str(path), VoxelRules())
    assert (read == 255).sum() == 3
    path = saved(tmp_path / f"b{kind}", 1, largest_component=True)
    assert (voxel_files.read_file(str(path), VoxelRules()) == 255).sum() == 2


def test_folders_and_pictures(tmp_path):
    saved(tmp_path / "objects", kind=".vox")
    assert sorted(p.name for p in (tmp_path / "objects").iterdir()) == [
        "000000.vox",
        "000001.vox",
        "000002.vox",
    ]
    saved(tmp_path / "objects", 2, kind=".vox")
    assert len(list((tmp_path / "objects").iterdir())) == 2
    saved(tmp_path / "pictures")
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 3
    saved(tmp_path / "a.obj", 1)
    assert (tmp_path / "a.obj").read_text().startswith("v ")
    with Image.open(saved(tmp_path / "a.gif", turntable=True)) as animation:
        assert animation.n_frames == 36
    with Image.open(saved(tmp_path / "a.png")) as picture:
        assert min(picture.size) >= 256


def test_empty_objects_are_written_with_a_warning(tmp_path):
    made = Drawing([np.concatenate([samples(1), samples(2) * 0 - 1])], 3, kind=VOXELS)
    with pytest.warns(UserWarning, match="objects: 2 of 3 objects are empty, as no voxel reaches"):
        made._replace(voxels=VoxelOptions(kind=".obj")).save(tmp_path / "objects")
    assert (tmp_path / "objects" / "000002.obj").read_text() == "\n"
    one = Drawing([samples(1) * 0 - 1], 1, kind=VOXELS)
    with pytest.warns(UserWarning, match=r"a\.vox: 1 of 1 object is empty"):
        one.save(tmp_path / "a.vox")
    for name, turned in (("a.gif", True), ("a.png", False), ("pictures", False)):
        with pytest.warns(UserWarning, match=r"^2 of 3 objects are empty, .* lower --threshold"):
            made._replace(voxels=VoxelOptions(turntable=turned)).save(tmp_path / name)


@pytest.mark.parametrize(
    ("output", "options", "sentence"),
    [
        ("a.gif", {}, "add --interpolate, or --sweep, or for voxels --turntable"),
        ("a.png", {"turntable": True}, "--turntable: expected --output to be a .gif or a .mp4"),
        ("a.obj", {"kind": ".vox"}, "--format: expected --output to be a folder"),
        ("old.npz", {}, "exists; add --overwrite"),
        ("other", {"kind": ".vox"}, "files that this command did not write"),
    ],
)
def test_outputs_that_are_refused(output, options, sentence, tmp_path):
    (tmp_path / "old.npz").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "000000.png").touch()
    with pytest.raises(InputError, match=sentence):
        check_output(tmp_path / output, False, False, VoxelOptions(**options))


def test_requests_of_one_object(tmp_path):
    assert drawing.of_one_object(DrawRequest("run"), tmp_path / "a.vox").num == 1
    assert drawing.of_one_object(DrawRequest("run"), tmp_path / "a.npz").num is None
    for request in (DrawRequest("run", 3), DrawRequest("run", all_labels=True)):
        with pytest.raises(InputError, match=r"--num: expected 1, as a \.vox holds one object"):
            drawing.of_one_object(request, tmp_path / "a.vox")
    for options in ({"threshold": 0.0}, {"threshold": 1.5}):
        with pytest.raises(InputError, match="--threshold: expected an occupancy above 0"):
            DrawRequest("run", voxels=VoxelOptions(**options)).check()
    with pytest.raises(InputError, match="--turntable: expected none beside --interpolate"):
        DrawRequest("run", interpolate=True, voxels=VoxelOptions(turntable=True)).check()


def test_voxels_in_a_volume(volume):
    for num in (3, 2):
        assert save_voxel_folder(volume, [objects((1, 2, 3))[0]] * num, ".vox") == num
        assert len(list(volume.iterdir())) == num
