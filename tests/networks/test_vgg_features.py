import doctest
import json

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo.errors import InputError
from tfgan_zoo.losses import mse
from tfgan_zoo.networks import vgg19_features, vgg_features

X = np.random.default_rng(0).uniform(-1, 1, size=(2, 20, 17, 3)).astype("float32")


@pytest.fixture(scope="module")
def vgg19():
    """Keras' network, with random weights."""
    keras.utils.set_random_seed(0)
    network = keras.applications.VGG19(include_top=False, weights=None)
    for weight in network.weights:
        weight.assign(1.6 * weight)  # Otherwise features vanish after 16 of them.
    return network


@pytest.fixture(scope="module")
def file(vgg19, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "vgg19.weights.h5"
    vgg19.save_weights(path)
    return path


@pytest.fixture(scope="module")
def shallow():
    return vgg19_features("2_2", weights=None)


@pytest.mark.parametrize(
    ("layer", "divisor"),
    [
        ("2_2", 12.75),
        slow("3_4", 1.0),
        slow("5_4", 12.75),
    ],
)
def test_is_keras_network_up_to_the_layer(vgg19, file, layer, divisor):
    model = vgg19_features(layer, weights=file, divisor=divisor)
    name = "block{}_conv{}".format(*layer.split("_"))
    truth = keras.Model(vgg19.input, vgg19.get_layer(name).output)
    expected = truth(keras.applications.vgg19.preprocess_input(127.5 * (X + 1)))
    assert np.std(expected) > 0.1
    np.testing.assert_allclose(model(X) * divisor, expected, rtol=1e-3, atol=1e-3)
    # The last layer is the convolution's ReLU.
    assert np.min(model(X)) == 0
    assert model.layers[-2].name == name


@pytest.mark.parametrize("form", ["h5", "weights.h5"])
def test_loads_files_of_both_forms(vgg19, tmp_path, form):
    path = tmp_path / f"vgg.{form}"
    if form == "h5":
        # Keras' file has the older format, which is still written as part of whole models.
        vgg19.save(tmp_path / "model.h5")
        with h5py.File(tmp_path / "model.h5") as model, h5py.File(path, "w") as weights:
            model.copy(model["model_weights"], weights, "all")
            for name in list(weights["all"]):
                weights.move(f"all/{name}", name)
            weights.attrs.update(weights["all"].attrs)
            del weights["all"]
    else:
        vgg19.save_weights(path)
    kernel = vgg19_features("1_2", weights=str(path)).get_layer("block1_conv2").kernel
    np.testing.assert_array_equal(kernel, vgg19.get_layer("block1_conv2").kernel)


def test_preprocessing_is_keras(shallow):
    images = np.random.default_rng(1).integers(0, 256, size=(2, 5, 4, 3)).astype("float32")
    out = shallow.get_layer("preprocess")(images / 127.5 - 1)
    expected = keras.applications.vgg19.preprocess_input(images.copy())
    np.testing.assert_allclose(out, expected, atol=1e-4)


def test_grey_is_repeated(shallow):
    out = shallow(X[..., :1])
    assert np.std(out) > 0
    np.testing.assert_allclose(out, shallow(X[..., :1].repeat(3, -1)), atol=1e-5)
    traced = tf.function(
        shallow, input_signature=[tf.TensorSpec([None, None, None, None])], autograph=False
    )
    np.testing.assert_allclose(traced(X[..., :1]), out, atol=1e-4)
    np.testing.assert_allclose(traced(X), shallow(X), atol=1e-4)


def test_layers_and_sizes(shallow):
    assert " ".join(vgg_features.LAYERS) == (
        "1_1 1_2 2_1 2_2 3_1 3_2 3_3 3_4 4_1 4_2 4_3 4_4 5_1 5_2 5_3 5_4"
    )
    assert shallow.compute_output_shape((1, 96, 96, 3)) == (1, 48, 48, 128)
    assert shallow(X).shape == (2, 10, 8, 128)
    deep = vgg19_features(weights=None)
    assert deep.compute_output_shape((1, 96, 96, 3)) == (1, 6, 6, 512)
    assert deep(X[:, :16, :16]).shape == (2, 1, 1, 512)
    assert len(deep.weights) == 2 * 16
    assert len(shallow.weights) == 2 * 4
    assert shallow.count_params() == sum(
        9 * a * b + b for a, b in ((3, 64), (64, 64), (64, 128), (128, 128))
    )


def test_is_frozen_and_passes_gradients(shallow):
    assert not shallow.trainable_variables
    assert not any(layer.trainable for layer in shallow.layers)
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = mse(shallow(x, training=True), shallow(-x, training=True))
    gradient = tape.gradient(loss, x)
    assert np.all(np.isfinite(gradient))
    assert np.mean(np.array(gradient) != 0) > 0.9
    np.testing.assert_array_equal(shallow(X, training=True), shallow(X, training=False))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    model = vgg19_features("1_2", weights=None)
    convolution = model.get_layer("block1_conv2")
    assert convolution.compute_dtype == ("bfloat16" if policy == "mixed_bfloat16" else "float32")
    assert model.get_layer("preprocess").compute_dtype == "float32"
    # Far beyond float16's range.
    convolution.kernel.assign(100 * convolution.kernel)
    convolution.bias.assign(np.full(64, 1e6))
    out = model(tf.cast(X, keras.config.dtype_policy().compute_dtype))
    assert out.dtype == "float32"
    assert np.all(np.isfinite(out))


def test_save_and_load(shallow, tmp_path):
    shallow.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(X), shallow(X))
    assert not loaded.trainable_variables
    assert json.loads(loaded.to_json()) == json.loads(shallow.to_json())


@pytest.mark.parametrize("jit", [False, True])
def test_compiles(shallow, jit):
    step = tf.function(lambda x: mse(shallow(x), shallow(-x)), jit_compile=jit, autograph=False)
    expected = float(mse(shallow(X), shallow(-X)))
    assert float(step(tf.constant(X))) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("layer", ["5_5", "6_1", "conv5_4", "", 54])
def test_no_such_layer(layer):
    with pytest.raises(InputError, match=f"layer: expected one of 1_1, 1_2, .*5_4, got {layer!r}"):
        vgg19_features(layer, weights=None)


@pytest.mark.parametrize("divisor", [0, -1.0])
def test_bad_divisor(divisor):
    with pytest.raises(InputError, match=f"divisor: expected a number above 0, got {divisor}"):
        vgg19_features(weights=None, divisor=divisor)


def test_bad_images(shallow):
    with pytest.raises(InputError, match=r"\[B, H, W, 3\] or.*got shape \(1, 8, 8, 4\)"):
        shallow(np.zeros((1, 8, 8, 4), "float32"))
    with pytest.raises(InputError, match=r"sides of at least 2 .*got shape \(1, 8, 1, 3\)"):
        shallow(np.zeros((1, 8, 1, 3), "float32"))


def test_file_not_found(tmp_path):
    for path in (tmp_path / "no.h5", tmp_path):
        match = f"weights: .*VGG19.*there is no '{path}'; download https.*h5 to it"
        with pytest.raises(InputError, match=match):
            vgg19_features(weights=path)


def test_files_of_something_else(tmp_path):
    (tmp_path / "vgg.npz").write_bytes(b"")
    with pytest.raises(InputError, match=r"weights: expected an .h5 file.*vgg.npz"):
        vgg19_features(weights=tmp_path / "vgg.npz")
    (tmp_path / "text.h5").write_text("<html>404</html>")
    small = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    small.save_weights(tmp_path / "small.weights.h5")
    for name in ("text.h5", "small.weights.h5"):
        match = f"weights: expected VGG19's without dense layers, got .*{name} .*Error: .*https"
        with pytest.raises(InputError, match=match) as caught:
            vgg19_features(weights=tmp_path / name)
        assert "\n" not in str(caught.value)


def test_file_of_wrong_shapes(tmp_path):
    inputs = x = keras.Input((None, None, 3))
    for i, count in enumerate((2, 2, 4, 4, 4), 1):
        for j in range(1, count + 1):
            x = keras.layers.Conv2D(2, 3, name=f"block{i}_conv{j}")(x)
    keras.Model(inputs, x).save_weights(tmp_path / "thin.weights.h5")
    with pytest.raises(InputError, match=r"expected VGG19's .*thin.weights.h5 .*ValueError: "):
        vgg19_features(weights=tmp_path / "thin.weights.h5")


def test_imagenet_without_network(tmp_path, monkeypatch, offline):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    cached = tmp_path / "models" / vgg_features.WEIGHTS_URL.rpartition("/")[-1]
    for content in (None, b"half a download"):
        if content:
            cached.write_bytes(content)
        with pytest.raises(InputError, match="weights: 'imagenet' needs a file") as caught:
            vgg19_features()
        message = str(caught.value)
        assert "\n" not in message
        assert f"not in {tmp_path / 'models'} and cannot" in message
        assert f"download {vgg_features.WEIGHTS_URL} on" in message
        assert "give its path as weights" in message


def test_cached_file_needs_no_network(tmp_path, monkeypatch, offline):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    cached = tmp_path / "models" / vgg_features.WEIGHTS_URL.rpartition("/")[-1]
    cached.write_bytes(b"whole")
    # The checksum of this file, as the real one is missing.
    monkeypatch.setattr(vgg_features, "_WEIGHTS_MD5", vgg_features._md5(cached))
    assert vgg_features._imagenet_file() == cached


def test_examples():
    result = doctest.testmod(vgg_features, extraglobs={"np": np})
    assert result.attempted == 2
    assert not result.failed
