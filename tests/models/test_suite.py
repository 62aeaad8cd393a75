"""What holds for every model of the zoo."""

import json
import math
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow, slow_except
from tests.models import linear
from tests.models.tiny import (
    CLASSES,
    CONDITIONAL,
    EACH_KIND,
    EMBEDDING,
    GAMES,
    IMAGE_TO_IMAGE,
    LATENT,
    MODELS,
    NOISE_TO_IMAGE,
    SHAPE,
    assert_close,
    assert_same,
    compiled,
    dataset,
    each_kind,
    every_model,
    fit,
    one_kind,
    optimizers,
    options,
    request,
    samples,
    shape_of,
    shared,
    state,
    step,
    tiny,
    two_kinds,
)
from tfgan_zoo.data.pipeline import mapped
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import base
from tfgan_zoo.models.mechanics.optimizers import apply_gradients
from tfgan_zoo.models.mechanics.parts import random_images
from tfgan_zoo.run.building import model_arguments

ROLES = ("generator", "discriminator")
each_sampler = pytest.mark.parametrize("name", slow_except(("gan", "dcgan"), NOISE_TO_IMAGE))


def seeded(name, run_eagerly=False, **kwargs):
    keras.utils.set_random_seed(0)
    model = tiny(name, **kwargs)
    model.compile(run_eagerly=run_eagerly)
    return model


def without_metrics(state):
    return [(name, value) for name, value in state if not name.endswith(("/total", "/count"))]


def assert_finite(history):
    for name, values in history.items():
        assert np.all(np.isfinite(values)), name


# ---------------------------------------------------------------------- fitting


# The others take a step below, and train in tests of their own: graphs take seconds to make.
@pytest.mark.parametrize("name", slow_except(("dcgan",), MODELS))
def test_fit_evaluate_predict(name):
    model = compiled(name)
    traced = []
    train_step = model.train_step
    model.train_step = lambda data: traced.append(data) or train_step(data)
    logs = fit(model, dataset(model, 2), epochs=2, validation_data=dataset(model, 1, seed=1))
    assert set(logs) == {f"{v}{log}" for log in model.log_names for v in ("", "val_")}
    assert_finite(logs)
    assert len(traced) == 1
    assert int(model.step) == 4
    assert int(model.images_seen) == 4 * model.samples_per_step(4)
    before = state(model)
    again = [model.evaluate(dataset(model), return_dict=True, verbose=0) for _ in range(2)]
    assert set(again[0]) == set(model.log_names)
    assert again[0] == again[1]
    assert_same(without_metrics(state(model)), without_metrics(before))
    other = {"joint_embedding": (EMBEDDING,), "classifier": (CLASSES,)}
    shape = other.get(name, shape_of(name))
    assert model.predict(request(model, 2), verbose=0).shape == (2, *shape)


@pytest.mark.parametrize("name", ["gan", "dcgan", "pix2pix"])  # dropout; batch norm; both
def test_evaluating_with_all_options_changes_nothing(name):
    model = compiled(name, **options(name))
    before = state(model)
    model.evaluate(dataset(model), verbose=0)
    assert_same(without_metrics(state(model)), without_metrics(before))


def test_kinds_of_data():
    model = compiled("dcgan")
    images, labels = samples(model, 2), np.arange(8)
    floats = images.astype("float32") / 127.5 - 1
    expected = model.images(images)
    assert expected.dtype == tf.float32
    assert float(tf.reduce_min(expected)) == -1
    assert float(tf.reduce_max(expected)) == 1
    for data in (floats, (images,), (images, labels), {"image": images, "label": labels}):
        np.testing.assert_allclose(model.images(data), expected, atol=1e-6)
    with pytest.raises(InputError, match=r"\(batch, 16, 16, 3\), got \(8, 16, 16, 1\)"):
        model.images(images[..., :1])
    with pytest.raises(InputError, match="got type int32"):
        model.images(images.astype("int32"))
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4, drop_remainder=True)
    named = mapped(batches, lambda images, labels: {"image": images, "label": labels})
    inputs = [
        {"x": images, "batch_size": 4},
        {"x": floats, "batch_size": 4},
        {"x": images, "y": labels, "batch_size": 4},
        {"x": batches},
        {"x": named},
    ]
    histories = []
    for data in inputs:
        model = seeded("dcgan", run_eagerly=True, dense=True)
        histories.append(model.fit(**data, shuffle=False, verbose=0).history)
        for log, values in histories[-1].items():
            np.testing.assert_allclose(values, histories[0][log], rtol=1e-4, atol=1e-5)


def test_keras_does_not_warn_of_its_own_default():
    model = seeded("dcgan", run_eagerly=True, dense=True)
    batches = tf.data.Dataset.from_tensors(samples(model)).repeat(2)
    model.fit(batches, verbose=0)
    model.fit(batches, None, None, 1, 0)
    model.fit(((batch,) for batch in batches), steps_per_epoch=1, verbose=0)
    with pytest.warns(UserWarning, match="`shuffle=True` was passed"):
        model.fit(batches, shuffle=True, verbose=0)
    with pytest.warns(UserWarning, match="`shuffle=True` was passed"):
        model.fit(batches, None, None, 1, 0, None, 0.0, None, True)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # of which fit cannot know
def test_the_end_of_the_data_is_no_step():
    model = compiled("gan")
    unknown = dataset(model, 3).filter(lambda batch: True)
    fit(model, unknown, epochs=2)
    assert model.steps_done == 6
    assert int(model.generator_optimizer.iterations) == 6
    assert int(model.images_seen) == 6 * model.samples_per_step(4)


@pytest.mark.slow
def test_batches_that_cannot_be_shared_out():
    model = compiled("wgan", packing=2)
    with pytest.raises(InputError, match="a multiple of 4 samples"):
        model.images(samples(model)[:6])
    batches = tf.data.Dataset.from_tensor_slices(samples(model)[:6]).batch(16)  # no static size
    with pytest.raises(InputError, match="a multiple of 4 samples"):
        model.fit(batches, shuffle=False, verbose=0)


@each_kind
def test_an_update_moves_its_own_role_only(name, monkeypatch):
    model = compiled(name, **options(name))
    roles = []

    def trainable():
        return {
            (role, i): variable.numpy()
            for role in model.roles()
            for i, variable in enumerate(model.role_variables(role))
        }

    def watched(role, *args):
        before = trainable()
        logs = update(role, *args)
        moved = {key[0] for key, value in trainable().items() if np.any(value != before[key])}
        assert moved == {role}
        roles.append(role)
        return logs

    def all_gradients(optimizer, gradients, variables):
        missing = [v.path for g, v in zip(gradients, variables, strict=True) if g is None]
        assert not missing
        apply_gradients(optimizer, gradients, variables)

    monkeypatch.setattr(base, "apply_gradients", all_gradients)
    update, model.update = model.update, watched
    step(model, samples(model))
    assert set(roles) == set(model.roles())


@pytest.mark.parametrize("name", [name for name in MODELS if name not in EACH_KIND])
def test_every_other_model_learns_in_a_step(name):
    """What is tested of one model of each kind alone, in its shortest form."""
    model = tiny(name, dense=True)
    model.compile(run_eagerly=True)
    before = {role: [v.numpy() for v in model.role_variables(role)] for role in model.roles()}
    logs = step(model, samples(model))
    assert set(logs) == set(model.log_names)
    assert_finite(logs)
    assert model.steps_done == 1
    for role, values in before.items():
        weights = model.role_variables(role)
        assert any(np.any(w != v) for w, v in zip(weights, values, strict=True)), role
        assert all(np.all(np.isfinite(w)) for w in weights), role


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("dcgan", {"r1_gamma": 1.0, "dense": True}),  # a pass for both updates
        slow("wgan_gp", {"discriminator_steps": 1}),
        ("relativistic_gan", {"policy": "mixed_float16", "dense": True}),
        slow("cyclegan", {}),  # two networks for each role, and each runs several times
        slow("gan_cls", {}),
        slow("srgan", {"adversarial_weight": 0.0}),
    ],
)
def test_regularizers_of_weights(name, arguments, role):
    """L2 of 3: besides the game's gradient, 6 w times the rate, of this player's weights alone."""
    arguments = dict(arguments)
    keras.config.set_dtype_policy(arguments.pop("policy", "float32"))

    def stepped(regularizer):
        keras.utils.set_random_seed(0)
        model = tiny(name, **arguments)
        model.compile("sgd", "sgd")  # at 0.01
        if name == "relativistic_gan":
            for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
                optimizer.dynamic_scale.assign(2.0**8)
        weights = [v for v in model.role_variables(role) if "kernel" in v.name]
        for weight in weights:
            weight.regularizer = regularizer
        before = [w.numpy() for w in weights]
        logs = step(model, samples(model))
        return before, [w.numpy() for w in weights], {k: float(v) for k, v in logs.items()}

    before, plain, logs = stepped(None)
    _, regularized, same_logs = stepped(keras.regularizers.L2(3.0))
    moves = not (name == "srgan" and role == "discriminator")  # SRResNet has none in the game
    for w, a, b in zip(before, plain, regularized, strict=True):
        np.testing.assert_allclose(b - a, -0.06 * w * moves, rtol=1e-3, atol=2e-6)
    if role == "generator":
        assert same_logs == logs


def test_a_kernel_regularizer_by_hand():
    """C(x) = the mean of x, w = 1/768 each, on samples that are zero: only the penalty pulls."""
    model = linear.linear("lsgan", a=0.0, b=0.0)
    dense = model.discriminator.layers[-1]
    dense.kernel.regularizer = keras.regularizers.L2(2.0)
    model.compile("sgd", keras.optimizers.SGD(0.1))
    zeros = tf.zeros([4, *SHAPE])
    model.update("discriminator", model.discriminator_loss, zeros, zeros)
    np.testing.assert_allclose(dense.kernel, (1 - 0.1 * 2 * 2) / 768 * np.ones((768, 1)), rtol=1e-5)


@pytest.mark.parametrize("rematerialize", [False, True])
def test_losses_of_activities_are_refused(rematerialize):
    model = tiny("dcgan", dense=True)
    model.compile(rematerialize=rematerialize)
    model.generator.layers[1].activity_regularizer = keras.regularizers.L2(1.0)
    with pytest.raises(InputError, match="activity_regularizer or add_loss"):
        step(model, samples(model))


@one_kind
def test_eager_equals_graph(name):
    averaged = {"ema_half_life": 50.0} if MODELS[name].shown else {}
    # The RMSprop of this paper makes full steps of rounding.
    optimizer = ["sgd"] if name == "joint_embedding" else []
    states = []
    for run_eagerly in (True, False):
        keras.utils.set_random_seed(0)
        model = tiny(name, **averaged)
        model.compile(*optimizer, run_eagerly=run_eagerly)
        fit(model, dataset(model, 2))
        states.append(state(model))
    assert_close(*states, rtol=1e-3, atol=2e-5)


@pytest.mark.slow
def test_the_seed_decides():
    first = seeded("gan", run_eagerly=True)
    fit(first, dataset(first, 2))
    same, other = (seeded("gan", run_eagerly=True, seed=seed) for seed in (0, 1))
    fit(same, dataset(same, 2))
    fit(other, dataset(other, 2))
    assert_same(state(same), state(first))
    assert np.any(other.generator.get_weights()[0] != first.generator.get_weights()[0])


def test_initial_weights_follow_from_keras_seed():
    """And not from the model's, which is of what its steps draw."""
    made = []
    for keras_seed, seed in ((3, 0), (3, 1), (4, 0)):
        keras.utils.set_random_seed(keras_seed)
        made.append(MODELS["gan"]((4, 4, 1), LATENT, seed=seed).generator.get_weights())
    first, same, other = made
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(first[0] != other[0])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", slow("mixed_float16")])
@one_kind
def test_mixed_precision(name, policy):
    keras.config.set_dtype_policy(policy)
    model = tiny(name)
    model.compile(run_eagerly=True)  # A graph takes longer to make than to run twice.
    first, *_ = optimizers(model)
    scaled = [
        isinstance(each, keras.mixed_precision.LossScaleOptimizer)
        for each in optimizers(model).values()
    ]
    assert scaled == [policy == "mixed_float16"] * len(scaled)
    weights = model.role_variables(first)
    before = weights[0].numpy()
    assert_finite(fit(model, dataset(model, 2)))
    assert all(v.dtype == "float32" for v in weights)
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())
    if policy == "mixed_bfloat16":  # The first steps in float16 only find the loss scale.
        assert np.any(before != weights[0].numpy())
    images = model.predict(request(model, 2), verbose=0)
    assert images.dtype == np.float32
    assert np.all(np.isfinite(images))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*GAMES, CONDITIONAL])
def test_xla(name):
    extra = {"packing": 2, "r1_gamma": 1.0, "r1_every": 2} if name in NOISE_TO_IMAGE else {}
    model = tiny(name, dense=True, **extra)
    model.compile(jit_compile=True)
    weights = model.role_variables("discriminator")
    before = weights[0].numpy()
    assert_finite(fit(model, dataset(model)))
    assert np.any(before != weights[0].numpy())


# ---------------------------------------------------------------------- moving average


def test_moving_average():
    model = tiny("dcgan", ema_half_life=10.0, ema_ramp_up=1.0)
    model.compile(run_eagerly=True)
    average, before = model.averages[0], model.generator.get_weights()[0]
    assert average is model.sampling_network(model.generator)
    fit(model, dataset(model))
    # Four images seen: a half-life of four, so half of the old weights is kept.
    expected = (before + model.generator.get_weights()[0]) / 2
    np.testing.assert_allclose(average.get_weights()[0], expected, rtol=1e-5, atol=1e-7)
    # Batch statistics are averages already.
    for ours, theirs in zip(model.generator.variables, average.variables, strict=True):
        if "moving" in ours.path:
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    z = model.sample_latents(2)
    np.testing.assert_allclose(model.generate(latents=z), average(z), atol=1e-6)


@pytest.mark.parametrize(("ramp_up", "least", "most"), [(0.05, 0.0, 0.02), (1e6, 0.99, 1.0)])
def test_an_early_average_holds_nothing_untrained(ramp_up, least, most):
    """It follows the weights from the first step on; without the ramp it would not leave them."""
    model = tiny("dcgan", dense=True, ema_half_life=1e6, ema_ramp_up=ramp_up)
    model.compile("sgd", "sgd", run_eagerly=True)
    before = model.generator.get_weights()[0]
    for _ in range(3):
        fit(model, dataset(model))
    after, average = (net.get_weights()[0] for net in (model.generator, model.averages[0]))
    left = np.linalg.norm(average - after) / np.linalg.norm(before - after)
    assert least <= left <= most


@pytest.mark.parametrize(
    "policy", [slow("mixed_bfloat16"), "mixed_float16", "bfloat16", slow("float16")]
)
def test_average_and_accuracy_of_any_type(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    model = tiny(
        "dcgan", dense=True, ema_half_life=10.0, ema_ramp_up=1.0, skip_discriminator_above=0.95
    )
    model.compile("sgd", "sgd", run_eagerly=True)
    before = model.generator.get_weights()[0].astype("float32")
    model.accuracy.assign(0.9)
    logs = fit(model, dataset(model))
    assert_finite(logs)
    after = model.generator.get_weights()[0].astype("float32")
    average = model.averages[0].get_weights()[0]
    # Four images seen: a half-life of four, so half of the old weights is kept.
    np.testing.assert_allclose(average, (before + after) / 2, rtol=1e-5, atol=1e-7)
    assert average.dtype == "float32"
    new = logs["d_accuracy"][0]
    assert float(model.accuracy) == pytest.approx(0.9 * 0.9 + 0.1 * new)
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert_same(state(loaded), state(model))


def test_an_average_in_half_precision_moves():
    """By a share of 1/3600 a step, where bfloat16 knows 1 and 1.0078 but nothing in between."""
    keras.config.set_dtype_policy("bfloat16")
    model = tiny("dcgan", dense=True, ema_half_life=10_000.0)
    ours, average = model.generator.variables[0], model.averages[0].variables[0]
    assert (ours.dtype, average.dtype) == ("bfloat16", "float32")
    average.assign(tf.ones(average.shape))
    ours.assign(tf.fill(ours.shape, 2.0))
    model.images_seen.assign(10**9)
    for _ in range(3):
        model.end_step(dict.fromkeys(model.log_names, tf.zeros([])), tf.zeros([4, *SHAPE]))
    np.testing.assert_allclose(average, 2 - 0.5 ** (12 / 10_000), rtol=1e-6)
    z = model.sample_latents(2)
    expected = [layer.compute_dtype for layer in model.generator.layers]
    assert [layer.compute_dtype for layer in model.averages[0].layers] == expected
    assert model.generate(latents=z).dtype == np.float32


# ---------------------------------------------------------------------- saving and resuming


@each_kind
def test_config(name):
    model = tiny(name, **options(name), seed=3, name="mine")
    copy = type(model).from_config(model.get_config())
    assert json.dumps(copy.get_config()) == json.dumps(model.get_config())
    for role, networks in model.roles().items():
        for network, other in zip(networks, copy.roles()[role], strict=True):
            assert type(other) is type(network)
            assert other is not network
    assert copy.count_params() == model.count_params()


@two_kinds
def test_resumed_training_is_the_uninterrupted_one(name, tmp_path):
    # Eagerly, as making three graphs takes longer.
    resume_halfway(name, tmp_path / "model.keras", steps=1, run_eagerly=True)


@pytest.mark.slow
@every_model
def test_resumed_training_with_all_options_is_the_uninterrupted_one(name, tmp_path):
    arguments = {"dense": True, **options(name)}
    whole = resume_halfway(name, tmp_path / "model.keras", **arguments)
    whole.save_weights(tmp_path / "model.weights.h5")
    fresh = compiled(name, **arguments)
    fresh.load_weights(tmp_path / "model.weights.h5")
    assert_same(state(fresh), state(whole))


def resume_halfway(name, path, steps=2, run_eagerly=False, **arguments):
    keras.utils.set_random_seed(0)
    whole = tiny(name, **arguments)
    whole.compile(run_eagerly=run_eagerly)
    fit(whole, dataset(whole, steps))
    whole.save(path)
    saved = state(whole)
    logs = fit(whole, dataset(whole, steps, first=steps))

    loaded = tfgan_zoo.load_model(path)
    assert_same(state(loaded), saved)
    assert fit(loaded, dataset(loaded, steps, first=steps)) == logs
    assert_same(state(loaded), state(whole))
    return whole


def test_settings_of_compile_are_saved(tmp_path):
    model = tiny("dcgan")
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.5)
    model.compile(keras.optimizers.Adam(schedule), "sgd", run_eagerly=True, steps_per_execution=2)
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    assert isinstance(loaded.discriminator_optimizer, keras.optimizers.SGD)
    uncompiled = tiny("dcgan")
    uncompiled.save(tmp_path / "uncompiled.keras")
    assert not tfgan_zoo.load_model(tmp_path / "uncompiled.keras").compiled


def test_an_optimizer_serves_one_role():
    adam = keras.optimizers.Adam()
    with pytest.raises(InputError, match="of its own"):
        tiny("dcgan").compile(adam, adam)


def test_averages_that_reach_no_weight_are_refused():
    averaging = {"class_name": "Adam", "config": {"use_ema": True}}
    model = tiny("dcgan", dense=True)
    for optimizer in (
        averaging,
        keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(use_ema=True)),
    ):
        with pytest.raises(InputError, match=r"^discriminator_optimizer: .*ema_half_life"):
            model.compile(discriminator_optimizer=optimizer)
    overwriting = keras.optimizers.SGD(0.1, use_ema=True, ema_overwrite_frequency=1)
    model.compile(overwriting)  # which does what it says
    before = model.generator.get_weights()[0]
    step(model, samples(model))
    step(model, samples(model))
    average = overwriting._model_variables_moving_average[0]
    np.testing.assert_array_equal(model.generator.get_weights()[0], average)
    assert np.any(average.numpy() != before)


def test_weights_of_samples_are_refused():
    model = tiny("dcgan", dense=True)
    model.compile(run_eagerly=True)
    images, ones = samples(model), np.ones(4)
    for said, call in (
        ("sample_weight", lambda: model.fit(images, sample_weight=ones, verbose=0)),
        (
            "sample_weight",
            lambda: model.fit(images, None, 4, 1, 0, None, 0.0, None, True, None, ones),
        ),
        ("class_weight", lambda: model.fit(images, ones, class_weight={0: 2.0}, verbose=0)),
        ("sample_weight", lambda: model.train_on_batch(images, None, ones)),
        ("class_weight", lambda: model.train_on_batch(images, ones, class_weight={0: 2.0})),
    ):
        with pytest.raises(InputError, match=f"^{said}: expected None, got "):
            call()
    assert model.steps_done == 0
    model.train_on_batch(images)
    model.fit(images, sample_weight=None, class_weight=None, verbose=0)
    assert model.steps_done == 2


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def test_accumulated_gradients_of_halves_are_those_of_the_whole(tmp_path):
    """And a checkpoint between the halves holds what was accumulated."""
    whole, halves, resumed = (tiny("dcgan", dense=True) for _ in range(3))
    whole.compile(discriminator_optimizer=keras.optimizers.Adam(1e-2))
    for model in (halves, resumed):
        model.set_weights(whole.get_weights())
        model.compile(
            discriminator_optimizer=keras.optimizers.Adam(1e-2, gradient_accumulation_steps=2)
        )
    images = tf.cast(samples(whole), tf.float32) / 127.5 - 1

    def one_update(model, images):
        model.update(
            "discriminator", lambda x: (tf.reduce_mean(model.discriminator(x)), {}), images
        )

    one_update(whole, images)
    one_update(halves, images[:2])
    for a, b in zip(
        halves.discriminator.get_weights(), resumed.discriminator.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    halves.save_weights(tmp_path / "half.weights.h5")
    resumed.load_weights(tmp_path / "half.weights.h5")
    one_update(resumed, images[2:])
    for a, b in zip(
        resumed.discriminator.get_weights(), whole.discriminator.get_weights(), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.slow
def test_keras_callbacks(tmp_path):
    def callbacks(folder):
        return [
            keras.callbacks.BackupAndRestore(folder / "backup"),
            keras.callbacks.ModelCheckpoint(
                folder / "best.keras", monitor="g_loss", mode="min", save_best_only=True
            ),
            keras.callbacks.EarlyStopping(monitor="g_loss", mode="min", patience=9),
            keras.callbacks.TensorBoard(folder / "logs"),
        ]

    whole = seeded("gan", ema_half_life=50.0)
    csv = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    fit(whole, dataset(whole, 2), epochs=3, callbacks=[*callbacks(tmp_path / "a"), csv])
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert set(lines[0].split(",")) >= {"epoch", *whole.log_names}
    assert len(lines) == 4

    stopped = seeded("gan", ema_half_life=50.0)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, dataset(stopped, 2), epochs=3, callbacks=[*callbacks(tmp_path / "b"), Stop()])
    resumed = compiled("gan", ema_half_life=50.0)
    fit(resumed, dataset(resumed, 2), epochs=3, callbacks=callbacks(tmp_path / "b"))

    assert_same(state(resumed), state(whole))
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert tfgan_zoo.load_model(folder / "best.keras").compiled
        assert list((folder / "logs" / "train").glob("events*"))


# ---------------------------------------------------------------------- use


@each_sampler
def test_generate(name):
    model = shared(name)
    images = model.generate(8, seed=1)
    assert images.shape == (8, *shape_of(name))
    assert images.dtype == np.float32
    assert np.all(np.abs(images) <= 1)
    np.testing.assert_allclose(model.generate(3, seed=1), images[:3], atol=1e-6)
    np.testing.assert_allclose(model.generate(8, seed=1, batch_size=3), images, atol=1e-6)
    assert np.any(np.abs(model.generate(8, seed=2) - images) > 1e-4)
    latents = model.sample_latents(8, seed=1)
    np.testing.assert_allclose(model.generate(latents=latents), images, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"num": 2.0}, "num: expected a whole number from 1 up, got 2.0"),
        ({"num": 2, "seed": 0.5}, "seed: expected a whole number from .* got 0.5"),
        ({"num": 2, "seed": 2**63}, "seed: .* to 2\\*\\*63 - 1, got 9223372036854775808"),
        ({"seeds": [1, 2**63]}, "seeds: .* to 2\\*\\*63 - 1, got"),
        ({"seeds": [2**80]}, "seeds: .* to 2\\*\\*63 - 1, got"),
        ({"seeds": np.zeros(0, np.int64)}, "seeds: .* one or more"),
        ({"latents": np.zeros((0, LATENT))}, r"latents: expected one or more, .* got \(0, 8\)"),
    ],
    ids=str,
)
def test_what_generate_is_given(given, sentence):
    with pytest.raises(InputError, match=sentence):
        shared("dcgan").generate(**given)
    if "latents" not in given:
        text = {"embeddings": np.zeros((1, EMBEDDING))}
        with pytest.raises(InputError, match=sentence):
            shared("gan_cls").generate(**text, **given)
    with pytest.raises(InputError, match="embeddings: expected one or more"):
        shared("gan_cls").generate(embeddings=np.zeros((0, EMBEDDING)))


def test_predicting_is_one_batch_at_a_time():
    """Keras would trace a graph for each number of batches, for `steps_per_execution` above 1."""
    made = {}
    for steps in (1, 4):
        keras.utils.set_random_seed(0)
        model = tiny("dcgan")
        model.compile(steps_per_execution=steps)
        made[steps] = [model.generate(num, batch_size=2) for num in (2, 4, 6, 10)]
        assert model.predict_function.experimental_get_tracing_count() == 1
        assert model.steps_per_execution == steps
    for one, several in zip(*made.values(), strict=True):
        np.testing.assert_array_equal(several, one)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("dcgan", "generate"),
        ("attribute_to_image", "generate"),
        ("pix2pix", "translate"),
        ("pix2pix_hd", "translate"),
        ("vae", "reconstruct"),
    ],
)
def test_images_of_weights_that_are_not_finite_bring_a_warning(name, method):
    model = tiny(name)
    for weight in (w for w in model.weights if w.dtype == "float32"):
        weight.assign(np.full(weight.shape, np.nan))
    given = 2
    if method == "translate":
        given = random_images(model.source_shape("a_to_b"), 2)
    elif method == "reconstruct":
        given = random_images(SHAPE, 2)
    elif name == "attribute_to_image":
        given = np.zeros((2, 6), np.float32)
    with pytest.warns(UserWarning, match="2 of 2 outputs have NaN or infinity: the model's"):
        getattr(model, method)(given)


class OutputsByName(MODELS["dcgan"]):
    """A model of a user's own, whose `call` returns a dict."""

    def call(self, inputs, training=False):
        return {"image": super().call(inputs, training), "latents": inputs}


def test_outputs_of_several_parts_are_predicted():
    players = tiny("dcgan")
    model = OutputsByName(SHAPE, LATENT, players.generator, players.discriminator)
    latents = model.sample_latents(3)
    made = model.predict(latents, verbose=0)
    assert made["image"].shape == (3, *SHAPE)
    with pytest.warns(UserWarning, match="1 of 3 outputs has NaN or infinity"):
        model.predict(np.where(np.arange(3)[:, None] == 1, np.inf, latents), verbose=0)


def test_seeds_of_64_bits():
    model = shared("dcgan")
    ends = model.generate(seeds=[-(2**63), 2**63 - 1])
    assert np.max(np.abs(ends[0] - ends[1])) > 0
    np.testing.assert_array_equal(model.generate(2, seed=np.int64(7)), model.generate(2, seed=7))
    np.testing.assert_array_equal(
        model.generate(seeds=np.array([3, 4], np.uint64)), model.generate(seeds=[3, 4])
    )


@pytest.mark.parametrize("name", IMAGE_TO_IMAGE)
def test_what_translate_is_given(name):
    model = shared(name)
    given = model.example_batch(3)["a"]
    made = model.translate(given)
    np.testing.assert_allclose(model.translate(list(given)), made, atol=1e-6)
    np.testing.assert_allclose(model.translate([tf.constant(x) for x in given]), made, atol=1e-6)
    sizes = [given[0], given[0][:-2]]
    for images in (sizes, [tf.constant(x) for x in sizes]):
        with pytest.raises(InputError, match=r"images: expected images of one shape, got \("):
            model.translate(images)
    with pytest.raises(InputError, match=r"floats in \[-1, 1\], got floats up to \d+; give"):
        model.translate(given.astype("float32"))
    # Those that a network overshoots to are none of 0..255.
    overshot = np.full((1, *given.shape[1:]), -1.4, "float32")
    assert np.all(np.isfinite(model.translate(overshot)))


def test_generate_refuses():
    model = shared("dcgan")
    for arguments in ({}, {"num": 2, "latents": np.zeros((2, LATENT))}):
        with pytest.raises(InputError, match="either num or latents or seeds"):
            model.generate(**arguments)
    with pytest.raises(InputError, match="from 1 up, got 0"):
        model.generate(0)
    with pytest.raises(InputError, match=r"\(num, 8\), got \(2, 9\)"):
        model.generate(latents=np.zeros((2, 9)))


@pytest.mark.parametrize("name", slow_except(("dcgan",), GAMES))
def test_export(name, tmp_path):
    model = compiled(name)
    step(model, samples(model))
    path = tmp_path / "export" / "1"
    model.export(path)
    signatures = tf.saved_model.load(path).signatures
    assert {*model.endpoints(), "serving_default"} <= set(signatures)
    for endpoint, (function, _, example) in model.endpoints().items():
        given = {key: tf.constant(value) for key, value in example(3).items()}
        (expected,) = function(*given.values()).values()
        (images,) = signatures[endpoint](**given).values()
        np.testing.assert_allclose(images, expected, atol=1e-5)
    main = next(iter(model.endpoints().values()))
    given = {key: tf.constant(value) for key, value in main.example(3).items()}
    (images,) = signatures["serving_default"](**given).values()
    np.testing.assert_allclose(images, *main.function(*given.values()).values(), atol=1e-5)
    # The generators' variables, some of which serve training alone, and no other.
    stored = tf.train.list_variables(path / "variables" / "variables")
    shapes = Counter(tuple(shape) for name, shape in stored if name.endswith("VARIABLE_VALUE"))
    generators = [
        *model.shown_networks(),
        *([model.text_encoder] if name == "gan_cls" else []),
        *([model.frozen("features")] if name == "dtn" else []),
    ]
    assert shapes <= Counter(tuple(v.shape) for g in generators for v in g.variables)
    assert shapes >= Counter(tuple(v.shape) for g in generators for v in g.trainable_variables)
    assert [p.name for p in path.parent.iterdir()] == ["1"]
    with pytest.raises(InputError, match="does not exist"):
        model.export(path)


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    model = tiny("dcgan")
    (tmp_path / "export").mkdir()

    def broken(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(tf.saved_model, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        model.export(tmp_path / "export" / "1")
    assert not list((tmp_path / "export").iterdir())


@each_sampler
def test_networks_must_fit_the_images(name):
    model, shape = shared(name), shape_of(name)
    larger, packed = (32,) * (len(shape) - 1) + shape[-1:], (*shape[:-1], 2 * shape[-1])
    for slot, wrong in (("generator", larger), ("discriminator", packed)):
        expected = rf"{slot}: .*\(batch, {', '.join(map(str, wrong))}\)"
        given = (larger, 1) if slot == "generator" else (shape, 2)
        with pytest.raises(InputError, match=expected):
            MODELS[name](given[0], LATENT, model.generator, model.discriminator, packing=given[1])


class Subclassed(keras.Model):
    """Networks with a `call` of their own, which know no shapes."""

    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Dense(int(np.prod(SHAPE)))

    def call(self, inputs):
        return tf.reshape(self.layer(inputs), [-1, *SHAPE])


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        *(("dcgan", role) for role in ROLES),
        *(slow(name, role) for name in ("pix2pix", "srgan") for role in ROLES),
        slow("gan_cls", "generator"),
        ("gan_cls", "text_encoder"),
        slow("cyclegan", "generator_b_to_a"),
        ("cyclegan", "discriminator_a"),
    ],
)
def test_networks_of_unknown_shapes(name, argument):
    model = shared(name)
    for network in (Subclassed(), keras.Sequential([keras.layers.Dense(3)])):
        config = model.get_config()
        with pytest.raises(InputError, match=rf"^{argument}: expected a functional keras\.Model"):
            MODELS[name].from_config(config | {argument: network})


def test_a_subclassed_network_made_functional():
    x = keras.Input((LATENT,))
    generator = keras.Model(x, Subclassed()(x))
    model = MODELS["dcgan"](SHAPE, LATENT, generator, tiny("dcgan", dense=True).discriminator)
    model.compile()
    assert_finite(step(model, samples(model)))


#: Values that the arguments of models cannot have.
OUT_OF_RANGE = {
    "packing": (0, -1, 1.5, True),
    "discriminator_steps": (0, -1, 2.5),
    "r1_every": (0, 1.5),
    "r1_gamma": (-1.0, math.nan),
    "r2_gamma": (-1.0, math.nan),
    "num_classes": (1, -2, 2.5, "3", True),
    "class_names": ("ab", [1, 2]),
    "fake_labels": ("mixed", 1),
    "label_smoothing": (-0.1, 1.0, 1.5, "0.1"),
    "ema_half_life": (0.0, -1.0, math.nan),
    "ema_ramp_up": (0.0, -0.05, math.nan, None),
    "skip_discriminator_above": (0.4, 1.0, math.nan),
    "latent_distribution": ("cauchy",),
    "diff_augment": (["colour"],),
    "augment_probability": (-0.1, 1.5, math.nan, "0.5"),
    "ada_target": (-0.1, 1.0, math.nan, "0.6"),
    "ada_kinds": (["spin"], "hue:2", ("flip", "flip")),
    "ada_speed": (0.0, -1.0, math.nan),
    "interpolation_weights": (1.0, (1.0,), (1.0, -1.0), (1.0, math.nan)),
    "clip": (0.0, -0.01),
    "penalty_weight": (-1.0,),
    "cycle_weight": (-1.0,),
    "identity_weight": (-0.5,),
    "pool_size": (-1,),
    "l1_weight": (-1.0,),
    "gan_weight": (-1.0,),
    "feature_weight": (-1.0,),
    "tv_weight": (-1.0, math.nan),
    "num_scales": (0, 1.5),
    "feature_matching": (-1.0, math.nan),
    "perceptual_weight": (-1.0, math.nan),
    "style_size": (-1, 1.5),
    "features_file": (3,),
    "adversarial_weight": (-1e-3,),
    "beta": (-0.1, math.nan),
    "sigma": (0.0, -1.0),
    "draws": (0, 1.5),
    "stage": (-1, 0.5),
    "corruption_level": (-0.1, math.nan),
    "rho": (0.0, 1.0, math.nan),
    "sparsity_weight": (-1.0, math.nan),
    "embedding_weight": (-1.0,),
}


@every_model
def test_arguments_out_of_range(name):
    """Are refused in a sentence that begins with the argument, before any network is made."""
    taken = OUT_OF_RANGE.keys() & model_arguments(MODELS[name])
    assert ({"ema_half_life", "ema_ramp_up"} <= taken) == (MODELS[name].shown is not None)
    assert ("skip_discriminator_above" in taken) == (name in (*GAMES, CONDITIONAL))
    for argument in taken:
        for value in OUT_OF_RANGE[argument]:
            with pytest.raises(InputError, match=rf"^{argument}: .*expected .*\.$"):
                MODELS[name](**{argument: value})


@one_kind
def test_keras_auto_is_the_default(name):
    model = tiny(name)
    model.compile(jit_compile="auto", steps_per_execution="auto")
    assert model.jit_updates is False
    assert model.steps_per_execution == 1
    for setting, value in (
        ("steps_per_execution", 0),
        ("steps_per_execution", "many"),
        ("jit_compile", "yes"),
    ):
        with pytest.raises(InputError, match=rf"^{setting}: expected .* got {value!r}\.$"):
            model.compile(**{setting: value})


@each_sampler
def test_the_paper_is_the_default(name):
    others = {"gan": (28, 28, 1), "wgan_gp": (32, 32, 3), "gan_3d": (8, 8, 8, 1)}
    shape = others.get(name, (16, 16, 1))
    model = MODELS[name](shape)
    model.compile()
    assert model.generate(2).shape == (2, *shape)
    assert model.discriminator(np.zeros((2, *shape), "float32")).shape == (2, 1)


# ---------------------------------------------------------------------- precision, in the long run


UNSTEADY = ("biggan",)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@every_model
def test_half_precision_learns_as_float32_does(name, policy):
    """In the first steps, and still after three hundred on one batch."""
    first, last = {}, {}
    # On one batch, some games go far apart from tiny differences in float32, too.
    control = "float32, rounded weights"
    for each in ("float32", policy, *[control] * (name in UNSTEADY)):
        keras.config.set_dtype_policy(each.split(",")[0])
        keras.utils.set_random_seed(0)
        model = tiny(name, dense=True)
        if each == control:
            for variable in model.trainable_variables:
                variable.assign(tf.cast(tf.cast(variable.value, tf.bfloat16), tf.float32))
        # On one batch for ever, SGD at the rate of `gan` lets weights grow without bounds.
        model.compile(*(keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in model.roles()))
        if each == "mixed_float16":  # The first steps would only look for the scale.
            for optimizer in optimizers(model).values():
                optimizer.dynamic_scale.assign(2.0**8)
        rows = tf.data.Dataset.from_tensors(samples(model))
        first[each] = fit(model, rows.repeat(3))
        fit(model, rows.repeat(250))
        last[each] = fit(model, rows.repeat(50))
        # Every player made nearly all of its updates.
        for role, each_step in model.updates_per_step.items():
            done = int(getattr(model, f"{role}_optimizer").iterations)
            assert done >= 298 * each_step, (role, done)
    assert (
        max(abs(last["float32"][log][0] - first["float32"][log][0]) for log in model.log_names)
        > 0.05
    )
    for logs in (first, last):
        found = [logs[each] for each in ("float32", control) if each in logs]
        apart = max(float(np.ptp([each[log][0] for each in found])) for log in model.main_logs)
        for log, (value,) in logs["float32"].items():
            within = pytest.approx(value, rel=0.1, abs=max(0.05, 3 * apart))
            assert logs[policy][log][0] == within, log
