"""Runs of models of voxels: from sources to sheets, scores and files."""

import numpy as np
import pytest

from tests.tiny_runs import lines, tiny_config, tiny_voxels
from tfgan_zoo.data import solids
from tfgan_zoo.data.readers import voxel_files
from tfgan_zoo.data.voxels import VoxelRules, turned
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.drawing import DrawRequest, VoxelOptions
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.drawing import draw_run
from tfgan_zoo.run.evaluation import evaluate_run
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import Request, open_task


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voxels")
    experiment.train(tiny_voxels(folder), folder / "run", lambda _: None)
    return folder / "run"


def test_a_run_is_scored_and_drawn(run):
    assert Run.open(run).config()["data"]["class_names"] == list(solids.KINDS)
    assert {"validity", "coverage", "obedience", "swd"} <= {n for line in lines(run) for n in line}
    assert (run / "samples" / "final.png").stat().st_size > 1000


def test_samples_are_written_as_they_were_made(run, tmp_path):
    model = experiment.load_run(run)
    samples = model.generate(3, seed=5, label=[4, 4, 4])
    request = DrawRequest(str(run), 3, 5, labels=["torus"])
    said = draw_run(request, tmp_path / "a.npz")
    assert said == f"3 objects: {tmp_path / 'a.npz'}"
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_allclose(arrays["voxels"], (samples + 1) / 2, atol=1e-5)
    options = VoxelOptions(threshold=0.4)
    draw_run(request._replace(num=1, voxels=options), tmp_path / "a.vox")
    read = voxel_files.read_file(str(tmp_path / "a.vox"), VoxelRules())
    far = np.abs(samples[0] + 0.2) > 1e-4
    np.testing.assert_array_equal((read == 255)[far], (samples[0] >= -0.2)[far])


@pytest.mark.slow
def test_pictures_of_a_run(run, tmp_path):
    turned = DrawRequest(str(run), 3, labels=["torus"], voxels=VoxelOptions(turntable=True))
    draw_run(turned, tmp_path / "a.gif")
    draw_run(DrawRequest(str(run), 2, all_labels=True), tmp_path / "a.png")
    walk = DrawRequest(str(run), 1, labels=["ball", "cone"], interpolate=True, frames=3)
    draw_run(walk, tmp_path / "b.png")
    assert all((tmp_path / name).stat().st_size > 500 for name in ("a.gif", "a.png", "b.png"))


def test_evaluation(run):
    scores = evaluate_run(run, Request(metrics=["solids", "swd"], num=24, split="test")).scores
    assert {"solids_validity", "solids_obedience", "swd"} <= scores.keys()
    with pytest.raises(InputError, match="--metrics: expected swd or solids for voxels, got modes"):
        evaluate_run(run, Request(metrics=["modes"], features="figures_v1", num=24))
    with pytest.raises(InputError, match="figures: expected voxels, for which there are"):
        evaluate_run(run, Request(metrics=["swd"], source="figures", num=24))


def test_a_folder_that_is_cut_turned_and_padded(tmp_path):
    """What reaches the model is the object in the middle, and no file that does not fit."""
    random = np.random.default_rng(0)
    objects = []
    for i in range(12):
        stored = np.zeros((14, 14, 14), np.uint8)  # x, y and z, with z up
        stored[2:6, 3:8, 5:7] = random.integers(0, 4, (4, 5, 2))
        stored[2, 3, 5] = stored[5, 7, 6] = 3
        objects.append(stored[2:6, 3:8, 5:7] >= 2)
        np.save(tmp_path / f"{i:02d}.npy", stored)
    np.save(tmp_path / "empty.npy", np.zeros((14, 14, 14), np.uint8))
    np.save(tmp_path / "large.npy", np.full((9, 2, 2), 3, np.uint8))
    asked = {"axes": "z_up", "threshold": "2", "crop_to_object": "true", "fit": "pad"}
    asked |= {"on_error": "skip", "source": f"folder:{tmp_path}", "split": "train", "flip": "false"}
    config = tiny_voxels(tmp_path, **{f"data__{key}": value for key, value in asked.items()})
    with config.unlocked():
        config.model_args.num_classes = None
        config.evaluate.metrics = ("swd",)
    task = open_task(config, building.build_model(config))
    assert len(task.held) == 12
    found = task.real_samples(8)
    assert found.shape == (8, 8, 8, 8, 1)
    expected = {turned(each, "z_up").tobytes() for each in objects}
    for sample in found[..., 0] > 0:  # depth y of 5, height z of 2, width x of 4, in the middle
        assert sample[1:6, 3:5, 2:6].sum() == sample.sum()
        assert np.ascontiguousarray(sample[1:6, 3:5, 2:6]).tobytes() in expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"data__source": "figures"}, "figures: expected voxels, for which there are"),
        ({"data__crop": "4"}, "crop: expected None for voxels"),
        ({"model_args__image_shape": "8,8,4,1"}, "image_shape: expected a cube of voxels"),
        ({"model_args__num_classes": "5"}, "num_classes: expected 6"),
    ],
)
def test_configs_that_are_refused(change, sentence, tmp_path):
    with pytest.raises(InputError, match=sentence):
        experiment.train(tiny_voxels(tmp_path, **change), tmp_path / "run", lambda _: None)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_voxels_are_no_images(tmp_path):
    config = tiny_config(tmp_path, data__source="voxels/solids", data__flip="false")
    with pytest.raises(InputError, match="voxels/solids holds voxels, which do not fit"):
        open_task(config, building.build_model(config))
