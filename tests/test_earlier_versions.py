"""Files and runs that earlier versions wrote go on working."""

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict

import tfgan_zoo
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import Run

ARCHIVE = Path(__file__).parent / "earlier" / "version_0_1.tar.xz"


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize("name", ["dcgan", "cyclegan", "pix2pix", "srgan", "gan_cls"])
def test_keras_files_of_version_0_1_load_answer_alike_and_train_on(earlier, name):
    answers = np.load(earlier / "answers.npz")
    model = tfgan_zoo.load_model(earlier / f"{name}.keras")
    parts = [answers[key] for key in answers if key.startswith(f"{name}/request")]
    answer = model(parts[0] if len(parts) == 1 else tuple(parts))
    np.testing.assert_allclose(answer, answers[f"{name}/answer"], atol=1e-4)
    assert model.steps_done == 1
    batch = tf.nest.map_structure(tf.constant, model.example_batch(2))
    model.train_step(batch)  # without a graph, which would take longer than the step
    assert model.steps_done == 2


def test_a_run_of_version_0_1_resumes_with_the_same_digits(earlier, tmp_path):
    workdir = tmp_path / "run"
    shutil.copytree(earlier / "points_gan", workdir)
    run = Run(workdir)
    before = run.logged()
    # As if it had been stopped after four of its eight steps.
    shutil.rmtree(run.checkpoints.folder(8))
    shutil.rmtree(workdir / "export")
    run.result.unlink()
    run.model.unlink()
    config = ConfigDict(run.config(), convert_dict=True)
    experiment.train(config, workdir, say=lambda _: None)
    after = run.logged()
    assert [row["step"] for row in after] == [4, 8]
    for name in ("d_loss", "g_loss", "d_real", "d_fake"):
        np.testing.assert_allclose(after[1][name], before[1][name], rtol=1e-5)


def test_a_finished_run_of_version_0_1_is_left_as_it_is_and_answers_as_its_export(earlier):
    workdir = earlier / "points_gan"
    written = {p: p.stat().st_mtime_ns for p in (workdir / "export").rglob("*") if p.is_file()}
    result = experiment.train(
        ConfigDict(Run(workdir).config(), convert_dict=True), workdir, say=lambda _: None
    )
    assert result.step == json.loads((workdir / "result.json").read_text())["step"]
    assert written == {path: path.stat().st_mtime_ns for path in written}
    model = experiment.load_run(workdir)
    latents = model.sample_latents(3)
    served = tf.saved_model.load(str(workdir / "export" / "gan" / "1")).signatures["generate"]
    (answer,) = served(latents=tf.constant(latents)).values()
    np.testing.assert_allclose(answer, model.generate(latents=latents), atol=1e-5)
