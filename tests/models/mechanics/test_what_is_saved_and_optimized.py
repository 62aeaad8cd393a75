"""Names under which models are saved, and optimizers that fit what is trained."""

import keras
import numpy as np
import pytest

from tests.models.tiny import compiled, fit, samples, step, tiny
from tfgan_zoo.errors import InputError


def eager(**kwargs):
    model = tiny("dcgan", dense=True)
    model.compile(run_eagerly=True, **kwargs)
    return model


@pytest.mark.parametrize("name", ["m.h5", "m.hdf5", "folder", "m.weights.h5"])
def test_a_model_is_saved_as_a_keras_file_only(name, tmp_path):
    model = tiny("dcgan", dense=True)
    with pytest.raises(InputError, match=rf"^filepath: .* ends in \.keras, .*got '.*{name}'; "):
        model.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    model.save(str(tmp_path / "unzipped"), zipped=False)
    model.save_weights(tmp_path / "m.weights.h5")
    assert (tmp_path / "m.weights.h5").exists()


@pytest.mark.parametrize("as_list", [True, False])
def test_fit_refuses_a_checkpoint_that_could_not_be_written(as_list, tmp_path):
    """Before the first step, and not at the end of an epoch."""
    model = eager()
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.h5")
    callbacks = [keras.callbacks.History(), checkpoint] if as_list else checkpoint
    with pytest.raises(InputError, match=r"^ModelCheckpoint: .*\.keras.*save_weights_only=True"):
        model.fit(samples(model), callbacks=callbacks, verbose=0)
    assert model.steps_done == 0


def test_checkpoints_that_can_be_written_are(tmp_path):
    model = eager()
    weights = keras.callbacks.ModelCheckpoint(tmp_path / "x.weights.h5", save_weights_only=True)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    whole = keras.callbacks.ModelCheckpoint(tmp_path / "x.keras")
    fit(model, samples(model), callbacks=[weights, backup, whole])
    assert {"x.weights.h5", "x.keras"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_an_optimizer_of_another_model_is_refused(role):
    optimizer = keras.optimizers.Adam()
    given = {f"{role}_optimizer": optimizer}
    first = eager(**given)
    with pytest.raises(InputError, match=rf"^{role}_optimizer: .* does not know '.*kernel' and"):
        eager(**given)
    first.compile(**given, run_eagerly=True)  # which goes on with its state
    step(first, samples(first))
    first.compile(**given)
    assert int(optimizer.iterations) == 1


def test_a_loss_scaling_optimizer_of_another_model_is_refused():
    optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD())
    eager(generator_optimizer=optimizer)
    with pytest.raises(InputError, match=r"^generator_optimizer: .*; compile with a new optimizer"):
        eager(generator_optimizer=optimizer)


def test_layers_frozen_and_unfrozen_after_compile():
    """Freezing holds from the next `fit` on; what no optimizer knows asks for another compile."""
    model = compiled("dcgan", dense=True)
    images, layer = samples(model), model.generator.layers[1]

    def moves():
        before = [v.numpy() for v in model.generator.variables]
        fit(model, images)
        return [
            bool(np.any(v.numpy() != old))
            for v, old in zip(model.generator.variables, before, strict=True)
        ]

    assert all(moves())
    layer.trainable = False
    frozen = {id(v) for v in layer.variables}
    assert moves() == [id(v) not in frozen for v in model.generator.variables]
    layer.trainable = True
    assert all(moves())
    layer.trainable = False
    model.compile(run_eagerly=True)
    assert sum(moves()) == len(model.generator.variables) - len(frozen)
    layer.trainable = True
    for call in (
        lambda: fit(model, images),
        lambda: model.train_on_batch(images),
        lambda: step(model, images),
    ):
        with pytest.raises(InputError, match=r"^generator_optimizer: .* layer has become trainab"):
            call()
    model.compile(run_eagerly=True)
    assert all(moves())


def test_a_player_that_is_frozen_altogether():
    model = tiny("dcgan", dense=True)
    model.discriminator.trainable = False
    model.compile()
    before = model.discriminator.get_weights()
    assert np.isfinite(fit(model, samples(model))["g_loss"][0])
    for old, new in zip(before, model.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
