"""Games with `num_classes`: which class each fake is asked for, and judged as."""

import functools
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow, slow_except
from tests.models.tiny import LATENT, SHAPE, assert_same, state, step
from tfgan_zoo import networks, noise
from tfgan_zoo.errors import InputError, input_errors
from tfgan_zoo.models import DCGAN, GAN, GANCLS, LSGAN, MODELS, NoiseToImage
from tfgan_zoo.models.conditional import FAKE_LABELS

L = keras.layers
CLASSES = 4
GAMES = ["gan", "dcgan", "lsgan", "wgan", "wgan_gp", "relativistic_gan"]


def telling(name="dcgan", packing=1, **kwargs):
    """A game of points (class, anything), whose generator makes what it is asked for.

    So a discriminator's label is a sample's own if it equals the first coordinate.
    """
    keras.utils.set_random_seed(0)
    z, label = keras.Input((2,)), keras.Input((), dtype="int32")
    first = keras.ops.cast(label, "float32")[:, None]
    generator = keras.Model([z, label], L.Concatenate()([first, L.Dense(1)(z)]))
    x = keras.Input((2 * packing,))
    told = keras.Input((packing,) if packing > 1 else (), dtype="int32")
    discriminator = keras.Model([x, told], L.Dense(1)(x))
    model = MODELS[name](
        (2,), 2, generator, discriminator, num_classes=CLASSES, packing=packing, **kwargs
    )
    model.compile(run_eagerly=True)
    return model


def points(labels):
    labels = np.asarray(labels, "int32")
    return {"image": np.stack([labels, -labels], 1).astype("float32"), "label": labels}


def seen_in_a_step(model, data):
    """Returns (name of the network, its first input, its labels) of every pass of a step."""
    passes = []
    run = model.run

    def watched(network, inputs, training):
        role = "G" if network is model.generator else "D"
        passes.append((role, *(x.numpy() for x in inputs)))
        return run(network, inputs, training)

    model.run = watched
    step(model, data)
    return passes


QUICK = {("gan", "uniform"), ("wgan_gp", "real"), ("relativistic_gan", "shuffled")}
QUICK |= {("dcgan", way) for way in FAKE_LABELS}


@pytest.mark.parametrize(
    ("name", "fake_labels"),
    [
        (name, way) if (name, way) in QUICK else slow(name, way)
        for name in GAMES
        for way in FAKE_LABELS
    ],
)
def test_each_sample_is_judged_with_its_own_class(name, fake_labels):
    """In every pass: real, fake, generated and compared, and at the points of both penalties."""
    settings = {"discriminator_steps": 2} if name in ("gan", "wgan", "wgan_gp") else {}
    model = telling(
        name, packing=2, fake_labels=fake_labels, r1_gamma=1.0, r2_gamma=1.0, **settings
    )
    data = points([0, 1, 2, 3, 3, 3, 2, 3])
    passes = seen_in_a_step(model, data)
    judged = [(x, label) for role, x, label in passes if role == "D"]
    assert len(judged) == 5 + ("relativistic" in name) + 4 * (model.discriminator_steps - 1)
    for x, label in judged:
        np.testing.assert_array_equal(x[:, 0::2], label)
    steps = model.discriminator_steps
    asked = [label for role, _, label in passes if role == "G"]
    shares = [data["label"][i::steps] for i in range(steps)]
    if len(asked) > steps:  # the generator's own fakes, after the last share
        shares.append(shares[-1])
    for share, labels in zip(shares, asked, strict=True):
        if fake_labels == "real":
            np.testing.assert_array_equal(labels, share)
        elif fake_labels == "shuffled":
            assert Counter(labels.tolist()) == Counter(share.tolist())


def test_a_fake_that_is_judged_as_a_real_sample_would_be_seen():
    """The control of the test above: losses that forget `asked`."""

    class Forgets(DCGAN):
        default_fake_labels = "shuffled"

        def generator_loss(self, fake, real, given=(), training=True):
            return tf.reduce_mean(self.logits(fake, "generated", given, training)), {"g_loss": 0.0}

    like = telling()
    model = Forgets((2,), 2, like.generator, like.discriminator, num_classes=CLASSES)
    model.compile(run_eagerly=True)
    *_, (_, x, label) = seen_in_a_step(model, points(range(4)))
    assert np.any(x[:, 0] != label)


def test_shuffled_keeps_the_classes_of_the_batch_and_uniform_draws_all_equally_often():
    labels = (tf.constant([0] * 6000 + [1] * 3000 + [3] * 1000),)
    shuffled, real, uniform = (telling(fake_labels=way) for way in FAKE_LABELS)
    assert real.asked(labels) is labels
    (made,) = shuffled.asked(labels)
    assert np.bincount(made).tolist() == [6000, 3000, 0, 1000]
    # Classes stand anywhere: of the first 6000, 6/10 are of class 0, give or take 5 deviations.
    assert np.mean(made[:6000] == 0) == pytest.approx(0.6, abs=5 * 0.004)
    (made,) = uniform.asked(labels)
    assert made.dtype == tf.int32
    assert np.abs(np.bincount(made) - 2500).max() < 5 * 43.3
    for model in (shuffled, uniform):
        assert model.asked(labels, training=False) is labels
        first, again = model.asked(labels)[0], model.asked(labels)[0]
        np.testing.assert_array_equal(first, again)
        model.step.assign_add(1)
        assert np.mean(model.asked(labels)[0] != first) > 0.3
        with model.random_phase_of("train", 1, model.step):
            assert np.mean(model.asked(labels)[0] != first) > 0.3


@pytest.mark.slow
def test_whole_numbers_are_the_same_in_xla():
    """As fakes are made outside of the graphs of the losses that judge them."""
    key = noise.key(0, "labels", tf.constant(7))

    def draw():
        return noise.shuffle(key, tf.range(50)), noise.integers(key, 50, 7)

    for made, again in zip(
        draw(), tf.function(draw, jit_compile=True, autograph=False)(), strict=True
    ):
        np.testing.assert_array_equal(made, again)
    orders = Counter(
        tuple(noise.shuffle(noise.key(0, "order", tf.constant(i)), tf.range(3)).numpy())
        for i in range(240)
    )
    assert len(orders) == 6
    assert max(orders.values()) < 40 + 5 * 5.8


def by_hand(**kwargs):
    """C([x, y]) = x . e_y, whose slope in x is e_y alone."""
    table = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [0.0, 4.0]])
    x, label = keras.Input((2,)), keras.Input((), dtype="int32")
    embedding = L.Embedding(CLASSES, 2, weights=[table])
    discriminator = keras.Model([x, label], L.Dot(1)([x, embedding(label)]))
    like = telling()
    return LSGAN((2,), 2, like.generator, discriminator, num_classes=CLASSES, **kwargs)


def test_penalties_by_hand():
    """1/2 E|e_y|^2: R1 under the classes of real samples, R2 under those asked for."""
    real, given = tf.zeros([4, 2]), (tf.constant([0, 0, 1, 2]),)
    squares = np.array([1.0, 4.0, 9.0, 16.0])
    model = by_hand(fake_labels="uniform", r1_gamma=2.0, r2_gamma=0.5, r1_every=3)
    r1 = 3 * 2.0 * 0.5 * (1 + 1 + 4 + 9) / 4
    asked = model.asked(given)
    r2 = 3 * 0.5 * 0.5 * np.mean(squares[asked[0].numpy()])
    assert float(model.r1(real, given)) == pytest.approx(r1)
    assert float(model.r2(real, asked)) == pytest.approx(r2)
    assert np.mean(squares[asked[0].numpy()]) != np.mean(squares[given[0].numpy()])
    assert float(model.penalties(real, real, given)) == pytest.approx(r1 + r2)
    assert float(model.penalties(real, real, given, training=False)) == 0
    bare = by_hand(fake_labels="uniform").discriminator_loss(real, real, given)[0]
    assert float(model.discriminator_loss(real, real, given)[0] - bare) == pytest.approx(r1 + r2)
    model.step.assign(1)  # not due
    assert float(model.penalties(real, real, given)) == 0
    assert float(by_hand(r2_gamma=2.0, fake_labels="real").penalties(real, real, given)) == (
        pytest.approx(0.5 * 2.0 * (1 + 1 + 4 + 9) / 4)
    )


def test_an_r2_penalty_that_a_loss_leaves_out_is_refused():
    class OwnLoss(GAN):
        def discriminator_loss(self, real, fake, given=(), training=True):
            loss = tf.reduce_mean(self.logits(real, "real", given, training))
            return loss + self.r1(real, given, training), dict.fromkeys(self.log_names[:3], loss)

    like = telling("gan")
    model = OwnLoss((2,), 2, like.generator, like.discriminator, num_classes=4, r2_gamma=1.0)
    model.compile()
    with pytest.raises(InputError, match=r"^r2_gamma: expected 0, as OwnLoss.discriminator_loss"):
        step(model, points(range(4)))


# ---------------------------------------------------------------------- classes that override hooks


def test_losses_of_ones_own_keep_to_the_classes_of_real_samples():
    class OwnLoss(DCGAN):
        def generator_loss(self, fake, real, given=(), training=True):
            return super().generator_loss(fake, real, given, training)

    class Mixin:
        def train_step(self, data):
            return super().train_step(data)

    class Mixed(Mixin, DCGAN):
        pass

    class Declares(OwnLoss):
        default_fake_labels = "shuffled"

    class Plain(DCGAN):
        condition = ("label",)

        def batch_spec(self):
            return super().batch_spec() | {"label": tf.TensorSpec([None], tf.int32)}

    def made(cls, **kwargs):
        like = telling()
        return cls((2,), 2, like.generator, like.discriminator, **kwargs)

    assert made(DCGAN, num_classes=CLASSES).fake_labels == "shuffled"
    for cls, method in ((OwnLoss, "OwnLoss.generator_loss"), (Mixed, "Mixin.train_step")):
        assert made(cls, num_classes=CLASSES).fake_labels == "real"
        with pytest.raises(InputError, match=rf"^fake_labels: expected 'real', as {method} may"):
            made(cls, num_classes=CLASSES, fake_labels="uniform")
    assert made(Declares, num_classes=CLASSES).fake_labels == "shuffled"
    assert made(Plain).fake_labels is None
    labels = (tf.range(4),)
    assert made(Plain).asked(labels) is labels
    assert NoiseToImage.default_fake_labels == "real"


# ---------------------------------------------------------------------- arguments and data


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"num_classes": 1}, "num_classes: expected a whole number from 2 up, or None, got 1"),
        ({"num_classes": 2.5}, "num_classes: expected a whole number from 2 up"),
        ({"class_names": ["a", "b"]}, "class_names: expected none for a model without num_classes"),
        ({"num_classes": 3, "class_names": ["a"]}, "class_names: expected 3 names, .* got 1"),
        ({"num_classes": 2, "class_names": ["a", "a"]}, "class_names: .* got 'a' twice"),
        ({"num_classes": 2, "class_names": "ab"}, "class_names: expected a list of texts"),
        ({"num_classes": 2, "class_names": ["a", ""]}, "class_names: expected .* none empty"),
        ({"num_classes": 2, "fake_labels": "mixed"}, "fake_labels: expected one of shuffled, real"),
        ({"fake_labels": "uniform"}, "fake_labels: expected None for a model without num_classes"),
        ({"r2_gamma": -1.0}, "r2_gamma: expected .* got -1"),
    ],
)
def test_arguments_that_cannot_be_are_refused(given, said):
    with pytest.raises(InputError, match=f"^{said}"):
        DCGAN(SHAPE, **given)


@pytest.mark.parametrize("given", [1, 2.0, "3", True])
def test_models_and_their_networks_say_the_same_of_a_number_of_classes(given):
    said = []
    for make in (
        lambda: DCGAN(SHAPE, num_classes=given),
        lambda: networks.dcgan_generator(SHAPE, num_classes=given),
        lambda: networks.sngan_discriminator(SHAPE, given),
    ):
        with pytest.raises(InputError) as error:
            make()
        said.append(str(error.value))
    assert len(set(said)) == 1


def test_none_and_0_are_no_classes_and_texts_have_none():
    for value in (None, 0):
        model = GAN((2,), 2, num_classes=value)
        assert (model.num_classes, model.condition, model.fake_labels) == (None, (), None)
        assert list(model.batch_spec()) == ["image"]
    with pytest.raises(InputError, match=r"^num_classes: .* GANCLS, whose condition is text, got"):
        GANCLS(SHAPE, embedding_dim=4, num_classes=3)


def test_networks_that_know_other_classes_are_refused():
    generator = networks.dcgan_generator(SHAPE, LATENT, 3, filters=4)
    with pytest.raises(
        InputError,
        match=r"^num_classes: expected the 3 classes that layer 'class_embedding' .* knows",
    ):
        DCGAN(SHAPE, LATENT, generator, num_classes=4)
    with pytest.raises(InputError, match=r"^generator: expected a network of two inputs"):
        DCGAN(SHAPE, generator=networks.dcgan_generator(SHAPE), num_classes=4)
    with pytest.raises(InputError, match=r"^generator: expected a network of one input, got 2"):
        DCGAN(SHAPE, LATENT, generator)


def test_labels_are_numbers_or_exactly_one_hot():
    model = telling()
    data = points([0, 3, 1])
    rows = keras.utils.to_categorical(data["label"], CLASSES)
    numbers = (data["label"], data["label"].astype("uint8"))
    for label in (*numbers, rows, rows.astype("int64"), rows.astype(bool)):
        _, (found,) = model.real((data["image"], label))
        assert found.dtype == tf.int32
        np.testing.assert_array_equal(found, data["label"])
    two = rows + np.roll(rows, 1, axis=1)
    for label, said in (
        (data["label"] + 1, r"expected numbers from 0 to 3, got 4; the model knows 4 classes"),
        (data["label"] - 1, "expected numbers from 0 to 3, got -1"),
        (data["label"].astype("float32"), "expected whole numbers, got type float32"),
        (2 * rows, "expected class numbers, or rows of zeros and a single one, got others"),
        (0.9 * rows + 0.025, "expected class numbers, or rows"),
        (two, "expected class numbers, or rows"),
        (0 * rows, "expected class numbers, or rows"),
        (rows[:, :3], r"or one-hot rows, shape \(batch, 4\), got \(3, 3\)"),
    ):
        with pytest.raises(InputError, match=f"^Training batches, label: .*{said}"):
            model.real((data["image"], label))


@pytest.mark.parametrize("rank", [1, 2])
def test_labels_of_a_graph_are_checked_when_they_are_there(rank):
    model = telling()
    label = np.array([0, 3, 1], "int32") if rank == 1 else np.eye(CLASSES)[[0, 3, 1]]
    spec = tf.TensorSpec([None] * rank, label.dtype)

    @tf.function(input_signature=[spec], autograph=False)
    def numbers(label):
        return model.real((tf.zeros([3, 2]), label))[1][0]

    with input_errors():
        np.testing.assert_array_equal(numbers(label), [0, 3, 1])
    with pytest.raises(InputError, match=r"^Training batches, label: expected"), input_errors():
        numbers(label + 1)


def test_a_dataset_is_checked_at_each_step():
    model = telling()
    data = points([0, 1, 2, 3, 0, 1, 2, 4])
    batches = tf.data.Dataset.from_tensor_slices(data).batch(4)
    with pytest.raises(InputError, match=r"label: expected numbers from 0 to 3, got 4"):
        model.fit(batches, verbose=0)
    assert model.steps_done == 1
    with pytest.raises(InputError, match=r"^Training batches, label: .* got 4"):
        model.fit(data, batch_size=4, verbose=0)
    with pytest.raises(InputError, match=r"^validation_data, label: .* got 4"):
        model.fit(points([0, 1]), validation_data=data, batch_size=2, verbose=0)
    assert model.steps_done == 1


# ---------------------------------------------------------------------- the default networks


@functools.cache
def drawn_from():
    """Returns a model to draw samples from, which must not change."""
    return small()


def small(packing=1, **kwargs):
    keras.utils.set_random_seed(0)
    generator = networks.dcgan_generator(SHAPE, LATENT, 3, filters=4, embedding_dim=5)
    packed = (*SHAPE[:-1], SHAPE[-1] * packing)
    discriminator = networks.dcgan_discriminator(packed, 3, packing, filters=4, projected=6)
    names = ["ant", "bee", "cat"]
    return DCGAN(
        SHAPE, LATENT, generator, discriminator, num_classes=3, class_names=names,
        packing=packing, latent_distribution="normal", **kwargs,
    )  # fmt: skip


NETWORKS = [
    (networks.dcgan_discriminator, {"filters": 4, "projected": 6}, "projected"),
    (networks.dcgan_discriminator, {"filters": 4, "projected": None}, "flatten"),
    (networks.resnet_discriminator, {"filters": 4}, "pool"),
    (networks.mlp_discriminator, {"units": (5,), "dropout": 0.0}, "maxout_1"),
]


@pytest.mark.parametrize("packing", [1, 2])
@pytest.mark.parametrize(("make", "settings", "features"), NETWORKS)
def test_the_projection_is_that_of_the_paper(make, settings, features, packing):
    """Logits w.phi + b + <e_y, phi>; each place in a pack has its own table."""
    network = make((16, 16, 3 * packing), 3, packing, **settings)
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3 * packing)).astype("float32")
    label = np.array([[2, 0], [1, 1]])[:, :packing]
    phi = keras.Model(network.inputs, network.get_layer(features).output)
    given = [x, label if packing > 1 else label[:, 0]]
    (w, b), found = network.get_layer("logits").get_weights(), phi(given).numpy()
    expected = found @ w[:, 0] + b
    for i in range(packing):
        name = "class_embedding" if packing == 1 else f"class_embedding_{i + 1}"
        (table,) = network.get_layer(name).get_weights()
        expected += (table[label[:, i]] * found).sum(axis=1)
    np.testing.assert_allclose(network(given)[:, 0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (networks.dcgan_generator, {"filters": 4}),
        (networks.resnet_generator, {"filters": 4}),
        (networks.mlp_generator, {"units": (64,), "batch_norm": True}),
    ],
)
def test_a_generator_is_told_the_class(make, settings):
    network = make(SHAPE, LATENT, 3, embedding_dim=5, **settings)
    (table,) = network.get_layer("class_embedding").get_weights()
    assert table.shape == (3, 5)
    z = np.random.default_rng(0).normal(size=(1, LATENT)).astype("float32")
    made = [network([z, np.array([label])]).numpy() for label in range(3)]
    assert np.abs(made[0] - made[1]).max() > 1e-6
    assert np.abs(made[1] - made[2]).max() > 1e-6
    unconditional = make(SHAPE, LATENT, **settings)
    assert len(unconditional.inputs) == 1
    assert "class_embedding" not in [layer.name for layer in unconditional.layers]


def test_arguments_of_networks_follow_from_the_model():
    known = {"image_shape": SHAPE, "latent_dim": LATENT, "packing": 2}
    packed = (16, 16, 6)
    assert DCGAN.network_arguments(**known, num_classes=None) == {
        "generator": ("generator", (SHAPE, LATENT)),
        "discriminator": ("discriminator", (packed,)),
    }
    assert DCGAN.network_arguments(**known, num_classes=3) == {
        "generator": ("generator", (SHAPE, LATENT, 3)),
        "discriminator": ("discriminator", (packed, 3, 2)),
    }


# ---------------------------------------------------------------------- use


def test_generates_by_number_name_and_mixture():
    model = small()
    latents = model.sample_latents(3)
    by_number = model.generate(latents=latents, label=[1, 1, 2])
    by_name = model.generate(latents=latents, label=["bee", "bee", "cat"])
    np.testing.assert_array_equal(by_name, by_number)
    np.testing.assert_array_equal(
        model.generate(3, label="bee"), model.generate(3, label=1, seed=0)
    )
    ends = np.eye(3, dtype="float32")[[1, 1, 2]]
    np.testing.assert_array_equal(model.generate(latents=latents, label=ends), by_number)
    near = model.generate(latents=latents, label=0.9999 * ends + 0.0001 / 3)
    np.testing.assert_allclose(near, by_number, atol=1e-4)
    between = model.generate(latents=latents, label=[[0.0, 0.5, 0.5]])
    assert np.abs(between[0] - by_number[0]).max() > 1e-6
    for label, said in (
        ("beee", r"label: there is no class 'beee'; did you mean bee\?"),
        ("zzz", r"label: there is no class 'zzz'; choose from ant, bee, cat"),
        (3, "label: expected numbers from 0 to 2, got 3"),
        (-1, "label: expected numbers from 0 to 2, got -1"),
        (0.5, "label: expected whole numbers, got type float64"),
        ([[0.5, 0.6, 0.0]], "label: expected weights of classes .* sums from 1.1 to 1.1"),
        ([[1.5, -0.5, 0.0]], "label: expected weights of classes from 0 up"),
    ):
        with pytest.raises(InputError, match=f"^{said}"):
            model.generate(3, label=label)
    with pytest.raises(InputError, match=r"^label: expected class numbers, as .* no class_names"):
        telling().generate(3, label="bee")


@pytest.mark.parametrize("number", [CLASSES, -1])
def test_classes_that_do_not_exist_are_refused_where_networks_would_take_them(number):
    """This network does anywhere; an embedding takes them for zeros on a GPU."""
    model = telling()
    latents, label = model.sample_latents(2), np.array([0, number], "int32")
    signature = model.signatures()["generate"].function
    seeds = model.signatures()["generate_from_seed"].function
    calls = (
        lambda: model((latents, label)),
        lambda: model.predict((latents, label), verbose=0),
        lambda: signature(tf.constant(latents), tf.constant(label)),
        lambda: seeds(tf.constant([1, 2], tf.int64), tf.constant(label)),
    )
    for call in calls:
        message = f"label: expected numbers from 0 to 3, got {number}; the model knows 4"
        with pytest.raises(InputError, match=message), input_errors():
            call()


def by_table(encode):
    z, label = keras.Input((2,)), keras.Input((), dtype="int32")
    code = L.Concatenate()([z, encode(label)])
    return keras.Model([z, label], L.Dense(2, use_bias=False, kernel_initializer="ones")(code))


TABLE = np.array([[0.0], [1.0], [10.0], [100.0]])


@pytest.mark.parametrize(
    ("encode", "expected"),
    [
        (L.Embedding(CLASSES, 1, weights=[TABLE]), 0.5 * 1 + 0.25 * 10 + 0.25 * 100),
        (lambda label: keras.ops.one_hot(label, CLASSES), 1.0),
        (keras.Sequential([L.Embedding(CLASSES, 1, weights=[TABLE]), L.Flatten()]), 28.0),
    ],
)
def test_a_mixture_is_the_weighted_mean_of_what_classes_are_embedded_as(encode, expected):
    like = telling()
    model = DCGAN((2,), 2, by_table(encode), like.discriminator, num_classes=CLASSES)
    made = model.generate(latents=np.zeros((1, 2)), label=[[0.0, 0.5, 0.25, 0.25]])
    np.testing.assert_allclose(made, [[expected, expected]], rtol=1e-6)
    with pytest.raises(InputError, match=r"^label: expected class numbers, as layer .* cannot"):
        like.generate(latents=np.zeros((1, 2)), label=[[0.0, 0.5, 0.25, 0.25]])


@pytest.mark.parametrize("bound", [0.02, 0.5, 2.0])
def test_truncated_latents(bound):
    """The standard deviation is that of the truncated normal distribution."""
    model = drawn_from()
    z = model.sample_latents(4000, truncation=bound)
    assert np.abs(z).max() <= bound
    density = np.exp(-(bound**2) / 2) / np.sqrt(2 * np.pi)
    inside = float(tf.math.erf(bound / np.sqrt(2)))
    deviation = np.sqrt(1 - 2 * bound * density / inside) if bound > 0.1 else bound / np.sqrt(3)
    assert z.std() == pytest.approx(deviation, rel=0.02)
    assert abs(z.mean()) < 5 * deviation / np.sqrt(z.size)
    free = model.sample_latents(4000)
    kept = np.abs(free) <= bound
    np.testing.assert_array_equal(z[kept], free[kept])
    np.testing.assert_array_equal(z[:10], model.sample_latents(10, truncation=bound))
    made = model.generate(3, label=1, truncation=bound)
    np.testing.assert_array_equal(made, model.generate(latents=z[:3], label=1))
    one = model.generate(seeds=[7], label=1, truncation=bound)
    np.testing.assert_allclose(
        model.generate(seeds=[1, 7], label=1, truncation=bound)[1:], one, atol=1e-6
    )


def test_truncation_is_for_normal_latents_that_are_drawn():
    model = small()
    for arguments, said in (
        ({"truncation": 0.0, "num": 1}, "truncation: expected a number above 0, got 0"),
        ({"truncation": 1.0, "latents": np.zeros((1, 8))}, "truncation: .* beside latents, got 1"),
    ):
        with pytest.raises(InputError, match=f"^{said}"):
            model.generate(label=1, **arguments)
    with pytest.raises(InputError, match=r"^truncation: .* latents are uniform, got 1"):
        GAN((2,), 2).generate(1, truncation=1.0)


# ---------------------------------------------------------------------- the mechanics of training


@pytest.mark.parametrize("packing", [1, slow(2)])
def test_is_saved_and_trains_on(packing, tmp_path):
    options = {"diff_augment": ("color",), "ema_half_life": 10.0, "r1_gamma": 1.0, "r2_gamma": 1.0}
    model = small(packing, **options)
    model.compile(run_eagerly=True)
    num = 4 * packing
    images, labels = np.zeros((num, *SHAPE), "uint8"), np.arange(num) % 3
    model.fit(images, labels, batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert (loaded.num_classes, loaded.class_names) == (3, ("ant", "bee", "cat"))
    assert (loaded.condition, loaded.fake_labels) == (("label",), "shuffled")
    for each in (model, loaded):
        each.fit({"image": images, "label": labels}, batch_size=4, verbose=0)
    assert_same(state(loaded), state(model))
    np.testing.assert_array_equal(loaded.generate(2, label="cat"), model.generate(2, label=2))


class Forgetful(DCGAN):
    """Judges fakes as real samples."""

    default_fake_labels = "shuffled"

    def discriminator_loss(self, real, fake, given=(), training=True):
        fake_labels, self.fake_labels = self.fake_labels, "real"
        found = super().discriminator_loss(real, fake, given, training)
        self.fake_labels = fake_labels
        return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "fake_labels"), [*((DCGAN, way) for way in FAKE_LABELS), (Forgetful, "shuffled")]
)
def test_xla_asks_for_the_classes_that_it_judges(cls, fake_labels):
    """The score of a sample that is judged as another class is far below 0."""
    like = telling()
    x, label = keras.Input((2,)), keras.Input((), dtype="int32")
    wrong = keras.ops.square(x[:, :1] - keras.ops.cast(label, "float32")[:, None])
    score = L.Dense(1, kernel_initializer="zeros")(x) - 100.0 * wrong
    judge = keras.Model([x, label], score)
    model = cls((2,), 2, like.generator, judge, num_classes=CLASSES, fake_labels=fake_labels)
    model.compile(jit_compile=True)
    logs = step(model, points(np.arange(32) % CLASSES))
    assert float(logs["d_real"]) == 0.5
    if cls is Forgetful:
        assert float(logs["d_fake"]) < 0.4
    else:
        assert float(logs["d_fake"]) == 0.5


@pytest.mark.parametrize("name", slow_except(("dcgan", "wgan_gp"), GAMES))
def test_default_networks_are_conditional(name):
    shape = {"wgan_gp": (32, 32, 1)}.get(name, (16, 16, 1))
    model = MODELS[name](shape, num_classes=3, packing=2)
    assert [x.shape for x in model.generator.inputs][1:] == [(None,)]
    assert [x.shape for x in model.discriminator.inputs][1:] == [(None, 2)]
    latents, label = np.zeros((3, model.latent_dim), "float32"), np.arange(3)
    assert model.generator([latents, label]).shape == (3, *shape)


# ---------------------------------------------------------------------- in the long run


CORNERS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], "float32")


@pytest.mark.slow
def test_a_trained_game_draws_the_class_that_it_is_asked_for():
    """Clusters at four corners; without the right labels in training, chance is left."""

    def obedience(shuffled):
        keras.utils.set_random_seed(0)
        random = np.random.default_rng(0)
        labels = random.integers(0, CLASSES, 64 * 600)
        samples = CORNERS[labels] + 0.1 * random.standard_normal((len(labels), 2), "float32")
        if shuffled:
            labels = random.permutation(labels)
        dense = {"units": (64, 64), "initializer": "he_uniform"}
        no_dropout = {"maxout_pieces": 0, "input_dropout": 0.0, "dropout": 0.0}
        generator = networks.mlp_generator((2,), 2, CLASSES, **dense)
        discriminator = networks.mlp_discriminator((2,), CLASSES, **dense, **no_dropout)
        model = DCGAN(
            (2,), 2, generator, discriminator, num_classes=CLASSES, r1_gamma=0.1, r2_gamma=0.1
        )
        model.compile(*(keras.optimizers.Adam(1e-3, beta_1=0.0) for _ in range(2)))
        model.fit(samples, labels, batch_size=64, verbose=0)
        asked = np.repeat(np.arange(CLASSES), 100)
        made = model.generate(label=asked)
        nearest = np.square(made[:, None] - CORNERS).sum(-1).argmin(1)
        return np.mean(nearest == asked)

    assert obedience(shuffled=False) > 0.95
    assert obedience(shuffled=True) < 0.5
