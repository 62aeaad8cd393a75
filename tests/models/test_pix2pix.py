import warnings

import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tests.models.pointwise import SHAPE, times
from tests.models.tiny import compiled, fit, request, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.config import load_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import Pix2Pix

A, B = tf.fill([2, *SHAPE], 0.5), tf.fill([2, *SHAPE], -1.0)


def losses(**kwargs):
    """G(a) = a / 2, D(a, b) = 2 (a + b), so 1 of the fake and -1 of the real pair below."""
    model = Pix2Pix(SHAPE, None, times(0.5), times(2.0, channels=2), **kwargs)
    fake = model.generator(A)
    d_loss, d_logs = model.discriminator_loss(A, B, fake)
    g_loss, g_logs = model.generator_loss(A, B, fake)
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert set(logs) == set(model.log_names)
    assert (float(d_loss), float(g_loss)) == (logs["d_loss"], logs["g_loss"])
    return logs


def test_losses():
    assert losses() == pytest.approx(
        {
            "d_real": -1.0,
            "d_fake": 1.5,
            "d_loss": (1.3132617 + 1.7014133) / 2,  # softplus(1), softplus(1.5)
            "g_gan": 0.2014133,  # softplus(-1.5)
            "g_l1": 1.25,  # |0.25 - -1|
            "g_loss": 0.2014133 + 125.0,
        }
    )


def test_least_squares_and_weights():
    logs = losses(objective="least_squares", l1_weight=10.0, gan_weight=2.0)
    assert logs["d_loss"] == pytest.approx((4.0 + 2.25) / 2)
    assert logs["g_gan"] == pytest.approx(0.25)
    assert logs["g_loss"] == pytest.approx(2 * 0.25 + 12.5)


def test_both_players_learn_from_one_translation():
    model = compiled("pix2pix")
    passes = []
    model.generator = Counted(model.generator, passes)
    step(model, samples(model))
    assert len(passes) == 1


class Counted:
    """A network that notes its passes."""

    def __init__(self, network, passes):
        self.network, self.passes = network, passes

    def __call__(self, *args, **kwargs):
        self.passes.append(kwargs)
        return self.network(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.network, name)


@pytest.mark.parametrize("inference", ["paper", slow("frozen")])
def test_translation_evaluation_and_export_agree(inference, tmp_path):
    model = compiled("pix2pix", inference=inference, gan_weight=0.0, l1_weight=1.0)
    for seed in range(3):
        step(model, samples(model, seed=seed))
    a, b = samples(model, batch=5, seed=9).values()
    translated = model.translate(a)

    logs = model.evaluate(tf.data.Dataset.from_tensors((a, b)), return_dict=True, verbose=0)
    l1 = np.abs(translated - (b / 127.5 - 1)).mean()
    assert logs["g_l1"] == pytest.approx(l1, rel=1e-5)

    model.export(tmp_path / "1")
    floats = tf.constant(a / 127.5 - 1, tf.float32)
    served = tf.saved_model.load(tmp_path / "1").signatures["a_to_b"](images=floats)["images"]
    np.testing.assert_allclose(served, translated, atol=1e-5)
    # Nor does it matter in whose company an image comes, or that it comes again.
    np.testing.assert_allclose(model.translate(a[2:4], batch_size=2), translated[2:4], atol=1e-5)
    np.testing.assert_allclose(model.predict(floats, verbose=0), translated, atol=1e-5)


def test_the_two_kinds_of_inference_differ():
    model = compiled("pix2pix", inference="paper")
    step(model, samples(model))
    a, _ = samples(model).values()
    paper = model.translate(a)
    frozen = tiny("pix2pix", inference="frozen")
    frozen.generator.set_weights(model.generator.get_weights())
    assert np.abs(frozen.translate(a) - paper).max() > 1e-3
    assert Pix2Pix.from_config(model.get_config()).inference == "paper"
    with pytest.raises(InputError, match="inference"):
        tiny("pix2pix", inference="training")


def test_translation_leaves_the_weights_alone():
    model = compiled("pix2pix", inference="paper")
    before = model.get_weights()
    model.translate(samples(model)["a"])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.slow
def test_learns_to_fill():
    """Grey to the colours (x, -x, x): what a few steps of L1 can learn."""
    model = tiny("pix2pix", normalization="none", gan_weight=0.0)
    model.compile("adam", "adam")
    model.generator_optimizer.learning_rate = 3e-3
    grey = np.random.default_rng(0).uniform(-1, 1, (64, 4, 4, 1)).astype("float32")
    grey = grey.repeat(4, axis=1).repeat(4, axis=2) * 0.8
    pairs = tf.data.Dataset.from_tensor_slices((grey, np.concatenate([grey, -grey, grey], -1)))
    history = fit(model, pairs.batch(16), epochs=40)
    assert history["g_l1"][-1] < 0.5 * history["g_l1"][0]


def test_one_to_three_channels():
    model = tiny("pix2pix")
    assert request(model, 2).shape == (2, 16, 16, 1)
    assert model.translate(samples(model)["a"]).shape == (4, 16, 16, 3)
    assert list(model.endpoints()) == ["a_to_b"]
    with pytest.raises(InputError, match="direction: expected a_to_b of Pix2Pix, got 'b_to_a'"):
        model.translate(samples(model)["a"], "b_to_a")


def test_networks_must_fit():
    with pytest.raises(InputError, match=r"discriminator: .*\(batch, 4, 4, 2\)"):
        Pix2Pix(SHAPE, None, times(1.0), times(1.0))
    with pytest.raises(InputError, match=r"generator: .*output .*\(batch, 4, 4, 3\)"):
        Pix2Pix(SHAPE, 3, times(1.0), times(1.0, channels=4))
    with pytest.raises(InputError, match="cross_entropy or least_squares"):
        Pix2Pix(SHAPE, None, times(1.0), times(1.0, channels=2), objective="wasserstein_gp")


@pytest.mark.slow
def test_the_paper_is_the_default():
    model = Pix2Pix()
    assert model.generator.count_params() == networks.unet_generator((256, 256, 3)).count_params()
    assert model.discriminator.compute_output_shape((1, 256, 256, 6)) == (1, 30, 30, 1)
    assert (model.l1_weight, model.inference) == (100, "paper")
    optimizer = model.default_optimizers()["generator"]
    assert (float(optimizer.learning_rate), optimizer.beta_1) == (pytest.approx(2e-4), 0.5)


def test_batches_that_training_normalises_together_are_warned_of():
    """`inference="paper"` normalises each image by itself; once, and only where that differs."""
    model = tiny("pix2pix")
    model.compile(run_eagerly=True)
    images = samples(model)
    dataset = tf.data.Dataset.from_tensor_slices(images)
    sentence = r"^inference='paper': expected batches of 1, got batches of 4, .*inference='frozen'"
    for call in (
        lambda: model.fit(images, batch_size=4, epochs=2, verbose=0),
        lambda: fit(model, dataset.batch(4)),
        lambda: fit(model, dataset.batch(4, drop_remainder=True)),
        lambda: model.train_on_batch(images),
    ):
        with pytest.warns(UserWarning, match=sentence) as warned:
            call()
        assert len(warned) == 1
        model._reported.clear()
    told = []
    model.report_warnings(4, told.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, dataset.batch(4))  # which has been said
    assert len(told) == 1


def test_batches_that_inference_fits_are_not_warned_of():
    assert len(tiny("pix2pix").training_warnings(4)) == 1
    assert not tiny("pix2pix").training_warnings(1)
    assert not tiny("pix2pix", inference="frozen").training_warnings(4)
    assert not tiny("pix2pix", dense=True).training_warnings(4)  # with instance normalisation


@pytest.mark.parametrize("recipe", ["edges2shoes", "colorization", "facades", "maps"])
def test_recipes_use_the_network_as_their_batches_trained_it(recipe):
    config = load_config(f"pix2pix_{recipe}")
    expected = "paper" if config.data.batch_size == 1 else "frozen"
    assert config.model_args.inference == expected


FEATURES = "figures_v1:conv1,conv2"


def test_distances_in_features_and_roughness():
    """The terms of L_G, from the networks themselves."""
    model = tiny("pix2pix", feature_weight=3.0, features=FEATURES, tv_weight=0.5, l1_weight=2.0)
    a, b = model.pair(samples(model))
    fake = model.run(model.generator, a, training=False)
    loss, logs = model.generator_loss(a, b, fake, training=False)
    assert set(logs) | {"d_loss", "d_real", "d_fake"} == set(model.log_names)
    network = networks.feature_network(FEATURES)
    apart = sum(np.mean((x - y) ** 2) for x, y in zip(network(fake), network(b), strict=True))
    assert float(logs["g_features"]) == pytest.approx(apart, rel=1e-4)
    x = fake.numpy()
    dx, dy = np.zeros_like(x), np.zeros_like(x)
    dx[:, :, :-1], dy[:, :-1] = np.diff(x, axis=2), np.diff(x, axis=1)
    rough = np.mean(np.sqrt(dx**2 + dy**2))
    assert float(logs["g_tv"]) == pytest.approx(rough, rel=1e-4)
    terms = float(logs["g_gan"]) + 2 * float(logs["g_l1"]) + 3 * apart + 0.5 * rough
    assert float(loss) == pytest.approx(terms, rel=1e-4)


@pytest.mark.parametrize("gan_weight", [0.0, slow(1.0)])
def test_trains_with_features_which_stay_as_they_are(gan_weight, tmp_path):
    model = tiny("pix2pix", gan_weight=gan_weight, feature_weight=1.0, features=FEATURES)
    model.compile(run_eagerly=True)
    parameters = model.count_params()
    before = model.discriminator.get_weights()
    model.fit(samples(model), batch_size=4, verbose=0)
    names = {"g_loss", "g_l1", "g_features"}
    assert set(model.log_names) == names | (
        {"d_loss", "d_real", "d_fake", "g_gan"} if gan_weight else set()
    )
    # Without a game the discriminator does not move.
    same = [
        np.array_equal(x, y) for x, y in zip(before, model.discriminator.get_weights(), strict=True)
    ]
    assert all(same) == (not gan_weight)
    assert set(model.evaluate(samples(model), return_dict=True, verbose=0)) == set(model.log_names)
    # The features are in no file and in no count, and a saved model asks for them by name.
    assert model.count_params() == parameters
    shipped = networks.feature_network(FEATURES).get_weights()
    for x, y in zip(model.frozen("features").get_weights(), shipped, strict=True):
        np.testing.assert_array_equal(x, y)
    config = model.get_config()
    assert (config["features"], config["feature_weight"]) == (FEATURES, 1.0)


def test_without_a_game_the_generator_learns_what_it_learnt_with_a_weight_of_zero():
    """The discriminator's term, times 0, adds nothing."""
    alone, beside = (compiled("pix2pix", normalization="none", gan_weight=0.0) for _ in range(2))
    beside.set_weights(alone.get_weights())
    data = samples(alone)
    step(alone, data)
    a, b = beside.pair(data)
    fake = beside.record(beside.run, beside.generator, a, True)
    beside.update("generator", beside.generator_loss, a, b, fake)
    pairs = zip(alone.generator.get_weights(), beside.generator.get_weights(), strict=True)
    for x, y in pairs:
        np.testing.assert_allclose(x, y, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, r"features: expected NETWORK:LAYER.* with feature_weight=1\.0, got None"),
        ({"features": "figures_v1:conv9"}, "figures_v1 has no layer 'conv9'; did you mean"),
        ({"features": "figures_v1:logits"}, "features: figures_v1:logits takes images of 32x32"),
        ({"features": "vgg19:5_1", "image_shape": (8, 8, 1)}, "sides of at least 16 pixels"),
        (
            {"features": "figures_v1:conv1", "features_file": "vgg.h5"},
            "features_file: .*, got 'vgg.h5' with figures_v1:conv1, which has weights of its own",
        ),
    ],
)
def test_features_that_cannot_be_used(arguments, said):
    with pytest.raises(InputError, match=said):
        Pix2Pix(**{"image_shape": (16, 16, 3), "feature_weight": 1.0, **arguments})


def test_terms_that_nothing_would_be_learned_from():
    with pytest.raises(InputError, match=r"^l1_weight, .*: expected one above 0"):
        Pix2Pix((32, 32, 3), l1_weight=0.0, gan_weight=0.0)
    with pytest.raises(InputError, match=r"feature_matching: expected 0 with gan_weight=0, "):
        Pix2Pix((32, 32, 3), gan_weight=0.0, feature_matching=10.0)


def test_missing_weights_are_missed_before_training():
    vgg = {"features": "vgg19:1_1", "features_file": "/no/such/file.h5"}
    model = compiled("pix2pix", feature_weight=1.0, **vgg)
    with pytest.raises(InputError, match=r"/no/such/file\.h5"):
        model.fit(samples(model), batch_size=4, verbose=0)
    assert model.steps_done == 0
