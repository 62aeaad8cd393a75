"""Files and runs that earlier versions wrote, and models written for them, go on working."""

import json
import shutil
import tarfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict

import tfgan_zoo
from tests.earlier.hinge_gan import HingeGAN
from tests.marks import slow_except
from tests.models import tiny
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import Run

FOLDER = Path(__file__).parent / "earlier"


def extracted(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp(name)
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def version_0_1(tmp_path_factory):
    return extracted("version_0_1", tmp_path_factory)


@pytest.fixture(scope="module")
def version_0_2(tmp_path_factory):
    return extracted("version_0_2", tmp_path_factory)


def answers_alike(file, answers, name):
    model = tfgan_zoo.load_model(file)
    parts = [answers[key] for key in answers if key.startswith(f"{name}/request")]
    answer = model(parts[0] if len(parts) == 1 else tuple(parts))
    np.testing.assert_allclose(answer, answers[f"{name}/answer"], atol=1e-4)
    return model


def trains_on(model):
    steps = model.steps_done
    batch = tf.nest.map_structure(tf.constant, model.example_batch(2))
    model.train_step(batch)  # without a graph, which would take longer than the step
    assert model.steps_done == steps + 1


def resume(workdir):
    config = ConfigDict(Run(workdir).config(), convert_dict=True)
    config.train.export = (workdir / "export").exists()
    return experiment.train(config, workdir, say=lambda _: None)


def resumed(folder, workdir):
    """Copies a run, resumes it, and returns what it logged before and afterwards."""
    shutil.copytree(folder, workdir)
    run = Run(workdir)
    before = run.logged()
    for checkpoint in run.checkpoints.steps()[1:]:
        shutil.rmtree(run.checkpoints.folder(checkpoint))
    for name in ("export", "result.json", "model.keras"):
        path = workdir / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    resume(workdir)
    after = run.logged()
    assert [row["step"] for row in after] == [row["step"] for row in before] == [4, 8]
    return before, after


@pytest.mark.parametrize(
    "name", slow_except(("dcgan", "cyclegan"), ("dcgan", "cyclegan", "pix2pix", "srgan", "gan_cls"))
)
def test_keras_files_of_version_0_1_load_answer_alike_and_train_on(version_0_1, name):
    answers = np.load(version_0_1 / "answers.npz")
    trains_on(answers_alike(version_0_1 / f"{name}.keras", answers, name))


@pytest.mark.parametrize(
    "name", slow_except(("lsgan", "gan_cls"), ("lsgan", "wgan", "relativistic_gan", "gan_cls"))
)
def test_keras_files_of_version_0_2_load_answer_alike_and_train_on(version_0_2, name):
    answers = np.load(version_0_2 / "answers.npz")
    file = version_0_2 / (name if name == "gan_cls" else f"{name}.keras")
    trains_on(answers_alike(file, answers, name))


def test_a_text_encoder_of_version_0_2_loads_and_answers_alike(version_0_2):
    answers = np.load(version_0_2 / "answers.npz")
    joint = tfgan_zoo.load_model(version_0_2 / "gan_cls" / "pretraining")
    vectors = joint.embed(["a red circle", "a blue star"], on_unknown="ignore")
    np.testing.assert_allclose(vectors, answers["joint_embedding/answer"], atol=1e-5)
    trains_on(joint)


def test_a_run_of_version_0_1_resumes_with_the_same_digits(version_0_1, tmp_path):
    before, after = resumed(version_0_1 / "points_gan", tmp_path / "run")
    for name in ("d_loss", "g_loss", "d_real", "d_fake"):
        np.testing.assert_allclose(after[1][name], before[1][name], rtol=1e-5)


@pytest.mark.parametrize(
    "name", slow_except(("gan_cls",), ("dcgan", "pix2pix", "cyclegan", "srgan", "gan_cls"))
)
def test_runs_of_version_0_2_resume_with_the_same_digits(version_0_2, tmp_path, name):
    before, after = resumed(version_0_2 / name, tmp_path / "run")
    machine = {"images_per_second", "peak_memory_mb"}
    assert before[1].keys() == after[1].keys()
    for entry in before[1].keys() - machine:
        np.testing.assert_allclose(after[1][entry], before[1][entry], rtol=1e-4, err_msg=entry)


def as_exported(model, folder, signature):
    """Asserts that an earlier SavedModel answers as the model does now."""
    endpoint = model.endpoints()[signature]
    example = endpoint.example(3)
    served = tf.saved_model.load(str(folder)).signatures[signature]
    (answer,) = served(**tf.nest.map_structure(tf.constant, example)).values()
    expected = endpoint.function(*example.values())["images"]
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_a_finished_run_of_version_0_1_is_left_as_it_is_and_answers_as_its_export(version_0_1):
    workdir = version_0_1 / "points_gan"
    written = {p: p.stat().st_mtime_ns for p in (workdir / "export").rglob("*") if p.is_file()}
    assert resume(workdir).step == json.loads((workdir / "result.json").read_text())["step"]
    assert written == {path: path.stat().st_mtime_ns for path in written}
    model = experiment.load_run(workdir)
    latents = model.sample_latents(3)
    served = tf.saved_model.load(str(workdir / "export" / "gan" / "1")).signatures["generate"]
    (answer,) = served(latents=tf.constant(latents)).values()
    np.testing.assert_allclose(answer, model.generate(latents=latents), atol=1e-5)


@pytest.mark.slow
def test_a_model_of_version_0_2_answers_as_its_export(version_0_2):
    model = tfgan_zoo.load_model(version_0_2 / "gan_cls")
    folder = version_0_2 / "gan_cls" / "export" / "gan_cls" / "1"
    as_exported(model, folder, "generate_from_embeddings")
    as_exported(model, folder, "generate")


def test_a_model_written_for_version_0_1_trains_saves_and_generates(tmp_path):
    keras.utils.set_random_seed(0)
    generator = tfgan_zoo.networks.dcgan_generator(tiny.SHAPE, 8, filters=4)
    discriminator = tfgan_zoo.networks.dcgan_discriminator(tiny.SHAPE, filters=4)
    model = HingeGAN(
        tiny.SHAPE,
        generator=generator,
        discriminator=discriminator,
        r1_gamma=1.0,
        ema_half_life=50.0,
    )
    model.compile(keras.optimizers.Adam(1e-3))  # the generator's, by position
    history = model.fit(model.example_batch(8), batch_size=4, verbose=0).history
    assert np.isfinite(history["d_loss"]).all()
    assert set(model.evaluate(model.example_batch(4), return_dict=True, verbose=0)) >= {"g_loss"}
    model.save(tmp_path / "hinge.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "hinge.keras")
    np.testing.assert_array_equal(loaded.generate(2, seed=1), model.generate(2, seed=1))
    assert loaded.discriminator_optimizer.beta_1 == 0.5  # the example's own
