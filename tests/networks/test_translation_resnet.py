import keras
import numpy as np
import pytest

from tests.marks import slow
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ReflectionPadding2D
from tfgan_zoo.networks import translation_resnet


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


#: The authors' networks, biases included.
ENDS = (
    (7 * 7 * 3 * 64 + 64)  # c7s1-64
    + (9 * 64 * 128 + 128)  # d128
    + (9 * 128 * 256 + 256)  # d256
    + (9 * 256 * 128 + 128)  # u128
    + (9 * 128 * 64 + 64)  # u64
    + (7 * 7 * 64 * 3 + 3)  # c7s1-3
)
BLOCK = 2 * (9 * 256 * 256 + 256)  # R256


@pytest.mark.parametrize(
    ("side", "blocks", "authors"), [slow(256, 9, 11_378_179), (128, 6, 7_837_699)]
)
def test_the_papers(side, blocks, authors):
    assert ENDS + blocks * BLOCK == authors
    cancelled = (64 + 128 + 256) + blocks * 2 * 256 + (128 + 64)
    model = translation_resnet((side, side, 3))
    assert trainable(model) == model.count_params() == authors - cancelled
    # With batch normalisation a scale and an offset; without any, all of the authors' biases.
    batch = translation_resnet((side, side, 3), normalization="batch")
    assert trainable(batch) == authors - cancelled + 2 * cancelled
    assert trainable(translation_resnet((side, side, 3), normalization="none")) == authors
    for weight in model.weights:
        if weight.name == "kernel":
            assert np.std(weight.numpy()) == pytest.approx(0.02, rel=0.03)
    assert sum(isinstance(x, keras.layers.Add) for x in model.layers) == blocks


def test_layers_in_order():
    model = translation_resnet((16, 16, 1), 2, filters=3, blocks=1)
    assert model.compute_output_shape((5, 16, 20, 1)) == (5, 16, 20, 2)
    found = [
        (x.filters, x.kernel_size[0], x.strides[0], x.padding)
        for x in model.layers
        if isinstance(x, (keras.layers.Conv2D, keras.layers.Conv2DTranspose))
    ]
    assert found == [
        (3, 7, 1, "valid"),
        (6, 3, 2, "same"),
        (12, 3, 2, "same"),
        (12, 3, 1, "valid"),
        (12, 3, 1, "valid"),
        (6, 3, 2, "same"),
        (3, 3, 2, "same"),
        (2, 7, 1, "valid"),
    ]
    pads = [x.padding[0][0] for x in model.layers if isinstance(x, ReflectionPadding2D)]
    assert pads == [3, 1, 1, 3]
    # One normalisation and one ReLU per convolution, without a ReLU at the end of the block.
    kinds = [type(x).__name__ for x in model.layers]
    assert kinds.count("GroupNormalization") == 7
    assert kinds.count("ReLU") == 6


def test_resize_has_no_transposed_convolution():
    model = translation_resnet((16, 16, 3), filters=2, blocks=1, upsampling="resize")
    kinds = [type(x).__name__ for x in model.layers]
    assert kinds.count("UpSampling2D") == 2
    assert "Conv2DTranspose" not in kinds
    assert trainable(model) == trainable(translation_resnet((16, 16, 3), filters=2, blocks=1))


def test_borders_are_mirrored():
    """A constant image stays constant without transposed convolutions, which have edges."""
    model = translation_resnet((16, 16, 1), filters=2, blocks=1, normalization="none")
    inside = keras.Model(model.input, model.get_layer("input").output)
    out = np.array(inside(np.full((1, 16, 16, 1), 0.5, "float32")))
    assert np.max(np.abs(out)) > 0.01
    np.testing.assert_allclose(out, np.broadcast_to(out[:, :1, :1], out.shape), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (12, 16, 3)}, r"image_shape: .*\(12, 16, 3\)"),
        ({"image_shape": (16, 18, 3)}, r"image_shape: .*\(16, 18, 3\)"),
        ({"image_shape": (16, 16)}, r"image_shape: .*\(16, 16\)"),
        ({"channels": 0}, "channels: .*0"),
        ({"filters": 0}, "filters: .*0"),
        ({"blocks": 0}, "blocks: .*0"),
        ({"normalization": "layer"}, "normalization: .*'layer'"),
        ({"upsampling": "bilinear"}, "upsampling: .*'bilinear'"),
    ],
)
def test_errors(arguments, match):
    with pytest.raises(InputError, match=match):
        translation_resnet(**{"image_shape": (16, 16, 3), **arguments})
