"""What a run computes besides its steps is tried before the first one, and costs no training."""

import json
import shutil

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests.marks import slow
from tests.tiny_runs import (
    assert_same,
    lines,
    quiet,
    saved,
    tiny_config,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.labels import TITLES
from tfgan_zoo.run import building, evaluation, experiment
from tfgan_zoo.tasks import Request, open_task, resolve
from tfgan_zoo.tasks.noise_to_image import NoiseToImageTask


def test_missing_weights_of_features_are_refused_before_anything_is_written(tmp_path):
    translation = tiny_translation(tmp_path, "pix2pix")
    with translation.unlocked():
        translation.model_args.update(feature_weight=1.0, features=f"{tmp_path}/no.keras:same")
    enlarging = tiny_super_resolution(tmp_path)
    with enlarging.unlocked():
        enlarging.model_args.update(content="vgg", content_weights=f"{tmp_path}/no.h5")
    for config, minutes in ((translation, None), (translation, 1), (enlarging, None)):
        with pytest.raises(InputError, match=r"there is no (file )?'.*no\.(keras|h5)'"):
            experiment.train(config, tmp_path / "run", quiet, minutes=minutes)
        assert not (tmp_path / "run").exists()


def unequal_domains(folder):
    """A CycleGAN's config whose data have 9 images of a and 12 of b."""
    random = np.random.default_rng(0)
    arrays = {
        f"{name}{split}": random.integers(0, 256, (count, 20, 20, channels), np.uint8)
        for split in ("", "_test")
        for name, count, channels in (("a", 9, 1), ("b", 12, 3))
    }
    np.savez(folder / "pairs.npz", **arrays)
    config = tiny_translation(folder, "cyclegan", train__samples="16", evaluate__split="test")
    config.evaluate.metrics = ("swd", "kid", "fid", "ms_ssim_diversity")
    config.evaluate.features = "figures_v1"
    return config


# Of random pixels.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:features. expected images like those")
def test_domains_of_unequal_size_are_scored_and_drawn_and_evaluated(tmp_path):
    config = unequal_domains(tmp_path)
    result = experiment.train(config, tmp_path / "run", quiet)
    assert {"swd", "swd_a_to_b", "swd_b_to_a", "kid[figures_v1]"} <= result.scores.keys()
    assert np.isfinite(list(result.scores.values())).all()
    model = experiment.load_run(tmp_path / "run")
    sheet = open_task(config, model).sheet(model)[TITLES:]
    # Twelve rows of a, b, a and b, a, b; the last three begin with nothing.
    factor = sheet.shape[0] // (12 * 18 - 2)
    small = sheet[::factor, ::factor]
    assert small.shape == (12 * 18 - 2, 6 * 18 - 2, 3)
    assert (small[-16:, :52] == 255).all()
    assert not (small[-16:, -16:] == 255).all()
    for direction, made, of in (("a_to_b", 9, 12), ("b_to_a", 12, 9)):
        request = Request(("swd", "kid"), num=100, features="figures_v1", direction=direction)
        found = evaluation.evaluate_run(tmp_path / "run", request)
        assert np.isfinite(list(found.scores.values())).all()
        assert found.protocol["samples"] == made
        assert found.protocol["reference"]["samples"] == of


def test_a_score_that_cannot_be_computed_is_refused_before_the_first_step(tmp_path):
    refused_for_its_score(tmp_path)


def refused_for_its_score(tmp_path):
    """Returns the config that was refused."""
    config = tiny_super_resolution(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), np.uint8)
    np.savez(tmp_path / "large.npz", images=images)
    with pytest.raises(InputError) as error:
        experiment.train(config, tmp_path / "run", quiet)
    said = str(error.value)
    assert said.startswith("evaluate.metrics=ssim: cannot be computed with this data and model (")
    assert "expected 11x11 pixels or more" in said
    assert said.endswith("give --config.evaluate.metrics=psnr to leave it out.")
    assert "\n" not in said
    # Not even the pretraining has begun, so the same command, corrected, can use the folder.
    assert not (tmp_path / "run" / "pretraining").exists()
    return config


@pytest.mark.slow
def test_the_same_command_corrected_trains_in_that_folder(tmp_path):
    config = refused_for_its_score(tmp_path)
    config.evaluate.metrics = ("psnr",)
    config.pretraining.steps, config.train.steps = 0, 2
    experiment.train(config, tmp_path / "run", quiet)
    assert [row["step"] for row in lines(tmp_path / "run")] == [2]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("sheet", r"train\.samples=4: the sample sheet cannot be drawn .*\(ValueError: uneven\)"),
        ("signatures", r"model=gan: cannot be exported \(ValueError: uneven\)"),
    ],
)
def test_what_else_fails_is_refused_in_a_sentence_too(tmp_path, monkeypatch, part, said):
    def fail(*_):
        raise ValueError("uneven\nmore of it")

    config = tiny_config(tmp_path, "gan")
    model = building.build_model(config)
    owner = NoiseToImageTask if part == "sheet" else type(model)
    monkeypatch.setattr(owner, part, fail)
    with pytest.raises(InputError, match=said) as error:
        open_task(config, model).rehearse(model)
    assert "\n" not in str(error.value)


def test_an_image_that_cannot_be_read_is_no_fault_of_the_sheet(tmp_path):
    config = tiny_text_to_image(tmp_path)
    (tmp_path / "captioned" / "000003.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"^\S+000003\.png "):
        experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run" / "pretraining").exists()


@pytest.mark.parametrize("kind", ["gan", slow("pix2pix"), slow("srgan"), "gan_cls"])
def test_a_rehearsal_leaves_the_model_as_it_is(tmp_path, kind):
    if kind == "gan":
        config = tiny_config(tmp_path, kind)  # has dropout
    elif kind == "pix2pix":
        config = tiny_translation(tmp_path, kind)
    elif kind == "srgan":
        config = tiny_super_resolution(tmp_path)
    else:
        config = resolve(tiny_text_to_image(tmp_path))
    model = building.build_model(config)
    work = open_task(config, model)
    optimizers = [getattr(model, f"{role}_optimizer") for role in model.roles()]
    layers = [layer for network in model.roles().values() for n in network for layer in n.layers]
    seeds = [vars(layer).get("seed_generator") for layer in layers]
    variables = [
        *(v for owner in (model, *optimizers) for v in owner.variables),
        *(generator.state for generator in seeds if generator is not None),
        *(v for metric in model.metrics for v in metric.variables),
    ]
    before = [keras.ops.convert_to_numpy(v).copy() for v in variables]
    work.rehearse(model)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.slow
def test_a_resumed_run_is_tried_and_a_finished_one_is_not(whole, tmp_path, monkeypatch):
    def rehearse(*_):
        raise Killed

    config, run = whole[0], shutil.copytree(whole[1], tmp_path / "run")
    monkeypatch.setattr(NoiseToImageTask, "rehearse", rehearse)
    experiment.train(config, run, quiet)
    shutil.rmtree(run / "checkpoints" / "step_00000010")
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    with pytest.raises(Killed):
        experiment.train(config, run, quiet)
    assert before == {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}


# ---------------------------------------------------------------------- of a score that fails


class Killed(BaseException):
    """As if the process ended there."""


def fails_at(monkeypatch, owner, name, step):
    """Has a method of a workload or a callback fail at a step."""
    method = getattr(owner, name)

    def failing(self, *args):
        model = args[0] if hasattr(args[0], "steps_done") else self.model
        if model.steps_done == step:
            raise Killed
        return method(self, *args)

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "step", "written"),
    [("sheet", 8, [4, 8]), ("score", 10, [4, 8])],
)
def test_a_run_killed_between_checkpoint_and_score_scores_that_step_on_resume(
    whole, tmp_path, monkeypatch, name, step, written
):
    config, run = whole
    with monkeypatch.context() as patch:
        fails_at(patch, NoiseToImageTask, name, step)
        with pytest.raises(Killed):
            experiment.train(config, tmp_path / "run", quiet)
    assert [row["step"] for row in lines(tmp_path / "run")] == written
    checkpoints = experiment.Run(tmp_path / "run").checkpoints
    assert checkpoints.steps()[-1] == step  # nothing of the training is lost
    assert checkpoints.unscored(step).keys() == {"d_loss", "g_loss", "d_real", "d_fake"} | {
        *(name for name in lines(run)[0] if name.startswith("d_accuracy")),
        "images_per_second",
    }
    experiment.train(config, tmp_path / "run", quiet)
    assert_as_if_nothing_had_happened(tmp_path / "run", run)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody stopped, its config and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    config = tiny_config(folder, "gan", health__every="4")
    experiment.train(config, folder / "run", quiet)
    return config, folder / "run"


def assert_as_if_nothing_had_happened(run, whole):
    assert lines(run) == lines(whole)
    assert (run / "result.json").read_bytes() == (whole / "result.json").read_bytes()
    mine, other = (experiment.Run(each).checkpoints for each in (run, whole))
    assert mine.steps() == other.steps()
    for step in mine.steps():
        assert_same(saved(run, step), saved(whole, step))
        # Its hash, and with it the file's, depends on how HDF5 lays it out.
        states = [each.state(step) | {"sha256": ""} for each in (mine, other)]
        assert states[0] == states[1]
    for picture in (whole / "samples").iterdir():
        assert (run / "samples" / picture.name).read_bytes() == picture.read_bytes()
    read = EventAccumulator(str(run / "tensorboard"))
    read.Reload()
    assert [event.step for event in read.Tensors("d_loss")] == [4, 8, 10]
    health = [json.loads(text) for text in (run / "health.jsonl").read_text().splitlines()]
    assert health == [json.loads(t) for t in (whole / "health.jsonl").read_text().splitlines()]
