import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import mlp_discriminator, mlp_generator


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_goodfellow_mnist():
    generator = mlp_generator((28, 28, 1))
    assert generator.output_shape == (None, 28, 28, 1)
    assert trainable(generator) == (
        (100 * 1200 + 1200)  # noise -> 1200
        + (1200 * 1200 + 1200)  # -> 1200
        + (1200 * 784 + 784)  # -> 28 * 28 pixels
    )
    discriminator = mlp_discriminator((28, 28, 1))
    assert discriminator.output_shape == (None, 1)
    assert trainable(discriminator) == (
        (784 * 240 * 5 + 240 * 5)  # pixels -> 240 units of 5 pieces
        + (240 * 240 * 5 + 240 * 5)  # -> 240 units of 5 pieces
        + (240 + 1)  # -> logit
    )
    rates = [layer.rate for layer in discriminator.layers if layer.name.startswith("dropout")]
    assert rates == [0.2, 0.5, 0.5]
    # U(-0.05, 0.05) and U(-0.005, 0.005).
    for model, bound in ((generator, 0.05), (discriminator, 0.005)):
        kernels = [w.numpy() for w in model.weights if w.name == "kernel"]
        for kernel in kernels[:-1]:
            assert 0.99 * bound < np.max(np.abs(kernel)) <= bound


def test_wgan_gp_toy():
    options = {"units": (512, 512, 512), "initializer": "he_uniform"}
    generator = mlp_generator((2,), 2, **options)
    assert trainable(generator) == (2 * 512 + 512) + 2 * (512 * 512 + 512) + (512 * 2 + 2)
    critic = mlp_discriminator((2,), maxout_pieces=0, input_dropout=0.0, dropout=0.0, **options)
    assert trainable(critic) == (2 * 512 + 512) + 2 * (512 * 512 + 512) + (512 + 1)
    assert not critic.non_trainable_weights
    # 2-D data are unbounded, and so is the output.
    assert np.max(np.abs(generator(np.full((8, 2), 9.0, "float32")))) > 1


@pytest.mark.parametrize(
    "initializer",
    [
        keras.initializers.RandomNormal(stddev=0.02),
        {"class_name": "RandomNormal", "config": {"stddev": 0.02}},
    ],
)
def test_pacgan_toy(initializer):
    generator = mlp_generator(
        (2,), 2, units=(400,) * 4, batch_norm=True, use_bias=False, initializer=initializer
    )
    assert trainable(generator) == (
        2 * 400  # noise -> 400, no bias
        + 3 * 400 * 400  # -> 400, three times, no bias
        + 4 * 2 * 400  # scale and offset of four batch normalisations
        + (400 * 2 + 2)  # -> point
    )
    # Two points packed: 4 inputs.
    discriminator = mlp_discriminator(
        (4,), units=(200,) * 3, input_dropout=0.0, dropout=0.0, initializer=initializer
    )
    assert trainable(discriminator) == (
        (4 * 200 * 5 + 200 * 5)  # -> 200 units of 5 pieces
        + 2 * (200 * 200 * 5 + 200 * 5)  # -> 200 units of 5 pieces, twice
        + (200 + 1)  # -> logit
    )
    for model in (generator, discriminator):
        kernels = [w.numpy() for w in model.weights if w.name == "kernel"]
        assert np.std(kernels[1]) == pytest.approx(0.02, rel=0.02)
        # One initializer, but layers of one shape start differently.
        assert kernels[1].shape == kernels[2].shape
        assert np.mean(kernels[1] == kernels[2]) < 0.01


def test_dropout_is_off_in_inference_and_seeded():
    x = np.ones((4, 6), "float32")

    def outputs(seed):
        keras.utils.set_random_seed(0)
        model = mlp_discriminator((6,), units=(8,), initializer="he_uniform", seed=seed)
        return [np.array(model(x, training=training)) for training in (True, True, False, False)]

    first, second, third, fourth = outputs(seed=1)
    assert np.any(first != second)
    np.testing.assert_array_equal(third, fourth)
    np.testing.assert_array_equal(outputs(seed=1)[0], first)
    assert np.any(outputs(seed=2)[0] != first)


def test_leaky_relu_has_slope_02():
    model = mlp_generator((2,), 2, units=(3,), activation="leaky_relu")
    assert model.get_layer("activation_1").negative_slope == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("build", "arguments", "match"),
    [
        (mlp_generator, {"image_shape": (28, 28)}, r"image_shape: .*\(28, 28\)"),
        (mlp_generator, {"image_shape": 7}, "image_shape: .*7"),
        (mlp_discriminator, {"image_shape": (0,)}, r"image_shape: .*\(0,\)"),
        (mlp_generator, {"image_shape": (2,), "latent_dim": 0}, "latent_dim: .*0"),
        (mlp_generator, {"image_shape": (2,), "units": (8, 2.5)}, r"units\[1\]: .*2.5"),
        (mlp_discriminator, {"image_shape": (2,), "maxout_pieces": -1}, "maxout_pieces: .*-1"),
        (mlp_discriminator, {"image_shape": (2,), "dropout": 1.0}, "rate: .*1.0"),
    ],
)
def test_errors(build, arguments, match):
    with pytest.raises(InputError, match=match):
        build(**arguments)
