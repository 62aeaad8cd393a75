import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import feature_inversion
from tfgan_zoo.models.feature_inversion import SIGMA, FeatureInversion

IMAGES = figures.render(figures.attributes("full", "test", 3))
FLOATS = IMAGES / np.float32(127.5) - 1


def doubled():
    """A network that doubles its input, whose inversion can be computed by hand."""
    images = keras.Input((None, None, 1))
    kernel = keras.initializers.Constant(2.0)
    x = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer=kernel, name="twice")(images)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D(name="mean")(x))


@pytest.fixture(scope="module")
def inverted():
    return FeatureInversion("figures_v1", steps=60, tv_weight=0.02).invert(IMAGES, "conv1")


def test_it_finds_images_with_these_features(inverted):
    """From the images themselves: pixels come back, and the error is that of the network."""
    phi = networks.feature_network("figures_v1:conv1")
    found, wanted = np.array(phi(inverted.images)), np.array(phi(FLOATS))
    axes = (1, 2, 3)
    errors = np.sum((found - wanted) ** 2, axes) / np.sum(wanted**2, axes)
    np.testing.assert_allclose(inverted.error, errors, rtol=1e-3)
    assert errors.max() < 0.1
    # Nearer in pixels to its own image than to the others; noise is no nearer to one.
    apart = np.mean((inverted.images[:, None] - FLOATS[None]) ** 2, (2, 3, 4))
    assert (apart.argmin(axis=1) == np.arange(3)).all()
    assert np.diag(apart).max() < 0.05


def test_an_image_does_not_depend_on_the_others(inverted):
    again = FeatureInversion("figures_v1", steps=60, tv_weight=0.02, batch_size=2)
    few = again.invert(IMAGES, "conv1")
    np.testing.assert_allclose(few.images, inverted.images, atol=2e-2)
    np.testing.assert_allclose(few.error, inverted.error, rtol=0.1)


def test_one_step_of_sgd_by_hand(monkeypatch):
    """The gradient is 8 (x - x0) / |2 x0|^2 + 6 w x^5 / (N sigma^2), without total variation."""
    monkeypatch.setattr(feature_inversion, "_START", {"sgd": 0.5})
    x0 = np.full((1, 1, 2, 1), 0.5, "float32")
    options = {"optimizer": "sgd", "learning_rate": 0.01, "tv_weight": 0.0, "alpha_weight": 0.3}
    start = FeatureInversion(doubled(), **options, steps=1)
    x = start._noise(tf.constant(x0), 0).numpy()
    features = 8 * (x - x0) / np.sum((2 * x0) ** 2)
    prior = 0.3 * 6 * x**5 / 2 / SIGMA**2
    expected = x - 0.01 * SIGMA**2 * 2 * (features + prior)
    np.testing.assert_allclose(start.invert(x0, "twice").images, expected, rtol=1e-4)


def test_the_rates_of_the_authors():
    inversion = FeatureInversion(doubled(), optimizer="sgd")
    rates = [inversion._rate(i) for i in (0, 99, 100, 299, 300, 399)]
    found = [float(rate) for rate, _ in rates]
    assert found == pytest.approx([0.004, 0.004, 4e-4, 4e-4, 4e-5, 4e-5])
    assert [float(since) for _, since in rates] == [0, 99, 0, 199, 0, 99]


def test_total_variation_smooths(inverted):
    smooth = FeatureInversion("figures_v1", steps=60, tv_weight=5.0).invert(IMAGES, "conv1")
    rough, smoothed = (float(losses.total_variation(each.images)) for each in (inverted, smooth))
    assert smoothed < 0.7 * rough
    assert smooth.error.mean() > inverted.error.mean()


def test_the_middle_of_a_layer():
    """What lies outside of what the middle sees is not reconstructed."""
    x0 = np.random.default_rng(0).uniform(-0.8, 0.8, (1, 9, 9, 1)).astype("float32")
    inversion = FeatureInversion(doubled(), steps=100, tv_weight=0.0, alpha_weight=0.0)
    found = inversion.invert(x0, "twice", centre=3)
    np.testing.assert_allclose(found.images[:, 3:6, 3:6], x0[:, 3:6, 3:6], atol=0.05)
    outside = np.ones((9, 9), bool)
    outside[3:6, 3:6] = False
    noise = inversion._noise(tf.constant(x0), 0).numpy()
    np.testing.assert_array_equal(found.images[0, outside], noise[0, outside])
    assert found.error[0] < 0.01
    with pytest.raises(InputError, match="centre: expected None for a layer without positions"):
        inversion.invert(x0, "mean", centre=3)


def test_style_is_added():
    inversion = FeatureInversion("figures_v1", steps=40, tv_weight=0.02)
    style = IMAGES[1]
    options = {"style": style, "style_layers": ["conv1", "conv3"]}
    network = networks.feature_network("figures_v1:conv1,conv3")

    def apart(images):
        return float(losses.gram_loss(network(images), network(FLOATS[1:2])))

    plain = inversion.invert(IMAGES[:1], "conv4")
    styled = inversion.invert(IMAGES[:1], "conv4", style_weight=10.0, **options)
    assert apart(styled.images) < 0.5 * apart(plain.images)
    assert styled.error[0] > plain.error[0]  # content pays for it


def test_jitter_is_repeatable_and_moves_nothing_in_the_end():
    x0 = np.zeros((1, 8, 8, 1), "float32")
    x0[:, 2:4, 3:5] = 0.8
    options = {"steps": 60, "tv_weight": 0.1, "jitter": 1}
    one, other = (FeatureInversion(doubled(), **options).invert(x0, "twice") for _ in range(2))
    np.testing.assert_array_equal(one.images, other.images)
    brightest = np.unravel_index(one.images[0, ..., 0].argmax(), (8, 8))
    assert abs(brightest[0] - 2.5) < 2
    assert abs(brightest[1] - 3.5) < 2


def test_the_network_of_the_user_stays_as_it_is():
    model = doubled()
    before = [w.copy() for w in model.get_weights()]
    FeatureInversion(model, steps=2).invert(np.ones((1, 4, 4, 1), "float32"), "twice")
    assert model.trainable
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_an_image_without_features_has_nothing_to_invert(optimizer):
    """Errors relative to 0 would be in the millions, or NaN."""
    images = np.stack([np.ones((4, 4, 1), "float32"), np.zeros((4, 4, 1), "float32")])
    inversion = FeatureInversion(doubled(), optimizer=optimizer, steps=1)
    with pytest.raises(InputError, match=r"images: .* got image 1, of which twice is 0 everywhere"):
        inversion.invert(images, "twice")


def test_wrong_arguments():
    for arguments, said in (
        ({"features": "figurs_v1"}, "no network 'figurs_v1'; did you mean figures_v1"),
        ({"features": "figures_v1:conv1"}, "expected a network without a layer.* by --layers"),
        ({"optimizer": "lbfgs"}, "optimizer: expected adam or sgd, got 'lbfgs'"),
        ({"tv_weight": -1}, "tv_weight: "),
        ({"tv_beta": 0.5}, "tv_beta: "),
        ({"steps": 0}, "steps: "),
        ({"jitter": 1.5}, "jitter: "),
        ({"learning_rate": 0.0}, "learning_rate: "),
    ):
        with pytest.raises(InputError, match=said):
            FeatureInversion(**{"features": "figures_v1", **arguments})
    inversion = FeatureInversion("figures_v1", steps=1)
    for call, said in (
        (lambda: inversion.invert(IMAGES, "conv9"), "no layer 'conv9'; did you mean conv"),
        (lambda: inversion.invert(IMAGES[0], "conv1"), r"images: expected .*; give one image as x"),
        (lambda: inversion.invert(IMAGES.astype(float), "conv1"), "images: .*got floats up to"),
        (lambda: inversion.invert(IMAGES[:, :20], "dense64"), "^features: .* of 32x32 pixels"),
        (lambda: inversion.invert(IMAGES, 3), "layer: expected the name of a layer, got 3"),
        (lambda: inversion.invert(IMAGES, "conv1", style=IMAGES), r"style: .* \[H, W, C\], got"),
        (
            lambda: inversion.invert(IMAGES, "conv1", style=IMAGES[0], style_layers=["logits"]),
            "style_layers: expected layers with positions, got 'logits'",
        ),
        (lambda: inversion.invert(IMAGES, "conv1", centre=0), "centre: "),
        (inversion.export, "nothing to save or export"),
        (inversion.save, "nothing to save or export"),
    ):
        with pytest.raises(InputError, match=said):
            call()


def test_a_model_of_one_size_says_which():
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(1, 1, name="twice")])
    inversion = FeatureInversion(model, steps=1)
    for shape in ((1, 5, 4, 1), (1, 4, 4, 3)):
        with pytest.raises(InputError, match=r"images: expected shape \(None, .*, got \(1, "):
            inversion.invert(np.ones(shape, "float32"), "twice")
    given = np.ones((1, 4, 4, 1), "float32")
    with pytest.raises(InputError, match=r"style: expected shape \(None, "):
        inversion.invert(given, "twice", style=np.ones((4, 4, 3), "float32"))
