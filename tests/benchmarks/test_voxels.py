"""The arithmetic of `benchmarks.voxels`, on objects that can be counted by hand."""

import types

import numpy as np
import pytest

from benchmarks import common, voxels
from tests.models.tiny import tiny
from tfgan_zoo.config import voxels_config
from tfgan_zoo.data import solids

TEST = solids.load("test", 8, 36)


def one_line(*places):
    """Returns a voxel model 8x8x8 with some full voxels in its first row."""
    made = np.zeros((8, 8, 8, 1), np.uint8)
    made[0, 0, list(places)] = 255
    return made


def test_distances_to_the_nearest_by_hand():
    known = np.stack([one_line(0, 1, 2), one_line(4, 5)])
    found = voxels.nearest(np.stack([one_line(1, 2), one_line(4, 5), one_line()]), known)
    assert found.index[:2].tolist() == [0, 1]
    assert found.distance == pytest.approx([1 / 3, 0, 1])
    assert not found.mirrored.any()


def test_mirrored_models_are_the_same_and_an_object_is_not_its_own_neighbour():
    known = np.stack([one_line(0, 1), one_line(6, 7), one_line(3)])
    for mirror, distance in ((False, [1, 1, 1]), (True, [0, 0, 1])):
        found = voxels.nearest(known, known, mirror, others=True)
        assert found.distance == pytest.approx(distance)
    found = voxels.nearest(known[:1], known[1:], mirror=True)
    assert (found.index.tolist(), found.mirrored.tolist()) == ([0], [True])
    sheet = voxels.nearest_sheet(known[:1], known[1:], True)
    assert sheet.shape[0] > 2 * 96
    np.testing.assert_array_equal(sheet, voxels.nearest_sheet(known[:1], known[1:], True))


def test_samples_that_are_training_models_are_copies():
    training, held_out = TEST["voxels"][:6], TEST["voxels"][6:9]
    samples = np.float32(training) / 127.5 - 1
    lines = list(voxels.memory_table(training, held_out, samples, False))
    assert lines[2] == "| sample | training model | 6 | 0.000 | 0.000 | 1.000 |"
    assert lines[3].split(" | ")[2:] == lines[5].split(" | ")[2:]  # samples tell nothing new
    assert lines[6].endswith("| 6 | 0.000 | 0.000 | 1.000 |")


def test_models_are_those_that_a_run_can_use(tmp_path):
    stored = np.zeros((20, 12, 12, 12), bool)
    stored[:, 2:5, 3:5, 4:9] = True
    stored[3, :9] = True  # too large to pad
    np.savez(tmp_path / "a.npz", voxels=stored)
    config = voxels_config("gan_3d")
    config.model_args.image_shape = (8, 8, 8, 1)
    config.data.update(source=f"npz:{tmp_path / 'a.npz'}", axes="z_up", fit="pad")
    config.data.update(crop_to_object=True, on_error="skip")
    found = voxels.models_of(config.to_dict(), "train[~::10]")
    assert found.shape == (17, 8, 8, 8, 1)
    assert (found > 0).sum(axis=(1, 2, 3, 4)).tolist() == [30] * 17
    assert len(voxels.models_of(config.to_dict(), "train[::10]")) == 2


def test_solids_are_right_and_shuffled_labels_are_not():
    drawn = solids.load("test", 16, 120)
    rows = np.concatenate([np.flatnonzero(drawn["label"] == kind)[:4] for kind in range(6)])
    exact, label = np.float32(drawn["voxels"][rows]) / 127.5 - 1, drawn["label"][rows]
    valid, cells = voxels.solid_cells(exact, label, exact)
    assert valid == 1
    assert cells.endswith(" | 1.000 | 6 | 0.000 | 1.000 | 0.0000")
    wrong = voxels.solid_cells(exact, (label + 1) % 6, exact)
    assert wrong.cells.endswith(" | 1.000 | 6 | 0.000 | 0.000 | 0.0000")
    empty = voxels.solid_cells(np.full_like(exact, -1), label, exact)
    assert empty.cells.startswith("0.000 | 0.000 | 0 | — | — | ")


def test_a_blend_has_what_two_of_three_solids_have():
    labels = voxels.asked(6)
    made = voxels.blends(labels, 8)
    train = solids.load("train", 8)
    chosen = np.random.default_rng(0).choice(np.flatnonzero(train["label"] == 0), 3, False)
    full = (train["voxels"][chosen] == 255).sum(axis=0) >= 2
    np.testing.assert_array_equal(made[0] == 1, full)
    assert set(np.unique(made)) == {-1, 1}


def test_a_probe_has_a_training_set_of_its_own_each_time():
    points = np.arange(12)[:, np.newaxis] % 2 + np.zeros(1)
    labels = np.arange(12) % 2
    assert voxels.probed(points, labels, points, labels, 4) == [1.0] * 3
    assert len(voxels.probed(np.tile(points, (9, 1)), np.tile(labels, 9), points, labels, 6)) == 10


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Flags of a small benchmark, whose trained models are all the same tiny one."""
    model = tiny("gan_3d", num_classes=6)
    monkeypatch.setattr(common, "trained", lambda *args: (model, tmp_path))
    monkeypatch.setattr(common, "cost", lambda *args: "5 | 1.0 min | 30")
    monkeypatch.setattr(voxels, "_OF_EACH", 1)
    monkeypatch.setattr(solids, "SPLIT_SIZES", {"train": 120, "test": 24})
    flags = {"workdir": str(tmp_path), "num": 6, "labels": ["60", "30"], "unlabelled": False}
    return types.SimpleNamespace(**flags, sheet=None, model=model)


def test_samples_beside_controls(given, tmp_path):
    lines = list(voxels.solids(given))
    rows = [line for line in lines if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {11}
    assert rows[1].endswith("| 5 | 1.0 min | 30 |")
    assert rows[5].startswith("| test solids |")
    assert rows[5].endswith("| — | — | — |")
    assert (tmp_path / "solids.png").stat().st_size > 1000
    lost = [line for line in lines if line.startswith("! ")]
    assert all("expected more valid samples" in line for line in lost)
    assert lost  # The model is untrained.


def test_features_do_not_see_labels(given):
    lines = [line for line in voxels.probe(given) if line.startswith("| ")]
    assert lines[0] == "| features | 30 labels | 60 labels |"
    names = [line.split(" | ")[0] for line in lines[1:]]
    assert names == [
        *("| discriminator, trained with labels", "| discriminator, random weights"),
        *("| PCA, 32", "| voxels, 512"),  # of 32 features
    ]
    before = given.model.encode(TEST["voxels"])
    table = given.model.discriminator.get_layer("class_embedding")
    table.set_weights([weights + 1 for weights in table.get_weights()])
    np.testing.assert_array_equal(given.model.encode(TEST["voxels"]), before)
    random = voxels.untrained(given.model)
    assert np.abs(random.encode(TEST["voxels"]) - before).max() > 1e-3
