"""Keras' callbacks that ask a model for its optimizer."""

import h5py
import keras
import numpy as np
import pytest

import tfgan_zoo
from tests.marks import slow
from tests.models.changed import arguments, gan
from tests.models.tiny import compiled, dataset, fit, samples
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import JointEmbedding

C = keras.callbacks
X = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), "uint8")


def sgd_gan(generator=0.4, discriminator=0.1, **kwargs):
    model = gan(**kwargs)
    model.compile(*(keras.optimizers.SGD(rate) for rate in (generator, discriminator)))
    return model


def rates(model):
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    return [float(optimizer.learning_rate) for optimizer in optimizers]


def test_learning_rate_scheduler_changes_the_rate_of_every_role_from_its_own():
    model, asked = sgd_gan(), []
    scheduler = C.LearningRateScheduler(lambda epoch, rate: asked.append((epoch, rate)) or rate / 2)
    history = fit(model, X, epochs=2, callbacks=[scheduler])
    np.testing.assert_allclose(asked, [(0, 0.4), (0, 0.1), (1, 0.2), (1, 0.05)], rtol=1e-6)
    np.testing.assert_allclose(rates(model), (0.1, 0.025), rtol=1e-6)
    np.testing.assert_allclose(history["learning_rate_generator"], (0.2, 0.1), rtol=1e-6)
    np.testing.assert_allclose(history["learning_rate_discriminator"], (0.05, 0.025), rtol=1e-6)


def test_reduce_lr_on_plateau_reduces_every_role_once_and_not_below_min_lr():
    model = sgd_gan()
    # No loss is lower by that much, so every epoch but the first is a plateau.
    plateau = C.ReduceLROnPlateau(
        "g_loss", mode="min", factor=0.5, patience=1, min_delta=1e6, min_lr=0.08, cooldown=0
    )
    history = fit(model, X, epochs=3, callbacks=[plateau])
    np.testing.assert_allclose(rates(model), (0.1, 0.08), rtol=1e-6)
    np.testing.assert_allclose(history["learning_rate_generator"], (0.4, 0.4, 0.2), rtol=1e-6)


@pytest.mark.parametrize("name", ["autoencoder", slow("cyclegan"), slow("wgan")])
def test_a_rate_of_zero_stops_every_network_of_a_role(name):
    """So the rate that is set is the one with which the step's graph updates."""
    model = compiled(name, dense=True)
    stop = C.LearningRateScheduler(lambda epoch, rate: 0.0 if epoch else rate)
    fit(model, dataset(model), epochs=1, callbacks=[stop])
    before = [v.numpy() for role in model.roles() for v in model.role_variables(role)]
    fit(model, dataset(model), epochs=2, initial_epoch=1, callbacks=[stop])
    after = [v.numpy() for role in model.roles() for v in model.role_variables(role)]
    for a, b in zip(after, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_rates_of_a_joint_embedding_and_of_scaled_losses():
    model = JointEmbedding(**arguments("joint_embedding"))
    model.compile(keras.optimizers.SGD(0.5))
    half = C.LearningRateScheduler(lambda epoch, rate: rate / 2)
    texts = np.array(["a", "b"] * 4, object)
    history = fit(model, X, y=texts, callbacks=[half], batch_size=4)
    assert history["learning_rate_encoder"] == [0.25]

    keras.config.set_dtype_policy("mixed_float16")
    scaled = sgd_gan()
    assert isinstance(scaled.generator_optimizer, keras.mixed_precision.LossScaleOptimizer)
    fit(scaled, X, callbacks=[half])
    np.testing.assert_allclose(rates(scaled), (0.2, 0.05), rtol=1e-6)


def test_rates_that_follow_a_schedule_are_not_set():
    model = gan()
    schedule = tfgan_zoo.schedules.LinearDecay(0.1, 100)
    model.compile(discriminator_optimizer=keras.optimizers.SGD(schedule))
    for callback in (
        C.LearningRateScheduler(lambda epoch, rate: rate),
        C.ReduceLROnPlateau("g_loss", mode="min"),
    ):
        for given in (callback, [C.History(), callback], C.CallbackList([callback], model=model)):
            with pytest.raises(
                InputError, match=r"^callbacks: .*discriminator_optimizer has a schedule"
            ):
                fit(model, X, callbacks=given)
    assert model.steps_done == 0


@pytest.mark.parametrize(
    ("callback", "sentence"),
    [
        (C.SwapEMAWeights(), "SwapEMAWeights.*ema_half_life"),
        (C.ReduceLROnPlateau("g_loss"), "ReduceLROnPlateau with mode='min' .*'g_loss'"),
        (C.EarlyStopping("val_d_loss"), "EarlyStopping with mode='min' .*'val_d_loss'"),
        (C.ModelCheckpoint("x.keras", monitor="g_loss"), "ModelCheckpoint with mode='min'"),
        (type("OrbaxCheckpoint", (C.Callback,), {})(), "OrbaxCheckpoint.*BackupAndRestore"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_callbacks_that_would_fail_in_mid_training_are_refused_before_it(callback, sentence):
    model = sgd_gan()
    with pytest.raises(InputError, match=f"^callbacks: expected .*{sentence}"):
        fit(model, X, callbacks=[callback])
    assert model.steps_done == 0


def test_tensorboard_and_backup_know_all_optimizers(tmp_path):
    model = sgd_gan()
    board = C.TensorBoard(tmp_path / "logs", write_steps_per_second=True, profile_batch=0)
    backup = C.BackupAndRestore(tmp_path / "backup")
    fit(model, X, callbacks=[board, backup], validation_data=X)
    events = b"".join(p.read_bytes() for p in (tmp_path / "logs").rglob("events*"))
    assert b"steps_per_second" in events
    if hasattr(keras.optimizers, "MultiOptimizer"):  # or TensorBoard looks at one optimizer only
        for name in (b"learning_rate_generator", b"learning_rate_discriminator"):
            assert name in events


def test_callbacks_that_set_rates_see_the_model_and_stay_as_they_are():
    """A callback of one's own that stops training does, and can be used once more."""

    class Stops(C.LearningRateScheduler):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = self.model.steps_done == 1

    model, callback = sgd_gan(), Stops(lambda epoch, rate: rate / 2)
    given = C.CallbackList([callback], model=model, add_history=True)
    for expected in (0.2, 0.1):
        history = fit(model, X, epochs=2, callbacks=given if expected == 0.2 else [callback])
        np.testing.assert_allclose(history["learning_rate_generator"][0], expected, rtol=1e-6)
        if expected == 0.2:
            assert len(history["g_loss"]) == 1
    assert given.callbacks[0] is callback


@pytest.mark.parametrize("save", ["save_model", "ModelCheckpoint"])
def test_an_h5_file_of_the_whole_model_is_refused_in_a_sentence(save, tmp_path):
    model = sgd_gan()
    ways = {
        "save_model": lambda name: keras.saving.save_model(model, name),
        "ModelCheckpoint": lambda name: fit(model, X, callbacks=[C.ModelCheckpoint(name)]),
    }
    with pytest.raises(InputError, match=r"expected a .* ends in \.keras, .*\.weights\.h5"):
        ways[save](tmp_path / "m.h5")


def test_the_models_optimizer_is_all_of_them():
    model = gan()
    assert model.optimizer is None
    model.compile("sgd", "adam")
    theirs = model.generator_optimizer.variables + model.discriminator_optimizer.variables
    assert list(map(id, model.optimizer.variables)) == list(map(id, theirs))
    with pytest.raises(AttributeError, match=r"model\.generator_optimizer\.learning_rate and"):
        _ = model.optimizer.learning_rate
    with pytest.raises(InputError, match=r"model\.generator_optimizer\.learning_rate and"):
        model.optimizer.learning_rate = 1.0
    with pytest.raises(InputError, match=r"^optimizer: expected generator_optimizer and"):
        model.optimizer = "adam"
    model.summary(print_fn=lambda text: None)


def test_nothing_of_it_is_saved(tmp_path):
    """The layout of files is what it was, so that earlier ones load."""
    model = sgd_gan(ema_half_life=10.0)
    fit(model, X)
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        kept = {"averages", "discriminator", "generator", "vars"}
        kept |= {"discriminator_optimizer", "generator_optimizer"}
        assert {name for name in file if len(file[name])} == kept
        assert "optimizer" not in file
    other = sgd_gan(ema_half_life=10.0)
    other.load_weights(tmp_path / "model.weights.h5")
    for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert samples(other).shape == (4, 8, 8, 1)
