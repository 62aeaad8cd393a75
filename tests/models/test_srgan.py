import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import compiled, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import SRGAN
from tfgan_zoo.pictures.tiling import apply_tiled

SMALL = tf.fill([2, 2, 2, 1], 0.5)
LARGE = tf.fill([2, 4, 4, 1], -0.5)


def by_hand(**kwargs):
    """G(x) = 2 x in [0, 1], at twice the size; D(y) = the mean of y."""
    grow = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            keras.layers.UpSampling2D(2),
            keras.layers.Conv2D(
                1, 1, use_bias=False, kernel_initializer=keras.initializers.Constant(2.0)
            ),
        ]
    )
    mean = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.GlobalAveragePooling2D()])
    return SRGAN((4, 4, 1), 2, grow, mean, **{"content": "pixel", **kwargs})


def losses(model):
    fake = model.run(model.generator, model.network_input(SMALL), True)
    np.testing.assert_allclose(fake, tf.fill([2, 4, 4, 1], 1.5))  # 2 (0.5 + 1) / 2
    d_loss, d_logs = model.discriminator_loss(LARGE, fake)
    g_loss, g_logs = model.generator_loss(LARGE, fake)
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert set(logs) == set(model.log_names)
    assert (float(d_loss), float(g_loss)) == (logs["d_loss"], logs["g_loss"])
    return logs


def test_losses():
    logs = losses(by_hand())
    assert logs["g_content"] == pytest.approx(4.0)  # (1.5 - -0.5)^2
    assert logs["g_gan"] == pytest.approx(0.2014133)  # softplus(-1.5)
    assert logs["g_loss"] == pytest.approx(4.0 + 1e-3 * 0.2014133)
    assert logs["d_loss"] == pytest.approx(0.9740770 + 1.7014133)  # softplus(0.5), (1.5)
    assert logs["d_real"] == pytest.approx(0.3775407)  # sigmoid(-0.5)


def test_l1_and_weight():
    logs = losses(by_hand(content_loss="l1", adversarial_weight=0.5))
    assert logs["g_content"] == pytest.approx(2.0)
    assert logs["g_loss"] == pytest.approx(2.0 + 0.5 * 0.2014133)


def test_relativistic_average():
    logs = losses(by_hand(relativistic=True))
    # Scores are -0.5 and 1.5 throughout: each loss has softplus of a difference of 2 twice.
    assert logs["d_loss"] == pytest.approx(2 * 2.1269280)
    assert logs["g_gan"] == pytest.approx(2 * 0.1269280)


#: Scores C of two real and of two made images, which differ, so that their means matter.
REAL, FAKE = (1.0, 3.0), (0.5, -1.5)


def softplus(x):
    return float(np.mean(np.log1p(np.exp(np.array(x)))))


def of_scores(real, fake):
    """Returns images whose means, which D reads off, are these scores."""
    return (
        tf.constant(each, tf.float32)[:, None, None, None] * tf.ones([1, 4, 4, 1])
        for each in (real, fake)
    )


def test_esrgan_compares_each_image_with_the_mean_of_the_others():
    """By hand: real ones lead the mean fake, -0.5, by 1.5 and 3.5; fakes are at -1.5, -3.5 of 2."""
    model = by_hand(relativistic=True, adversarial_weight=5e-3)
    large, fake = of_scores(REAL, FAKE)
    d_loss, _ = model.discriminator_loss(large, fake)
    assert float(d_loss) == pytest.approx(softplus([-1.5, -3.5]) + softplus([-1.5, -3.5]))
    assert float(d_loss) == pytest.approx(2 * 0.1155817, rel=1e-5)
    g_loss, logs = model.generator_loss(large, fake)
    assert float(logs["g_gan"]) == pytest.approx(softplus([1.5, 3.5]) + softplus([1.5, 3.5]))
    content = np.mean([(1 - 0.5) ** 2, (3 + 1.5) ** 2])
    assert float(g_loss) == pytest.approx(content + 5e-3 * float(logs["g_gan"]))
    # Controls: of pairs, and without the comparison, the losses are others.
    pairs = softplus([0.5 - 1.0, -1.5 - 3.0])
    assert abs(float(d_loss) - 2 * pairs) > 0.05
    plain, _ = by_hand().discriminator_loss(large, fake)
    assert float(plain) == pytest.approx(softplus([-1.0, -3.0]) + softplus([0.5, -1.5]))
    assert abs(float(plain) - float(d_loss)) > 0.05


def test_esrgan_s_generator_learns_from_real_images_too():
    """The slope in each fake score: of its own term, and of all real terms by the mean."""
    model = by_hand(relativistic=True)
    large, fake = of_scores(REAL, FAKE)
    with tf.GradientTape() as tape:
        tape.watch(fake)
        _, logs = model.generator_loss(large, fake)
    slope = np.array(tf.reduce_sum(tape.gradient(logs["g_gan"], fake), axis=(1, 2, 3)))

    def sigmoid(x):
        return 1 / (1 + np.exp(-np.array(x)))

    own = -sigmoid(-(np.array(FAKE) - np.mean(REAL))) / 2
    by_the_mean = -np.mean(sigmoid(np.array(REAL) - np.mean(FAKE))) / 2
    np.testing.assert_allclose(slope, own + by_the_mean, rtol=1e-5)
    # The control: the one-sided loss of several ports.
    assert np.all(np.abs(slope - own) > 0.1)


def test_pixels_beside_the_content():
    logs = losses(by_hand(pixel_weight=0.5))
    assert logs["g_pixel"] == pytest.approx(2.0)
    assert logs["g_loss"] == pytest.approx(4.0 + 0.5 * 2.0 + 1e-3 * 0.2014133)
    alone = by_hand(pixel_weight=0.5, adversarial_weight=0.0)
    loss, found = alone.srresnet_loss(SMALL, LARGE)
    assert set(found) == set(alone.log_names) == {"g_loss", "g_content", "g_pixel"}
    assert float(loss) == pytest.approx(5.0)
    assert "g_pixel" not in by_hand().log_names


def test_srresnet_trains_the_generator_alone():
    model = compiled("srgan", adversarial_weight=0.0)
    before = model.generator.get_weights()[0], model.discriminator.get_weights()[0]
    logs = step(model, samples(model))
    assert set(logs) == {"g_loss", "g_content"}
    assert np.any(model.generator.get_weights()[0] != before[0])
    np.testing.assert_array_equal(model.discriminator.get_weights()[0], before[1])


def test_upscales_any_size():
    model = tiny("srgan")
    images = np.random.default_rng(0).integers(0, 256, (2, 7, 13, 3), "uint8")
    large = model.upscale(images)
    assert large.shape == (2, 14, 26, 3)
    assert large.dtype == np.float32
    expected = model.generator(images.astype("float32") / 255)
    np.testing.assert_allclose(large, expected, atol=1e-5)
    np.testing.assert_allclose(model.translate(images), large, atol=1e-5)
    assert list(model.endpoints()) == ["upscale"]


def test_tiles_make_the_whole():
    keras.utils.set_random_seed(0)  # Of some weights, rounding is above the bound.
    model = tiny("srgan")
    image = np.random.default_rng(0).integers(0, 256, (50, 61, 3), "uint8")
    # A pixel depends on others up to 4 + 2 + 1 + 1 + 2 away: by a 9x9, the block, the trunk, the
    # upsampling and, on pixels half as large, another 9x9.
    tiled = apply_tiled(lambda tile: model.upscale(tile[None])[0], image, 40, 20, 2, blend=0)
    np.testing.assert_allclose(tiled, model.upscale(image[None])[0], atol=1e-5)


@pytest.mark.slow
def test_the_content_of_features(tmp_path, monkeypatch):
    """Random VGG: what is compared, that it learns nothing, and is in no file."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    features = networks.vgg19_features("2_2", weights=None)
    seen = []

    def vgg(layer, weights):
        seen.append((layer, weights))
        return features

    monkeypatch.setattr("tfgan_zoo.models.srgan.networks.vgg19_features", vgg)
    model = compiled("srgan", content="vgg", content_layer="2_2", content_weights="vgg.h5")
    assert not seen  # only when it is needed
    parameters = model.count_params()
    before = [w.copy() for w in features.get_weights()]
    a, b = samples(model).values()
    model.fit(a, b, batch_size=4, verbose=0)
    assert seen == [("2_2", "vgg.h5")]
    for old, new in zip(before, features.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.count_params() == parameters
    images = tf.random.stateless_uniform([2, 16, 16, 3], [1, 2], -1.0, 1.0)
    difference = features(images) - features(images[::-1])
    assert float(model.content_between(images, images[::-1])) == pytest.approx(
        float(tf.reduce_mean(difference**2)), rel=1e-5
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.content_layer, loaded.content_weights) == ("2_2", "vgg.h5")
    assert len(seen) == 1  # using a saved model needs no VGG


@pytest.mark.parametrize("content_loss", ["mse", "l1"])
def test_the_content_of_any_network_s_features(content_loss):
    name = "figures_v1:conv1,conv3"
    model = tiny("srgan", content="features", features=name, content_loss=content_loss)
    images = tf.random.stateless_uniform([2, 16, 16, 3], [1, 2], -1.0, 1.0)
    network = networks.feature_network(name)
    pairs = zip(network(images), network(images[::-1]), strict=True)
    apart = [x - y for x, y in pairs]
    expected = sum(np.mean(d**2) if content_loss == "mse" else np.mean(np.abs(d)) for d in apart)
    assert float(model.content_between(images, images[::-1])) == pytest.approx(expected, rel=1e-4)


def test_features_train_and_are_in_no_file(tmp_path):
    model = tiny("srgan", content="features", features="figures_v1:conv2")
    model.compile(run_eagerly=True)
    parameters = model.count_params()
    a, b = samples(model).values()
    model.fit(a, b, batch_size=4, verbose=0)
    assert model.count_params() == parameters
    shipped = networks.feature_network("figures_v1:conv2").get_weights()
    for x, y in zip(model.frozen("features").get_weights(), shipped, strict=True):
        np.testing.assert_array_equal(x, y)
    assert SRGAN.from_config(model.get_config()).features == "figures_v1:conv2"


@pytest.mark.slow
def test_vgg_by_its_name_is_vgg(tmp_path):
    weights = tmp_path / "vgg.weights.h5"
    keras.applications.VGG19(include_top=False, weights=None).save_weights(weights)
    images = tf.random.stateless_uniform([2, 16, 16, 3], [1, 2], -1.0, 1.0)
    options = {"content_weights": str(weights)}
    found = [
        float(tiny("srgan", content=c, **named, **options).content_between(images, images[::-1]))
        for c, named in (
            ("vgg", {"content_layer": "2_2"}),
            ("features", {"features": "vgg19:2_2"}),
        )
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


@pytest.mark.slow
def test_evaluation_comes_first(tmp_path):
    """With a new model and with one from a file: a graph loads no weights."""
    weights = tmp_path / "vgg.weights.h5"
    keras.applications.VGG19(include_top=False, weights=None).save_weights(weights)
    model = compiled("srgan", content="vgg", content_layer="1_1", content_weights=str(weights))
    a, b = samples(model).values()
    content = model.evaluate(a, b, return_dict=True, verbose=0)["g_content"]
    assert content == pytest.approx(float(model.losses_of((a, b))["g_content"]), rel=1e-4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    logs = loaded.evaluate(a, b, return_dict=True, verbose=0)
    assert logs["g_content"] == pytest.approx(content, rel=1e-4)


def test_missing_weights_are_missed_before_training():
    model = compiled("srgan", content="vgg", content_weights="/no/such/file.h5")
    a, b = samples(model).values()
    with pytest.raises(InputError, match=r"/no/such/file\.h5"):
        model.fit(a, b, batch_size=4, verbose=0)
    assert model.steps_done == 0


def test_arguments_out_of_range():
    for arguments, said in (
        ({"scale": 3}, "scale: expected 2, 4 or 8"),
        ({"scale": 4.0}, "scale: expected 2, 4 or 8, got 4.0"),
        ({"content": "style"}, "content: expected one of vgg, pixel, features"),
        ({"content": "features"}, "features: expected NETWORK:LAYER"),
        ({"content": "features", "features": "figures_v1:logits"}, "takes images of 32x32"),
        ({"content": "features", "features": "vgg19:5_5"}, "vgg19 has no layer '5_5'"),
        ({"features": "figures_v1:conv1"}, "content: expected 'features' with features="),
        (
            {"content": "features", "features": "figures_v1:conv1", "content_weights": "vgg.h5"},
            "content_weights: .*, got 'vgg.h5' with figures_v1:conv1, which has weights of its own",
        ),
        ({"content_loss": "l2"}, "content_loss: expected one of mse, l1"),
        ({"adversarial_weight": -1.0}, "adversarial_weight"),
        ({"pixel_weight": -1.0}, "pixel_weight"),
        ({"relativistic": "average"}, "relativistic"),
    ):
        with pytest.raises(InputError, match=said):
            SRGAN((16, 16, 3), **arguments)
    with pytest.raises(InputError, match="multiples of the scale, 4"):
        SRGAN((18, 18, 3))
    model = tiny("srgan")
    with pytest.raises(InputError, match=r"generator: .*output .*\(batch, 16, 16, 3\)"):
        SRGAN((16, 16, 3), 4, model.generator, model.discriminator)


def test_the_paper_is_the_default():
    model = SRGAN()
    assert model.image_shape == (96, 96, 3)
    assert model.shape_a == (24, 24, 3)
    trainable = sum(int(np.prod(v.shape)) for v in model.generator.trainable_variables)
    assert trainable == 1_548_547
    assert (model.content, model.content_layer, model.adversarial_weight) == ("vgg", "5_4", 1e-3)
    optimizer = model.default_optimizers()["generator"]
    assert (float(optimizer.learning_rate), optimizer.beta_1) == (pytest.approx(1e-4), 0.9)
