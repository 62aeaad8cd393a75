import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import dcgan_discriminator, dcgan_generator


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_the_papers_generator():
    model = dcgan_generator((64, 64, 3))
    assert model.input_shape == (None, 100)
    assert model.output_shape == (None, 64, 64, 3)
    assert trainable(model) == (
        100 * 4 * 4 * 1024  # project
        + 5 * 5 * 1024 * 512  # 4 -> 8
        + 5 * 5 * 512 * 256  # 8 -> 16
        + 5 * 5 * 256 * 128  # 16 -> 32
        + (5 * 5 * 128 * 3 + 3)  # 32 -> 64, with a bias
        + 2 * (1024 + 512 + 256 + 128)  # batch normalisation: scale and offset
    )
    convolutions = [x for x in model.layers if isinstance(x, keras.layers.Conv2DTranspose)]
    assert [x.output.shape[1:] for x in convolutions] == [
        (8, 8, 512),
        (16, 16, 256),
        (32, 32, 128),
        (64, 64, 3),
    ]
    # Weights N(0, 0.02), scales N(1, 0.02).
    for convolution in convolutions[:-1]:
        assert np.std(convolution.kernel.numpy()) == pytest.approx(0.02, rel=0.01)
    scale = model.get_layer("norm_1").gamma.numpy()
    assert np.mean(scale) == pytest.approx(1, abs=0.004)
    assert np.std(scale) == pytest.approx(0.02, rel=0.15)


def test_the_papers_discriminator():
    model = dcgan_discriminator((64, 64, 3))
    assert model.output_shape == (None, 1)
    assert trainable(model) == (
        (5 * 5 * 3 * 64 + 64)  # 64 -> 32, a bias and no batch normalisation
        + 5 * 5 * 64 * 128  # 32 -> 16
        + 5 * 5 * 128 * 256  # 16 -> 8
        + 5 * 5 * 256 * 512  # 8 -> 4
        + 2 * (128 + 256 + 512)  # batch normalisation: scale and offset
        + (4 * 4 * 512 + 1)  # logit
    )
    slopes = [x.negative_slope for x in model.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert slopes == [pytest.approx(0.2)] * 4


def test_normalizations_of_the_discriminator():
    convolutions = 9 * 3 * 4 + 9 * 4 * 8  # 16 -> 8 -> 4, kernels of 3
    logit = 4 * 4 * 8 + 1
    for normalization, rest in (
        ("batch", 4 + 2 * 8),  # the first bias, then scale and offset
        ("layer", 4 + 8 + 2 * 8),  # both biases, scale and offset
        ("none", 4 + 8),  # both biases
    ):
        model = dcgan_discriminator(
            (16, 16, 3), filters=4, kernel_size=3, normalization=normalization
        )
        assert trainable(model) == convolutions + rest + logit


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("side", [16, 32, 64, 128])
def test_sizes(side, upsampling):
    generator = dcgan_generator((side, side, 1), 3, filters=1, upsampling=upsampling)
    assert generator.get_layer("maps").output.shape[1:] == (4, 4, side // 8)
    assert generator.output_shape == (None, side, side, 1)
    discriminator = dcgan_discriminator((side, side, 2), filters=1)
    last = [x for x in discriminator.layers if isinstance(x, keras.layers.Conv2D)][-1]
    assert last.output.shape[1:] == (4, 4, side // 8)


def test_resize_leaves_no_checkerboard():
    # Constant maps stay constant away from the border, which a transposed convolution
    # of kernel 5 and stride 2 does not give: its pixels get 3, 2, 3, 2, ... terms a side.
    def spread(upsampling):
        model = dcgan_generator(
            (16, 16, 1), 2, filters=1, kernel_size=5, upsampling=upsampling, normalization="none"
        )
        for weight in model.weights:
            weight.assign(np.full(weight.shape, 0.1 if weight.name == "kernel" else 0.0))
        return np.ptp(model(np.full((1, 2), 0.05, "float32"))[0, 6:10, 6:10, 0])

    assert spread("resize") < 1e-6
    assert spread("transposed") > 1e-3


@pytest.mark.parametrize("build", [dcgan_generator, dcgan_discriminator])
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (8, 8, 3)}, r"image_shape: .*\(8, 8, 3\)"),
        (
            {"image_shape": (72, 72, 3)},
            r"image_shape: .*\(72, 72, 3\).* \(64, 64, 3\) or \(80, 80, 3\)",
        ),
        ({"image_shape": (32, 60, 3)}, r"image_shape: .*\(32, 60, 3\).* \(32, 64, 3\) or"),
        ({"image_shape": (32, 32)}, r"image_shape: .*\(32, 32\)"),
        ({"image_shape": (16, 16, 3), "filters": 0}, "filters: .*0"),
        ({"image_shape": (16, 16, 3), "kernel_size": "5"}, "kernel_size: .*'5'"),
        ({"image_shape": (16, 16, 3), "normalization": "instance"}, "normalization: .*'instance'"),
    ],
)
def test_errors(build, arguments, match):
    with pytest.raises(InputError, match=match):
        build(**arguments)


def test_error_for_upsampling():
    with pytest.raises(InputError, match=r"upsampling: .*transposed, resize.*'bilinear'"):
        dcgan_generator((16, 16, 3), upsampling="bilinear")


def test_a_mixture_of_codes():
    model = dcgan_generator((16, 16, 1), 5, filters=2, mixture_bits=2, embedding_dim=3)
    assert model.get_layer("mixture_embedding").embeddings.shape == (4, 3)
    assert model.get_layer("mixture").output.shape == (None, 3 + 3)
    rest = np.float32([0.3, -0.2, 1.0])
    noise = np.array([[1, -2, *rest], [3, -1, *rest], [1, 2, *rest], [1, -2, *rest[::-1]]])
    one, same, other, moved = np.array(model(noise.astype("float32")))
    np.testing.assert_array_equal(one, same)  # the signs alone count
    assert np.abs(one - other).max() > 1e-5
    assert np.abs(one - moved).max() > 1e-5
    plain = dcgan_generator((16, 16, 1), 5, filters=2)
    assert "mixture" not in [layer.name for layer in plain.layers]
    for bits in (-1, 5, True, 1.5, 2.0):
        with pytest.raises(InputError, match="mixture_bits: expected an integer from 0 to 4 with"):
            dcgan_generator((16, 16, 1), 5, mixture_bits=bits)
    with pytest.raises(InputError, match="mixture_bits: expected 0 with num_classes, got 2"):
        dcgan_generator((16, 16, 1), 5, 3, mixture_bits=2)
