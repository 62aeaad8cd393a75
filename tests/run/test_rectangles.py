"""Runs whose images are rectangles: trained, drawn, scored, exported and served."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow
from tests.tiny_runs import (
    tiny_config,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
)
from tfgan_zoo.run import experiment
from tfgan_zoo.run.trained import load_run

SIZE = (16, 24)


def rectangular(config, export=True):
    with config.unlocked():
        config.model_args.image_shape = (*SIZE, config.model_args.image_shape[-1])
        config.train.update(
            steps=2, log_every=1, sample_every=2, checkpoint_every=2, samples=4, export=export
        )
        config.evaluate.metrics = ("swd",)
        config.evaluate.samples = 8
    return config


@pytest.mark.slow
@pytest.mark.parametrize("export", [False, True])
def test_a_run_from_noise(tmp_path, export):
    config = rectangular(tiny_config(tmp_path), export)
    result = experiment.train(config, tmp_path / "run", report=lambda _: None)
    assert np.isfinite(result.scores["swd"])
    model = load_run(tmp_path / "run")
    images = model.generate(3, seed=0)
    assert images.shape == (3, *SIZE, 3)
    if export:
        served = tf.saved_model.load(str(result.export)).signatures
        found = served["generate"](latents=tf.constant(model.sample_latents(3, 0)))["images"]
        np.testing.assert_allclose(found, images, atol=1e-4)
    with Image.open(result.samples) as sheet:
        width, height = sheet.size
    # Two images in a row, with a gap of 2, enlarged alike.
    assert width / height == (2 * SIZE[1] + 2) / (2 * SIZE[0] + 2)


@pytest.mark.parametrize(
    "make",
    [
        slow(lambda folder: tiny_translation(folder, "pix2pix"), id="pix2pix"),
        slow(lambda folder: tiny_translation(folder, "cyclegan"), id="cyclegan"),
        slow(tiny_text_to_image, id="gan_cls"),
    ],
)
def test_other_runs(tmp_path, make):
    result = experiment.train(rectangular(make(tmp_path)), tmp_path / "run", report=lambda _: None)
    assert np.isfinite(result.scores["swd"])
    model = load_run(tmp_path / "run")
    if hasattr(model, "translate"):
        found = model.translate(np.zeros((2, *SIZE, 1), np.uint8))
    else:
        found = model.generate(["a red circle"] * 2, seed=0)
    assert found.shape == (2, *SIZE, 3)
    assert result.export.exists()


@pytest.mark.slow
def test_a_run_that_enlarges(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 28, 36, 3), np.uint8)
    np.savez(tmp_path / "wide.npz", images=images)
    source = f"npz:{tmp_path / 'wide.npz'}"
    config = rectangular(tiny_super_resolution(tmp_path, data__source=source))
    with config.unlocked():
        config.model_args.image_shape = (16, 32, 3)
        config.evaluate.metrics = ("psnr",)
        config.pretraining.steps = 2
    result = experiment.train(config, tmp_path / "run", report=lambda _: None)
    assert np.isfinite(result.scores["psnr"])
    assert result.samples.exists()
    model = load_run(tmp_path / "run")
    small = np.random.default_rng(1).uniform(-1, 1, (2, 9, 5, 3)).astype(np.float32)
    large = model.upscale(small)
    assert large.shape == (2, 18, 10, 3)
    served = tf.saved_model.load(str(result.export)).signatures
    found = served["upscale"](images=tf.constant(small))["images"]
    np.testing.assert_allclose(found, large, atol=1e-4)
