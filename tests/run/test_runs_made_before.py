"""Runs that began before their discriminator would have been refused."""

import shutil

import keras
import pytest

from tests.tiny_runs import quiet, tiny_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.output_ranges import made_before
from tfgan_zoo.networks import NETWORKS
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import Run

L = keras.layers
SAID = "discriminator: .*logits.*made before this was checked"


def probable(image_shape, *, name="discriminator"):
    end = [L.Flatten(), L.Dense(1, activation="sigmoid")]
    return keras.Sequential([keras.Input(image_shape), *end], name=name)


@pytest.mark.slow
def test_a_run_whose_discriminator_returns_probabilities_goes_on_with_a_warning(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(NETWORKS, "probable", probable)

    config = tiny_config(tmp_path, "gan", train__steps="2", model_args__r1_gamma="0.0")
    with config.unlocked():
        config.discriminator = {"name": "probable"}
    new = tmp_path / "run"
    with pytest.raises(InputError, match=r"^discriminator: .*logits"):
        experiment.train(config, new, quiet)
    assert not new.exists()
    with made_before(), pytest.warns(UserWarning, match=SAID):
        experiment.train(config, new, quiet)
    with pytest.warns(UserWarning, match=SAID):
        assert experiment.train(config, new, quiet).step == 2
    with pytest.warns(UserWarning, match=SAID):
        assert experiment.load_run(new).steps_done == 2
    # Without a checkpoint it is still a run that began, whose config cannot change any more.
    shutil.rmtree(new / "checkpoints")
    assert Run(new).has_begun()
    with pytest.warns(UserWarning, match=SAID):
        assert experiment.train(config, new, quiet).step == 2
