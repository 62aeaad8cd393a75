"""Trains models on two replicas and on one device; run by two_replicas in a separate process."""

import contextlib
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.spectral import game
from tests.models.tiny import (
    CLASSES,
    CONDITIONAL,
    EACH_KIND,
    MODELS,
    OPTIONS,
    assert_close,
    assert_same,
    dataset,
    fit,
    samples,
    state,
    tiny,
)
from tests.two_devices import STRATEGY
from tfgan_zoo import noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.gathering import differ


def trained(name, scope, optimizer=None, regularizer=None, **kwargs):
    keras.utils.set_random_seed(0)
    with scope:
        model = tiny(name, **kwargs)
        model.compile(*[optimizer] * len(model.roles()))
    for role in model.roles():
        for weight in model.role_variables(role):
            weight.regularizer = regularizer
    return model, fit(model, dataset(model, 3))


def compare(name, **kwargs):
    one, one_logs = trained(name, contextlib.nullcontext(), **kwargs)
    two, two_logs = trained(name, STRATEGY.scope(), **kwargs)

    # Metrics and pools differ between replicas; the metrics' means are in the logs.
    def shared(model):
        own = ("/total", "/count")
        return [(n, v) for n, v in state(model) if not n.endswith(own) and "pool_" not in n]

    states = (shared(model) for model in (two, one))
    assert_close(*states, rtol=1e-4, atol=4e-6)
    for log, values in one_logs.items():
        np.testing.assert_allclose(two_logs[log], values, rtol=1e-4, atol=1e-6, err_msg=log)
    return two


def one_kind():
    compare("dcgan", dense=True, r1_gamma=1.0, r1_every=2, ema_half_life=50.0)


def each_kind():
    for name in EACH_KIND:
        # Every replica has its own pool, so none may be full yet. The first steps of RMSprop divide
        # gradients by their own size, which makes rounding visible.
        settings = {"cyclegan": {"pool_size": 50}, "joint_embedding": {"optimizer": "sgd"}}
        compare(name, dense=True, **settings.get(name, {}))


def every_other_model():
    for name in MODELS.keys() - EACH_KIND:
        compare(name, dense=True)
    later = {"objective": "non_saturating", "margin": None, "r1_gamma": 0.5, "r1_every": 2}
    compare("vae_gan", dense=True, **later)


def classes_of_fakes():
    """Labels of fakes are those of one device, however they are chosen."""
    for fake_labels in ("shuffled", "real", "uniform"):
        settings = {"ema_half_life": 50.0} if fake_labels == "shuffled" else {}
        model = compare(CONDITIONAL, dense=True, r2_gamma=1.0, fake_labels=fake_labels, **settings)
        if fake_labels == "shuffled":
            refused(
                "^jit_compile: expected False", functools.partial(model.compile, jit_compile=True)
            )
        else:
            model.compile(jit_compile=True)


def whole_numbers_are_those_of_one_device():
    key, labels = noise.key(0, "x", tf.constant(3)), tf.range(8)

    def rows(context):
        return context.replica_id_in_sync_group * 4 + tf.range(4)

    @tf.function(autograph=False)
    def draw():
        return STRATEGY.run(
            lambda: (
                noise.shuffle(key, rows(tf.distribute.get_replica_context())),
                noise.integers(key, 4, 5),
            )
        )

    found = map(STRATEGY.experimental_local_results, draw())
    expected = noise.shuffle(key, labels), noise.integers(key, 8, 5)
    for parts, whole in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def keys_of_everyone_are_compared():
    """Also of texts, and of numbers beyond what float32 holds."""
    numbers = tf.constant([3, -3, 2**40, 2**40 + 1, 3, 7, 2**40, -3], tf.int64)
    for keys in (numbers, tf.strings.as_string(numbers)):

        @tf.function(autograph=False)
        def compared(keys=keys):
            def own():
                first = tf.distribute.get_replica_context().replica_id_in_sync_group * 4
                return differ(keys[first : first + 4])

            return STRATEGY.run(own)

        for found in STRATEGY.experimental_local_results(compared()):
            np.testing.assert_array_equal(found, keys[:, tf.newaxis] != keys[tf.newaxis])


def statistics_of_the_whole_batch():
    # SGD, because the last bias's gradient is only rounding, which Adam would scale to full steps.
    model = compare("relativistic_gan", optimizer="sgd", dense=True, average=True)
    refused("average", lambda: model.compile(jit_compile=True))


def scores_relative_to_everyone_s():
    """ESRGAN's game; with means of each replica's own scores the weights would be others."""
    arguments = {"optimizer": "sgd", "dense": True, "relativistic": True, "adversarial_weight": 1.0}
    model = compare("srgan", pixel_weight=0.5, **arguments)
    refused("average", lambda: model.compile(jit_compile=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "global_mean", lambda self, values: tf.reduce_mean(values))
        with pytest.raises(AssertionError):
            compare("srgan", pixel_weight=0.5, **arguments)


def every_option():
    model = compare("wgan_gp", dense=True, discriminator_steps=1, **OPTIONS)
    one = model.generate(5)
    assert one.shape == (5, 16, 16, 3)
    np.testing.assert_allclose(model.generate(5, batch_size=2), one, atol=1e-6)


class _SizeOfBatch(keras.layers.Layer):
    """Adds the number of rows of the batch, and fails on an empty one, as some kernels do."""

    def call(self, inputs):
        rows = tf.shape(inputs)[0]
        with tf.control_dependencies([tf.debugging.assert_positive(rows)]):
            return inputs + tf.cast(rows, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


def samples_come_from_the_batches_of_one_device():
    """Whatever their number, also where it is smaller than that of replicas."""

    def model():
        layers = [keras.Input((2,)), _SizeOfBatch(), keras.layers.Reshape((1, 1, 2))]
        return tfgan_zoo.GAN((1, 1, 2), latent_dim=2, generator=keras.Sequential(layers))

    one = model()
    with STRATEGY.scope():
        two = model()
    for num in (1, 2, 3, 4, 5, 7, 8, 9, 15):
        latents = np.arange(2 * num, dtype=np.float32).reshape(-1, 2)
        expected = one.generate(latents=latents, batch_size=4)
        sizes = (expected[:, 0, 0] - latents)[:, 0]
        assert sizes.tolist() == [4] * (num // 4 * 4) + [num % 4] * (num % 4)
        np.testing.assert_array_equal(two.generate(latents=latents, batch_size=4), expected)


def regularizers_of_weights():
    penalty = keras.regularizers.L2(3.0)
    plain, _ = trained("dcgan", STRATEGY.scope(), "sgd", dense=True)
    for name in ("dcgan", "cyclegan"):
        arguments = {"pool_size": 50} if name == "cyclegan" else {}
        model = compare(name, optimizer="sgd", dense=True, regularizer=penalty, **arguments)
        if name == "dcgan":
            sizes = [np.sum(np.square(m.generator.get_weights()[0])) for m in (model, plain)]
            assert sizes[0] < 0.8 * sizes[1]  # (1 - 0.06)^(2 * 3) = 0.69


def a_discriminator_that_waits():
    for name in ("dcgan", "gan_cls"):
        model = compare(name, dense=True, skip_discriminator_above=0.5)
    keras.config.set_dtype_policy("mixed_float16")
    with STRATEGY.scope():
        model = tiny("dcgan", dense=True, skip_discriminator_above=0.5)
        model.compile()
    before = model.discriminator.get_weights()
    model.accuracy.assign(1.0)
    fit(model, dataset(model))
    for old, new in zip(before, model.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def adapted_augmentation():
    for name in ("dcgan", "wgan_gp"):  # with a zero, and relative to everyone's fakes
        model = compare(name, optimizer="sgd", dense=True, ada_target=0.0, ada_speed=64)
        for variable in (model.probability, model._signs, model._sign_images):
            first, second = (copy.numpy() for copy in variable.value.values)
            np.testing.assert_array_equal(first, second)
        assert model._sign_images.value.values[0].numpy() > 0
    refused("^jit_compile=True: expected one replica", lambda: model.compile(jit_compile=True))


def synchronized_batch_norm():
    compare("pix2pix", synchronized_bn=True)
    model = compare("dcgan", synchronized_bn=True)
    refused("jit_compile", lambda: model.compile(jit_compile=True))
    refused("rematerialize", lambda: model.compile(rematerialize=True))
    refused("strategy.scope", lambda: model.compile(keras.optimizers.Adam()))
    model.r1_gamma = 1.0
    with STRATEGY.scope():
        texts = tiny("gan_cls", synchronized_bn=True, r1_gamma=1.0)
    refused("r1_gamma", texts.compile)
    refused("r1_gamma", model.compile)


def refused(match, function):
    with pytest.raises(InputError, match=match):
        function()


def replicas_draw_different_noise():
    with STRATEGY.scope():
        model = tiny("dcgan", dense=True)

    @tf.function(autograph=False)
    def draw():
        return STRATEGY.run(lambda: model.latents("latents", tf.constant(4)))

    first, second = STRATEGY.experimental_local_results(draw())
    assert np.all(first.numpy() != second.numpy())
    one = model.latents("latents", tf.constant(8))
    np.testing.assert_array_equal(np.concatenate([first, second]), one)


def xla_within_the_replicas():
    one = tiny_under(contextlib.nullcontext())
    two = tiny_under(STRATEGY.scope())
    assert_close(*(state_of(model) for model in (two, one)), rtol=1e-4, atol=4e-6)


def xla_refuses_means_over_the_replicas():
    for name, options in (("embedding_autoencoder", {}), ("vae_gan", {"margin": 0.35})):
        with STRATEGY.scope():
            model = tiny(name, dense=True, **options)
        compile_it = functools.partial(model.compile, jit_compile=True)
        refused("^jit_compile=True: expected one replica", compile_it)


def tiny_under(scope):
    keras.utils.set_random_seed(0)
    with scope:
        model = tiny("wgan_gp", dense=True, discriminator_steps=1)
        model.compile("sgd", "sgd", jit_compile=True)
    fit(model, dataset(model, 2))
    return model


def rematerialized_within_the_replicas():
    """Dropout and statistics of each replica's batch are recomputed too."""
    states = []
    for switch in (False, True):
        keras.utils.set_random_seed(0)
        with STRATEGY.scope():
            model = tiny("pix2pix")
            model.compile("sgd", "sgd", rematerialize=switch)
        fit(model, dataset(model, 2))
        states.append(state(model))
    assert_close(*states, rtol=1e-4, atol=1e-6)


def a_generator_with_statistics_of_its_average():
    """BigGAN trains as on one device: weights, both kinds of statistics, and u and v."""
    settings = {"synchronized_bn": True, "ema_half_life": 50.0}
    two = compare("biggan", optimizer="sgd", **settings)
    for vector in two._spectral.vectors() + two._spectral_averages.vectors():
        first, second = (copy.numpy() for copy in vector.value.values)
        np.testing.assert_array_equal(first, second)
    with pytest.raises(AssertionError, match=r"moving_|/u\n"):
        compare("biggan", optimizer="sgd", **settings | {"synchronized_bn": False})


def statistics_of_an_average():
    """Those of its own passes, and standing ones, are those of one device."""
    found = []
    for scope in (contextlib.nullcontext(), STRATEGY.scope()):
        keras.utils.set_random_seed(0)
        with scope:
            model = tiny("biggan", synchronized_bn=True, ema_half_life=50.0)
            replicas = tf.distribute.get_strategy().num_replicas_in_sync

            def update(model=model, rows=8 // replicas):
                first = tf.distribute.get_replica_context().replica_id_in_sync_group * rows
                labels = tf.convert_to_tensor(first + tf.range(rows)) % CLASSES
                model.update_average_statistics(tf.zeros([rows, 1]), (labels,))

            tf.distribute.get_strategy().run(update)
        after = [[(v.path, v.numpy()) for v in model.averages[0].variables]]
        model.standing_statistics(num=12, batch_size=4)
        after.append([(v.path, v.numpy()) for v in model.averages[0].variables])
        for variable in model.averages[0].non_trainable_variables if replicas > 1 else ():
            first, second = (copy.numpy() for copy in variable.value.values)
            np.testing.assert_array_equal(first, second)
        found.append(after)
    for one, two in zip(*found, strict=True):
        assert_close(two, one, rtol=1e-4, atol=1e-5)
    moved = [np.abs(a - b).max() for (_, a), (_, b) in zip(*found[0], strict=True)]
    assert max(moved) > 0.01


def spectrally_normalized():
    """Vectors are equal on all replicas, and those of one device."""
    models = []
    for scope in (contextlib.nullcontext(), STRATEGY.scope()):
        keras.utils.set_random_seed(0)
        with scope:
            model = game("dcgan", attention=True, ema_half_life=50.0)
            model.compile("sgd", "sgd")
        fit(model, dataset(model, 2))
        models.append(model)
    one, two = models
    networks = [(model.generator, model.discriminator, model.averages[0]) for model in (two, one)]
    states = ([(v.path, v.numpy()) for n in each for v in n.variables] for each in networks)
    assert_close(*states, rtol=1e-4, atol=1e-5)
    for vector in two._spectral.vectors() + two._spectral_averages.vectors():
        first, second = (copy.numpy() for copy in vector.value.values)
        np.testing.assert_array_equal(first, second)
    # XLA compiles within the replicas, and vectors move outside of that.
    with STRATEGY.scope():
        model = game("dcgan")
        model.compile("sgd", "sgd", jit_compile=True)
    fit(model, dataset(model, 1))


def state_of(model):
    return [
        (v.path, v.numpy()) for network in model.roles()["discriminator"] for v in network.weights
    ]


def several_steps_per_execution_are_refused():
    with STRATEGY.scope():
        model = tiny("dcgan", dense=True)
    refused("steps_per_execution", lambda: model.compile(steps_per_execution=2))


def the_end_of_the_data_is_no_step():
    with STRATEGY.scope():
        model = tiny("gan")
        model.compile()
    fit(model, dataset(model, 3).filter(lambda batch: True), epochs=2)
    assert model.steps_done == 6
    assert int(model.generator_optimizer.iterations.numpy()) == 6


def compiled_outside_the_scope():
    with STRATEGY.scope():
        model = tiny("dcgan", dense=True)
    model.compile()
    slot = model.generator_optimizer.variables[-1].value
    assert isinstance(slot, tf.distribute.DistributedValues)
    assert np.isfinite(fit(model, dataset(model))["g_loss"][0])


def batches_that_replicas_cannot_share_evenly_are_refused():
    """Losses are means over a replica's samples, so samples of a smaller batch would count more."""
    with STRATEGY.scope():
        model = tiny("dcgan", dense=True)
        model.compile()
    images = samples(model, batch=11)
    uneven = tf.data.Dataset.from_tensor_slices(images).batch(4)  # the last has 3
    before = None

    def remember(batch, logs):
        nonlocal before
        before = state(model)

    each_step = keras.callbacks.LambdaCallback(on_train_batch_end=remember)
    remedy = "as many samples on each of 2 replicas, got [12] on one .* of 3; .*drop_remainder=True"
    refused(remedy, lambda: fit(model, uneven, callbacks=[each_step]))
    assert model.steps_done == 2
    assert_same(state(model), before)
    refused(remedy, lambda: model.evaluate(uneven, verbose=0))
    refused(remedy, lambda: fit(model, images[:8], validation_data=uneven, batch_size=4))
    # With floats, the first batch is inspected before it is used.
    floats = tf.data.Dataset.from_tensor_slices(images / np.float32(127.5) - 1)
    refused("got 3 on one of them, of a batch of 7", lambda: fit(model, floats.batch(7)))
    whole = fit(
        model, floats.batch(4, drop_remainder=True), validation_data=floats.batch(2).take(5)
    )
    assert np.isfinite(list(whole.values())).all()


def images_are_looked_at():
    """The first batch is inspected once and not lost; training is the same with floats."""

    def images(model, as_floats):
        rows = samples(model, 2, batch=4)
        rows = as_floats(rows) if as_floats else rows
        return tf.data.Dataset.from_tensor_slices(rows).batch(4)

    states = []
    for as_floats in (None, lambda x: x / np.float32(127.5) - 1):
        keras.utils.set_random_seed(0)
        with STRATEGY.scope():
            model = tiny("dcgan", dense=True)
            model.compile("sgd", "sgd")
        fit(model, images(model, as_floats))
        assert (model.steps_done, int(model.images_seen.numpy())) == (2, 8)
        states.append(state(model))
    assert_close(*states, rtol=1e-4, atol=1e-6)
    as_bytes = images(model, lambda x: x.astype("float32"))
    refused("^Training batches: .* floats up to 255", lambda: fit(model, as_bytes))
    refused("^Test batches: .* floats up to 255", lambda: model.evaluate(as_bytes, verbose=0))
    with pytest.warns(UserWarning, match="got none below 0"):
        fit(model, images(model, lambda x: x / np.float32(255)))


def overflow_on_one_replica():
    keras.config.set_dtype_policy("mixed_float16")
    with STRATEGY.scope():
        model = tiny("dcgan", dense=True)
        model.compile()
    before = model.discriminator.get_weights()
    images = np.zeros((8, 16, 16, 3), "float32")
    images[4:] = np.inf  # The second replica's.
    model._inspected = lambda iterator, *_: iterator  # The first look would reject them.
    fit(model, tf.data.Dataset.from_tensor_slices(images).batch(8, drop_remainder=True))
    for old, new in zip(before, model.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.discriminator_optimizer.dynamic_scale.numpy() == 2.0**14
