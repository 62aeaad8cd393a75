"""What is wrong with data that are decoded in training is said in one sentence, as elsewhere."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfgan_zoo
from tests.tiny_runs import tiny_config
from tfgan_zoo import cli, errors
from tfgan_zoo.data import super_resolution, unconditional
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import experiment

SENTENCE = r"^\S*3.png cannot be read .*on_error=\"skip\" \(--config.data.on_error=skip\)\.$"


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(8):
        Image.fromarray(np.full((16, 16, 3), 9 * i, np.uint8)).save(folder / f"{i}.png")
    (folder / "3.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def gan():
    layers = keras.layers
    generator = keras.Sequential(
        [layers.Input((2,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    )
    discriminator = keras.Sequential([layers.Input((8, 8, 2)), layers.Flatten(), layers.Dense(1)])
    model = tfgan_zoo.GAN((8, 8, 1), 2, generator, discriminator, packing=2)
    model.compile()
    return model


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_an_unreadable_file_is_a_sentence_in_python(gan, photos, method):
    data = unconditional(photos, batch_size=4, image_size=8, channels=1, cache=False)
    steps = {"fit": {"steps_per_epoch": 4}, "evaluate": {"steps": 4}}[method]
    with pytest.raises(InputError, match=SENTENCE) as caught:
        getattr(gan, method)(data, verbose=0, **steps)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("method", "kind"), [("fit", "Training"), ("evaluate", "Test")])
def test_a_last_batch_that_cannot_be_shared_out_is_a_sentence(gan, method, kind):
    data = tf.data.Dataset.from_tensor_slices(np.zeros((5, 8, 8, 1), np.uint8)).batch(4)
    with pytest.raises(InputError, match=rf"^{kind} batches: expected a multiple of 2 .*\.$"):
        getattr(gan, method)(data, verbose=0)


def test_super_resolution_says_it_too(photos):
    data = super_resolution(f"folder:{photos}", batch_size=4, crop_size=8, cache=False)
    with pytest.raises(InputError, match=SENTENCE), errors.input_errors():
        list(data.take(4))


def test_a_command_says_it_and_ends_with_status_2(photos, tmp_path, capsys):
    config = tiny_config(
        tmp_path, data__source=f"folder:{photos}", data__cache="no", data__batch_size="4"
    )
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda _: experiment.train(config, tmp_path / "run"), [])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "3.png cannot be read" in said
    assert "--config.data.on_error=skip" in said


DECODING = """
import sys, threading
from pathlib import Path
from tests.tiny_runs import quiet, tiny_config
from tfgan_zoo import cli
from tfgan_zoo.data import pipeline
from tfgan_zoo.run import experiment

read_fitted = pipeline.read_fitted

def slowly(*given):
    found = read_fitted(*given)
    threading.Event().wait(1.0)  # as a large image takes
    return found

pipeline.read_fitted = slowly
folder, photos = map(Path, sys.argv[1:])
data = {"data__source": f"folder:{photos}", "data__cache": "no", "data__batch_size": "4"}
cli.run(lambda _: experiment.train(tiny_config(folder, **data), folder / "run", quiet), [])
"""


@pytest.mark.slow
def test_a_process_ends_though_others_are_still_decoded(photos, tmp_path):
    """Without a collection of garbage before its end, it waits forever for these images."""
    for i in range(8, 40):
        Image.fromarray(np.full((16, 16, 3), i, np.uint8)).save(photos / f"{i}.png")
    command = [sys.executable, "-c", DECODING, str(tmp_path), str(photos)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2, done.stderr
    assert "3.png cannot be read" in done.stderr


def test_other_errors_of_tensorflow_stay_what_they_are():
    error = tf.errors.InvalidArgumentError(None, None, "Incompatible shapes: [2] vs. [3]")
    assert errors.input_error_in(error) is None
    assert errors.input_error_in(ValueError("InputError: no")) is None
    with pytest.raises(tf.errors.InvalidArgumentError), errors.input_errors():
        raise error
