"""Whole runs: what they leave, how they go on after a stop, and how they end badly."""

import functools
import json
import shutil

import h5py
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfgan_zoo
from tests import tiny_runs
from tests.marks import slow
from tests.tiny_runs import (
    assert_same,
    at_step,
    finished_run,
    lines,
    quiet,
    saved,
    stop_at,
    tiny_joint_embedding,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
)
from tfgan_zoo.errors import InputError, NonFiniteLossError
from tfgan_zoo.run import building, experiment, trained
from tfgan_zoo.run.fitting import intervals

#: Networks with batch normalisation.
tiny_config = functools.partial(tiny_runs.tiny_config, convolutional=True)


@pytest.fixture(scope="module")
def finished(folder):
    """A run that nobody stopped, its config and its folder."""
    return finished_run(folder, convolutional=True, train__export="true")


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it, to spoil."""
    return shutil.copytree(finished[1], tmp_path / "run")


def test_run_folder(finished):
    config, run = finished
    written = json.loads((run / "config.json").read_text())
    assert written["config"] == json.loads(json.dumps(config.to_dict()))
    assert {"tfgan_zoo", "tensorflow", "keras"} <= written["versions"].keys()
    rows = lines(run)
    assert [row["step"] for row in rows] == [4, 8, 10]
    assert all({"d_loss", "g_loss", "swd"} <= row.keys() for row in rows)
    names = sorted(p.name for p in (run / "samples").iterdir())
    assert names == [
        "final.png",
        "step_00000000.png",
        "step_00000008.png",
        "step_00000010.png",
    ]
    with Image.open(run / "samples" / "final.png") as picture:
        assert min(picture.size) > 256
    steps = {int(p.name[5:]) for p in (run / "checkpoints").iterdir()}
    assert {8, 10} <= steps <= {4, 8, 10}
    (events,) = (run / "tensorboard").iterdir()
    tags = {
        value.tag
        for record in tf.data.TFRecordDataset(str(events)).as_numpy_iterator()
        for value in tf.compat.v1.Event.FromString(record).summary.value
    }
    assert {"d_loss", "g_loss", "swd", "images_per_second", "samples"} <= tags
    assert not [p for p in run.rglob(".*") if p.name != ".lock"]


def test_model_and_export_are_the_best_checkpoint(finished):
    config, run = finished
    best = min(lines(run), key=lambda row: row["swd"])
    result = experiment.train(config, run, quiet)
    assert result.step == best["step"]
    assert result.scores == {"swd": pytest.approx(best["swd"], rel=1e-6)}
    model = tfgan_zoo.load_model(result.model)
    assert int(model.step) == best["step"]
    images = experiment.load_run(run).generate(4)
    np.testing.assert_array_equal(model.generate(4), images)
    served = tf.saved_model.load(str(run / "export" / config.model / "1"))
    latents = tf.constant(model.sample_latents(4))
    came = served.signatures["serving_default"](latents=latents)["images"]
    np.testing.assert_allclose(came, images, atol=1e-5)


def unexported(config):
    """Returns the config of the same training, for a run of which no export is looked at."""
    config = config.copy_and_resolve_references()
    config.train.export = False
    return config


def assert_same_runs(run, whole):
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))
    for picture in ("step_00000008.png", "final.png"):
        mine, other = run / "samples" / picture, whole / "samples" / picture
        assert mine.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("steps", [(9,), slow((4, 9))])
def test_resumes_bit_for_bit(finished, tmp_path, monkeypatch, steps):
    config, whole = unexported(finished[0]), finished[1]
    run = tmp_path / "run"
    for step in steps:
        stop_at(monkeypatch, config, run, step)
    said = []
    experiment.train(config, run, said.append)
    assert "resumed at step 9" in said[0]
    assert_same_runs(run, whole)


@pytest.mark.slow
def test_dropout_resumes_bit_for_bit(folder, tmp_path, monkeypatch):
    config = tiny_config(folder, "gan")
    assert "dropout_0" in [
        layer.name for layer in building.build_model(config).discriminator.layers
    ]
    experiment.train(config, tmp_path / "whole", quiet)
    stop_at(monkeypatch, config, tmp_path / "run", 6)
    experiment.train(config, tmp_path / "run", quiet)
    assert_same_runs(tmp_path / "run", tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cyclegan", "pix2pix"])  # pools; dropout and batch norm
def test_translation_resumes_bit_for_bit(tmp_path, monkeypatch, model):
    config = tiny_translation(tmp_path, model, model_args__ema_half_life="20", train__export="true")
    experiment.train(config, tmp_path / "whole", quiet)
    for step in (5, 9):
        stop_at(monkeypatch, config, tmp_path / "run", step)
    experiment.train(config, tmp_path / "run", quiet)
    assert_same_runs(tmp_path / "run", tmp_path / "whole")
    served = tf.saved_model.load(str(tmp_path / "run" / "export" / model / "1"))
    trained = tfgan_zoo.load_model(tmp_path / "run" / "model.keras")
    assert set(served.signatures) == {*trained.signatures(), "serving_default"}


@pytest.mark.slow
def test_pretraining_and_the_game_both_resume_bit_for_bit(tmp_path, monkeypatch):
    config = tiny_super_resolution(tmp_path)
    said = []
    experiment.train(config, tmp_path / "whole", said.append)
    first = tmp_path / "whole" / "pretraining"
    assert [row["step"] for row in lines(first)] == [4, 6]
    assert set(lines(first)[0]) == {"step", "g_loss", "g_content", "psnr", "ssim"}
    assert json.loads((first / "config.json").read_text())["config"]["pretraining"]["steps"] == 0
    for step in (5, 3):  # of pretraining; of the game
        stop_at(monkeypatch, config, tmp_path / "run", step)
    experiment.train(config, tmp_path / "run", quiet)
    assert lines(tmp_path / "run" / "pretraining") == lines(first)
    assert_same_runs(tmp_path / "run", tmp_path / "whole")


@pytest.mark.slow
def test_a_text_encoder_and_its_game_both_resume_bit_for_bit(tmp_path, monkeypatch):
    config = tiny_text_to_image(tmp_path, model_args__ema_half_life="20")
    experiment.train(config, tmp_path / "whole", quiet)
    for step in (5, 3):  # of the encoder; of the game
        stop_at(monkeypatch, config, tmp_path / "run", step)
    experiment.train(config, tmp_path / "run", quiet)
    first, other = (tmp_path / name / "pretraining" for name in ("run", "whole"))
    assert lines(first) == lines(other)
    assert_same(saved(first, 6), saved(other, 6))
    assert_same_runs(tmp_path / "run", tmp_path / "whole")


@pytest.mark.slow
def test_a_joint_embedding_is_a_run_like_any_other(tmp_path, monkeypatch):
    config = tiny_joint_embedding(tmp_path, train__export="true")
    said = []
    result = experiment.train(config, tmp_path / "whole", said.append)
    assert said[0].startswith("JointEmbedding 16x16x3 (parameters: encoder ")
    assert result.scores.keys() == {"retrieval"}
    stored = json.loads((tmp_path / "whole" / "config.json").read_text())["config"]
    assert not {"generator", "discriminator", "generator_optimizer"} & stored.keys()
    stop_at(monkeypatch, config, tmp_path / "run", 6)
    experiment.train(config, tmp_path / "run", quiet)
    assert_same_runs(tmp_path / "run", tmp_path / "whole")
    served = tf.saved_model.load(str(result.export)).signatures["embed"]
    model = experiment.load_run(tmp_path / "run")
    texts = ["a red circle", "a blue ring"]
    (answer,) = served(text=tf.constant(texts)).values()
    np.testing.assert_allclose(answer, model.embed(texts), atol=1e-5)


@pytest.mark.slow
def test_the_game_starts_from_the_pretrained_generator(tmp_path, monkeypatch):
    config = tiny_super_resolution(tmp_path, model_args__ema_half_life="20")
    started = []
    at_step(monkeypatch, 0, lambda model: started.append(model.generator.get_weights()))
    experiment.train(config, tmp_path / "run", quiet)
    pretrained = experiment.load_run(tmp_path / "run" / "pretraining")
    expected = pretrained.sampling_network(pretrained.generator).get_weights()
    fresh, game = started
    for one, other in zip(game, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.any(game[0] != fresh[0])
    # Either stage alone, too.
    alone = tiny_super_resolution(tmp_path, pretraining__steps="0", train__steps="1")
    alone.train.generator_from = str(tmp_path / "run" / "pretraining")
    started.clear()
    experiment.train(alone, tmp_path / "alone", quiet)
    np.testing.assert_array_equal(started[0][0], expected[0])
    assert not (tmp_path / "alone" / "pretraining").exists()


@pytest.mark.slow
def test_a_start_from_another_network_is_refused(finished, tmp_path):
    config = tiny_super_resolution(tmp_path, pretraining__steps="0")
    config.train.generator_from = str(finished[1])
    with pytest.raises(InputError, match=r"generator_from: expected a run with the same generator"):
        experiment.train(config, tmp_path / "run", quiet)
    # Nothing was learnt, so the folder is free for the same command, corrected.
    config.train.generator_from = None
    config.train.steps = 1
    assert experiment.train(config, tmp_path / "run", quiet).step == 1


def test_a_run_of_a_newer_version(finished, run):
    file = run / "config.json"
    written = json.loads(file.read_text())
    written["versions"]["tfgan_zoo"] = "9.0.0"
    written["config"]["train"]["of_the_future"] = 1
    file.write_text(json.dumps(written))
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    with pytest.raises(InputError, match=r"a run of tfgan_zoo 9.0.0, and this is"):
        experiment.train(finished[0], run, quiet)
    assert before == {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}


def test_resumes_after_being_killed_within_a_line(finished, run):
    config, whole = unexported(finished[0]), finished[1]
    shutil.rmtree(run / "checkpoints" / "step_00000010")
    (run / "checkpoints" / ".saving").mkdir()
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 12, "d_lo')
    experiment.train(config, run, quiet)
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))


def test_finished_run_is_left_alone(finished, monkeypatch):
    config, run = finished
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file()}
    monkeypatch.setattr(experiment, "fit", None)
    said = []
    experiment.train(config, run, said.append)
    assert "all 10 steps are done" in said[0]
    for path, time in before.items():
        assert path.name == ".lock" or path.stat().st_mtime_ns == time


@pytest.mark.slow
def test_more_steps_extend(finished, run, folder):
    _, whole = finished
    config = tiny_config(folder, train__steps="16")
    experiment.train(config, run, quiet)
    assert [row["step"] for row in lines(run)] == [4, 8, 10, 12, 16]
    assert lines(run)[:3] == lines(whole)
    straight = run.parent / "straight"
    experiment.train(config, straight, quiet)
    assert_same(saved(run, 16), saved(straight, 16))
    assert lines(run)[3:] == lines(straight)[2:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train__steps": "9"}, r"train.steps: 10 -> 9"),
        ({"seed": "1"}, "seed: 0 -> 1"),
        ({"data__batch_size": "4", "train__steps": "20"}, "data.batch_size: 8 -> 4"),
    ],
)
def test_another_config_is_refused(finished, folder, change, said):
    with pytest.raises(InputError, match=said):
        experiment.train(tiny_config(folder, **change), finished[1], quiet)


@pytest.mark.slow
def test_falls_back_where_a_checkpoint_is_damaged(finished, run):
    config, whole = finished
    weights = run / "checkpoints" / "step_00000010" / "model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-1])
    said = []
    experiment.train(config, run, said.append)
    assert "damaged" in said[0]
    assert "resumed at step 8" in said[1]
    assert (run / "checkpoints" / "damaged_step_00000010").is_dir()
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))


def test_refuses_where_all_checkpoints_are_damaged(finished, run):
    for state in run.glob("checkpoints/*/state.json"):
        state.write_text("{")
    with pytest.raises(InputError, match=r"all checkpoints .* are damaged"):
        experiment.train(finished[0], run, quiet)


@pytest.mark.slow
def test_without_an_export(folder, tmp_path):
    config = tiny_config(folder)
    result = experiment.train(config, tmp_path / "run", quiet)
    assert result.export is None
    assert not (tmp_path / "run" / "export").exists()
    assert tfgan_zoo.load_model(result.model).steps_done == result.step
    before = (tmp_path / "run" / "result.json").read_bytes()
    assert experiment.train(config, tmp_path / "run", quiet) == result
    exported = trained.export_run(tmp_path / "run", tmp_path / "served")
    assert (exported / "saved_model.pb").is_file()
    # The same run, asked for one later.
    config = tiny_config(folder, train__export="true")
    result = experiment.train(config, tmp_path / "run", quiet)
    assert (result.export / "saved_model.pb").is_file()
    assert (tmp_path / "run" / "result.json").read_bytes() == before
    # More steps without one: the earlier export would show other weights.
    config = tiny_config(folder, train__steps="12")
    assert experiment.train(config, tmp_path / "run", quiet).export is None
    assert not (tmp_path / "run" / "export").exists()


@pytest.mark.slow
def test_export_survives_a_failure(finished, run, monkeypatch):
    config, _ = finished
    (run / "result.json").unlink()
    export = run / "export" / config.model / "1"
    before = {p: p.read_bytes() for p in export.rglob("*") if p.is_file()}

    def fail(*_):
        raise RuntimeError("differ")

    with monkeypatch.context() as patch:
        patch.setattr(trained, "verify_export", fail)
        with pytest.raises(RuntimeError, match="differ"):
            experiment.train(config, run, quiet)
    assert before == {p: p.read_bytes() for p in export.rglob("*") if p.is_file()}
    experiment.train(config, run, quiet)
    assert [p.name for p in (run / "export").iterdir()] == [config.model]


@pytest.mark.slow
def test_verify_export_sees_a_difference(finished, tmp_path):
    model = building.build_model(finished[0])
    model.export(tmp_path / "1")
    experiment.verify_export(model, tmp_path / "1")
    for weight in model.sampling_network(model.generator).weights:
        weight.assign(weight + 0.5)
    with pytest.raises(RuntimeError, match="differ by up to"):
        experiment.verify_export(model, tmp_path / "1")


def test_a_poisoned_weight_stops_the_run(folder, tmp_path, monkeypatch):
    def poison(model):
        weight = model.generator.trainable_weights[0]
        weight.assign(np.full(weight.shape, np.nan))

    at_step(monkeypatch, 6, poison)
    config = tiny_runs.tiny_config(folder, nan__rollbacks="0")
    with pytest.raises(NonFiniteLossError, match=r"At step 8 .*good checkpoint .*step_00000004"):
        experiment.train(config, tmp_path / "run", quiet)
    assert [row["step"] for row in lines(tmp_path / "run")] == [4]
    arrays = saved(tmp_path / "run", 4)
    assert all(np.all(np.isfinite(a)) for a in arrays.values())


@pytest.mark.slow
def test_an_absurd_learning_rate_stops_the_run(folder, tmp_path):
    config = tiny_config(folder, generator_optimizer__learning_rate="1e30")
    with pytest.raises(NonFiniteLossError, match="lower learning rate"):
        experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data__source": "npz:/nowhere.npz"}, "nowhere"),
        ({"data__source": "points/ring"}, "holds vectors"),
        ({"data__batch_size": "64"}, "fewer than one batch"),
        ({"generator__name": "dcgan_generater"}, "did you mean dcgan_generator"),
        ({"discriminator__name": "mlp_discriminator"}, "there is no 'filters'"),
        ({"generator_optimizer__name": "adan"}, "did you mean adam"),
        ({"generator_optimizer__name": "no"}, "choose from adadelta"),
        ({"model_args__image_shape": "(17, 17, 3)"}, "image_shape"),
        ({"model": "dcgam"}, "did you mean dcgan"),
    ],
    ids=str,
)
def test_input_errors_come_before_the_folder(folder, tmp_path, change, said):
    with pytest.raises(InputError, match=said):
        experiment.train(tiny_config(folder, **change), tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()


def test_intervals():
    assert list(intervals(0, 20, 10)) == [(0, 10, 2)]
    assert list(intervals(0, 7, 10)) == [(0, 7, 1)]
    assert list(intervals(13, 45, 10)) == [(13, 7, 1), (20, 10, 2), (40, 5, 1)]
    assert list(intervals(13, 15, 10)) == [(13, 2, 1)]
    assert list(intervals(20, 20, 10)) == []


def test_load_run_picks_a_checkpoint(finished):
    _, run = finished
    assert int(experiment.load_run(run, "last").step) == 10
    assert int(experiment.load_run(run, "8").step) == 8
    with pytest.raises(InputError, match="expected best, last or one of"):
        experiment.load_run(run, "7")


def test_checkpoints_hold_the_optimizers(finished):
    _, run = finished
    with h5py.File(run / "checkpoints" / "step_00000010" / "model.weights.h5") as file:
        names: list[str] = []
        file.visit(names.append)
    assert any(n.startswith("generator_optimizer/") for n in names)
    assert any(n.startswith("discriminator_optimizer/") for n in names)


@pytest.mark.slow
def test_float16_logs_its_loss_scales_and_resumes_with_them(folder, tmp_path, monkeypatch):
    config = tiny_config(folder, train__precision="mixed_float16")
    experiment.train(config, tmp_path / "whole", quiet)
    rows = lines(tmp_path / "whole")
    assert {"g_loss_scale", "d_loss_scale", "g_skipped", "d_skipped"} <= rows[0].keys()
    for role in "gd":  # halved at every update that was left out
        skipped = sum(row[f"{role}_skipped"] for row in rows)
        assert rows[-1][f"{role}_loss_scale"] == 2.0 ** (15 - skipped)
    stop_at(monkeypatch, config, tmp_path / "run", 8)
    experiment.train(config, tmp_path / "run", quiet)
    assert_same_runs(tmp_path / "run", tmp_path / "whole")
