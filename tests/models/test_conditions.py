"""Conditional games from noise to images: a subclass adds the condition and its declaration."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow
from tests.models.linear import FAKE, REAL, images
from tests.models.tiny import LATENT, SHAPE, assert_same, compiled, fit, samples, state, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import DCGAN, GAN, WGANGP
from tfgan_zoo.models.mechanics import parts
from tfgan_zoo.models.mechanics.classes import check_labels
from tfgan_zoo.serving import saved_model

L = keras.layers
CLASSES = 3


@keras.saving.register_keras_serializable("test")
class LabelledDCGAN(DCGAN):
    condition = ("label",)

    def batch_spec(self):
        return super().batch_spec() | {"label": tf.TensorSpec([None], tf.int32)}


@keras.saving.register_keras_serializable("test")
class LabelledWGANGP(WGANGP):
    condition = ("label",)

    def batch_spec(self):
        return super().batch_spec() | {"label": tf.TensorSpec([None], tf.int32)}


def labelled(cls=LabelledDCGAN, packing=1, **kwargs):
    """Networks of [z, label] and [x, label] around the unconditional ones of an MLP."""
    keras.utils.set_random_seed(0)
    z, label = keras.Input((LATENT,)), keras.Input((), dtype="int32")
    body = networks.mlp_generator(SHAPE, 2 * LATENT, units=(16,))
    code = L.Concatenate()([z, L.Embedding(CLASSES, LATENT)(label)])
    generator = keras.Model([z, label], body(code))
    shape = (*SHAPE[:-1], packing * SHAPE[-1])
    x, labels = keras.Input(shape), keras.Input((packing,) * (packing > 1), dtype="int32")
    known = L.Flatten()(L.Embedding(CLASSES, 4)(labels))
    seen = L.Dense(8, "tanh")(L.Concatenate()([L.Flatten()(x), known]))
    discriminator = keras.Model([x, labels], L.Dense(1)(seen))
    model = cls(SHAPE, LATENT, generator, discriminator, packing=packing, **kwargs)
    model.compile()
    return model


def batches(model, num=4, **kwargs):
    return tf.data.Dataset.from_tensors(model.example_batch(4)).repeat(num)


def test_declares_its_parts():
    model = labelled()
    assert list(model.batch_spec()) == ["image", "label"]
    batch = model.example_batch(4)
    assert (batch["label"].shape, batch["label"].dtype) == ((4,), np.int32)
    real, (label,) = model.real((batch["image"], batch["label"].astype("uint8")))
    assert (real.dtype, label.dtype) == (tf.float32, tf.int32)
    for wrong, said in (
        (batch["image"], r"\(image, label\), or a dict with the keys image and label, got 1 part"),
        ({"image": batch["image"]}, "a dict with the keys image and label, got a dict with"),
        ((batch["image"], np.ones(4)), "^Training batches, label: .* whole numbers, .* float"),
        (
            (batch["image"], np.ones((4, 1), "int32")),
            r"label: expected shape \(batch\), got \(\w+, 1\); leave out the second axis",
        ),
    ):
        with pytest.raises(InputError, match=said):
            model.batch(wrong)
        with pytest.raises(InputError, match=said):
            model.fit(wrong, verbose=0)
    assert model.steps_done == 0


@pytest.mark.parametrize(
    ("cls", "settings"),
    [
        (LabelledDCGAN, {}),
        slow(LabelledDCGAN, {"packing": 2, "r1_gamma": 1.0, "diff_augment": ("color",)}),
        slow(LabelledWGANGP, {"packing": 2, "discriminator_steps": 2, "ema_half_life": 10.0}),
    ],
)
def test_trains_and_evaluates(cls, settings):
    model = labelled(cls, **settings)
    before = [v.numpy() for v in model.trainable_variables]
    history = fit(model, batches(model), validation_data=batches(model, 1))
    assert np.isfinite([value for values in history.values() for value in values]).all()
    assert model.steps_done == 4
    after = [v.numpy() for v in model.trainable_variables]
    assert all(np.abs(a - b).max() > 0 for a, b in zip(after, before, strict=True) if a.size > 4)


def test_the_condition_reaches_both_networks():
    model = labelled()
    latents = model.sample_latents(2)
    same = model.generate(latents=latents, label=1)
    assert np.abs(same - model.generate(latents=latents, label=2)).max() > 1e-4
    real = tf.constant(same)
    scores = [model.logits(real, "real", (tf.constant([c, c]),), False) for c in (0, 1)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-4


def test_discriminator_steps_share_the_condition_as_they_do_the_images():
    model = labelled(LabelledWGANGP, discriminator_steps=2)
    image, label = tf.random.stateless_normal([6, *SHAPE], [0, 1]), tf.range(6)
    shares = list(model.fresh_batches(image, (label,)))
    assert [given[0].numpy().tolist() for _, given in shares] == [[0, 2, 4], [1, 3, 5]]
    np.testing.assert_array_equal(shares[1][0], image[1::2])
    for alone, (both, _) in zip(model.fresh_batches(image), shares, strict=True):
        np.testing.assert_array_equal(alone, both)


def test_generates_by_label():
    model = labelled()
    assert model.generate(5, label=1).shape == (5, *SHAPE)
    of_each = model.generate(label=range(CLASSES), seed=3)
    assert of_each.shape == (CLASSES, *SHAPE)
    latents = model.sample_latents(CLASSES, seed=3)
    np.testing.assert_array_equal(model.generate(latents=latents, label=[0, 1, 2]), of_each)
    np.testing.assert_allclose(model.generate(label=0, seed=3), of_each[:1], atol=1e-6)
    one = model.generate(seeds=[7], label=2)
    np.testing.assert_allclose(model.generate(seeds=[1, 7], label=2)[1:], one, atol=1e-6)
    for arguments, said in (
        ({"num": 4}, "^label: expected an entry for each image, or one for all, got none"),
        ({"num": 4, "label": []}, "^label: expected an entry"),
        ({"num": 4, "label": [0, 1]}, "^label: expected one entry, or 4, got 2"),
        ({"num": 4, "label": 0.5}, "^label: expected whole numbers, got type float64"),
        ({"num": 4, "label": 2**40}, "^label: expected numbers from .*, got 1099511627776"),
        ({"num": 4, "label": -1}, "^label: expected numbers from 0 to .*, got -1"),
        ({"num": 4, "lable": 1}, "^generate: there is no argument 'lable'.*label"),
        ({"label": [0, 1], "latents": latents}, r"^latents: expected shape \(2, 8\), got \(3, 8\)"),
        ({"label": 1, "latents": latents, "seeds": [1]}, "either latents or seeds"),
    ):
        with pytest.raises(InputError, match=said):
            model.generate(**arguments)
    with pytest.raises(InputError, match=r"^generate: there is no argument 'label'"):
        tiny("dcgan").generate(2, label=1)


def test_exports_an_endpoint_that_takes_labels(tmp_path):
    model = labelled()
    model.export(tmp_path / "1")
    saved_model.verify(tmp_path / "1", model.signatures())
    served = tf.saved_model.load(str(tmp_path / "1")).signatures
    latents, label = model.sample_latents(2), np.array([0, 2], "int32")
    made = served["generate"](latents=tf.constant(latents), label=tf.constant(label))["images"]
    np.testing.assert_allclose(made, model.generate(latents=latents, label=label), atol=1e-5)
    made = served["generate_from_seed"](
        seed=tf.constant([5, 6], tf.int64), label=tf.constant(label)
    )
    np.testing.assert_allclose(made["images"], model.generate(seeds=[5, 6], label=label), atol=1e-5)
    assert "generate_png" in served


def test_is_saved_and_trains_on(tmp_path):
    model = labelled(ema_half_life=10.0)
    fit(model, batches(model, 2))
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert_same(state(loaded), state(model))
    for each in (model, loaded):
        step(each, samples(model))
    assert_same(state(loaded), state(model))
    np.testing.assert_array_equal(loaded.generate(3, label=1), model.generate(3, label=1))


def test_networks_that_do_not_take_the_condition_are_refused():
    with pytest.raises(
        InputError, match=r"^generator: .* of two inputs, \[z, label\], got 1 input"
    ):
        LabelledDCGAN(SHAPE, LATENT)
    model = labelled()
    x, wide = keras.Input(SHAPE), keras.Input((2,))
    scores = L.Dense(1)(L.Concatenate()([L.Flatten()(x), wide]))
    with pytest.raises(
        InputError, match=r"^discriminator: .* second input has shape \(batch\), got \(batch, 2\)"
    ):
        LabelledDCGAN(SHAPE, LATENT, model.generator, keras.Model([x, wide], scores))


# ---------------------------------------------------------------------- today's signatures


class Earlier(DCGAN):
    """Overrides hooks as they were before there were conditions, by position and by name."""

    def images(self, data, training=True):
        return -super().images(data, training)

    def fakes(self, purpose, real, training=True):
        return super().fakes(purpose, real, training)

    def logits(self, images, purpose, training=True):
        return 2 * super().logits(images, purpose, training)

    def discriminator_loss(self, real, fake, training=True):
        loss, logs = super().discriminator_loss(real, fake, training)
        return loss, logs

    def generator_loss(self, fake, real, training=True):
        return super().generator_loss(fake, real, training=training)


def test_hooks_without_a_condition_keep_their_signatures():
    like = tiny("dcgan")
    twice = Earlier(SHAPE, LATENT, like.generator, like.discriminator)
    twice.compile()
    data = samples(twice)
    step(twice, data)
    np.testing.assert_array_equal(twice.real(data)[0], -DCGAN.images(twice, data))
    assert np.isfinite(twice.evaluate(samples(twice), verbose=0)).all()
    seen = []
    run = twice.run
    twice.run = lambda network, x, training: seen.append(training) or run(network, x, training)
    twice.discriminator_loss(images(REAL), images(FAKE), training=False)
    twice.losses_of(samples(twice))
    assert seen == [False] * 6  # real, fake; made, real, fake, made
    seen.clear()
    twice.generator_loss(images(FAKE), images(REAL), False)
    assert seen == [False]

    class Both(LabelledDCGAN, Earlier):
        pass

    model = labelled(Both)
    with pytest.raises(InputError, match=r"^Earlier\.fakes: expected a parameter given"):
        step(model, samples(model))


class EarlierWGANGP(WGANGP):
    """Overrides the other hooks as they were before there were conditions."""

    def fresh_batches(self, images):
        yield from super().fresh_batches(images)

    def record_fakes(self, purpose, real):
        return super().record_fakes(purpose, real)

    def gradient_norms(self, real, fake, training=True):
        return super().gradient_norms(real, fake, training)


class EarlierHooks:
    """The same in a mixin that knows nothing of the zoo."""

    def logits(self, images, purpose, training=True):
        return super().logits(images, purpose, training)

    def discriminator_loss(self, real, fake, training=True):
        return super().discriminator_loss(real, fake, training)


class MixedWGANGP(EarlierHooks, WGANGP):
    pass


@pytest.mark.parametrize("cls", [EarlierWGANGP, MixedWGANGP])
def test_hooks_of_earlier_versions_change_no_digit(cls):
    models = [labelless(each) for each in (WGANGP, cls)]
    for model in models:
        step(model, samples(model))
    assert_same(*map(state, models))


def labelless(cls):
    keras.utils.set_random_seed(0)
    x = keras.Sequential([keras.Input(SHAPE), L.Flatten(), L.Dense(1)])
    z = networks.mlp_generator(SHAPE, LATENT, units=(4,))
    model = cls(SHAPE, LATENT, z, x, discriminator_steps=2)
    model.compile()
    return model


# ---------------------------------------------------------------------- voxels


def test_voxels_train_generate_and_export(tmp_path):
    shape = (8, 8, 8, 1)
    z, x = keras.Input((LATENT,)), keras.Input(shape)
    made = L.Reshape((4, 4, 4, 2))(L.Dense(4 * 4 * 4 * 2)(z))
    made = L.Conv3DTranspose(1, 4, 2, padding="same", activation="tanh")(made)
    scores = L.Dense(1)(L.Flatten()(L.Conv3D(2, 4, 2, padding="same")(x)))
    model = GAN(shape, LATENT, keras.Model(z, made), keras.Model(x, scores), packing=1)
    model.compile()
    voxels = np.random.default_rng(0).choice([-1.0, 1.0], (8, *shape)).astype("float32")
    assert np.isfinite(fit(model, voxels, batch_size=4)["g_loss"]).all()
    assert model.steps_done == 2
    assert model.generate(3).shape == (3, *shape)
    with pytest.raises(
        InputError, match=r"expected shape \(batch, 8, 8, 8, 1\), got \(8, 8, 8, 8\)"
    ):
        model.fit(voxels[..., 0], verbose=0)
    with pytest.raises(InputError, match="floats up to 255"):
        model.fit(voxels * 127.5 + 127.5, verbose=0)
    with pytest.raises(InputError, match="diff_augment: expected image data, got voxels"):
        GAN(shape, diff_augment=("color",))
    model.export(tmp_path / "1")
    served = tf.saved_model.load(str(tmp_path / "1")).signatures
    names = {"generate", "generate_bits", "generate_from_seed", "generate_from_seed_bits"}
    assert set(served) == {*names, "serving_default"}
    latents = model.sample_latents(2)
    made = served["generate"](latents=tf.constant(latents))["voxels"]
    samples = model.generate(latents=latents)
    np.testing.assert_allclose(made, (samples + 1) / 2, atol=1e-5)
    bits = served["generate_bits"](latents=tf.constant(latents))["voxels_bits"]
    np.testing.assert_array_equal(bits, np.packbits((samples >= 0).reshape(2, -1), axis=1))


def test_other_ranks_are_refused():
    with pytest.raises(InputError, match=r"for points, or \(depth, .* for voxels, got \(8, 8\)"):
        GAN((8, 8))


def test_default_networks_of_voxels_are_dense():
    model = compiled("gan")
    dense = type(model)((4, 4, 4, 1), LATENT)
    assert dense.generator.output_shape == (None, 4, 4, 4, 1)


# ---------------------------------------------------------------------- classes that are not known


def arrays_of(model, labels):
    images = np.zeros((len(labels), *SHAPE), "float32") - 1
    return {"image": images, "label": np.array(labels, "int32")}


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (CLASSES, r"label: expected the 3 classes that layer 'embedding.*' of .* knows, got classes"
         r" from 0 to 3, of which it does not know 3; make networks for 4 classes"),
        (-1, r"label: expected numbers from 0 up, got -1; number the classes 0, 1, 2"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packing", [1, 2])
def test_classes_that_no_network_knows_are_refused_before_a_step(label, said, packing):
    """Also if only one of many samples is of such a class, which no first batch shows."""
    model = labelled(packing=packing)
    labels = [0, 1, 2] * 40  # spread samples do not show number 41
    labels[41] = label
    data = arrays_of(model, labels)
    for given in (data, (data["image"], data["label"])):
        with pytest.raises(InputError, match=f"^Training batches, {said}"):
            model.fit(given, batch_size=4, verbose=0)
    with pytest.raises(InputError, match=f"^validation_data, {said}"):
        model.fit(arrays_of(model, [0] * 8), validation_data=data, batch_size=4, verbose=0)
    with pytest.raises(InputError, match=f"^Test batches, {said}"):
        model.evaluate(data, batch_size=4, verbose=0)
    with pytest.raises(InputError, match=f"^Training batches, {said}"):
        model.train_on_batch(arrays_of(model, [0, 1, 2, label]))
    with pytest.raises(InputError, match=r"^label: expected .* got (class 3|-1)"):
        model.generate(2, label=label)
    assert model.steps_done == 0


@keras.saving.register_keras_serializable("test")
class CountingDCGAN(LabelledDCGAN):
    """Counts the checks of its condition, and the samples that each sees."""

    def check_condition(self, data, called, advice=""):
        labels = parts.named_parts(data, self.batch_spec())["label"]
        self.seen = [*getattr(self, "seen", []), len(labels)]
        super().check_condition(data, called, advice)


def test_the_condition_is_checked_once():
    model = labelled(CountingDCGAN)
    model.compile(run_eagerly=True)
    model.fit(arrays_of(model, [0, 1, 2] * 4), batch_size=4, epochs=2, verbose=0)
    assert model.seen == [12]
    for _ in range(3):
        model.train_on_batch(arrays_of(model, [0, 1, 2, 0]))
    assert model.seen == [12, 4]
    model.evaluate(arrays_of(model, [0, 1, 2] * 4), batch_size=4, verbose=0)
    assert model.seen == [12, 4, 12]


def by_label(encode):
    label, x = keras.Input((), dtype="int32"), keras.Input((2,))
    code = L.Flatten()(encode(label))
    return keras.Model([x, label], L.Dense(1)(L.Concatenate()([x, code])))


def within(label):
    inner = by_label(L.Embedding(CLASSES, 2))
    return inner([L.RepeatVector(2)(keras.ops.cast(label, "float32")[:, None])[..., 0], label])


@pytest.mark.parametrize(
    ("encode", "known"),
    [
        (L.Embedding(CLASSES, 2), range(3)),
        (lambda label: keras.ops.one_hot(label, CLASSES), range(3)),
        (L.CategoryEncoding(CLASSES, output_mode="one_hot"), range(3)),
        (keras.Sequential([L.Embedding(CLASSES, 2), L.Flatten()]), range(3)),
        (within, range(3)),
        (lambda label: L.Embedding(CLASSES, 2)(label + 1), range(2)),
        (lambda label: L.Embedding(CLASSES, 2)(keras.ops.minimum(label, 2)), range(9)),
        (lambda label: keras.ops.cast(label, "float32")[:, None], range(9)),
    ],
)
def test_what_networks_know_follows_from_what_they_do_with_labels(encode, known):
    network = by_label(encode)
    for label in range(9):
        if label in known:
            check_labels([label], [network], 1, "label")
        else:
            with pytest.raises(InputError, match=rf"^label: .* class {label}, of which"):
                check_labels([label], [network], 1, "label")
