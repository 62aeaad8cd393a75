import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import patchgan_discriminator

FIELDS = [1, 16, 34, 70, 142, 286]


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def test_the_papers():
    k = 4 * 4
    kernels = k * 64 * 128 + k * 128 * 256 + k * 256 * 512 + k * 512
    # CycleGAN's, for images; the authors' code also has biases that normalisation cancels.
    model = patchgan_discriminator((256, 256, 3), normalization="instance")
    assert trainable(model) == (k * 3 * 64 + 64) + kernels + 1 == 2_763_841
    assert trainable(model) + (128 + 256 + 512) == 2_764_737
    assert trainable(patchgan_discriminator((256, 256, 3), normalization="none")) == 2_764_737
    # pix2pix's, for pairs, with a scale and an offset.
    model = patchgan_discriminator((256, 256, 6))
    assert trainable(model) == (k * 6 * 64 + 64) + kernels + 1 + 2 * (128 + 256 + 512)
    slopes = [x.negative_slope for x in model.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert slopes == [pytest.approx(0.2)] * 4
    assert np.std(model.get_layer("conv_4").kernel.numpy()) == pytest.approx(0.02, rel=0.01)
    assert np.std(model.get_layer("norm_4").gamma.numpy()) == pytest.approx(0.02, rel=0.15)
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert [x.name for x in norms] == ["norm_2", "norm_3", "norm_4"]


def test_the_pixel_discriminator():
    model = patchgan_discriminator((256, 256, 3), receptive_field=1)
    assert trainable(model) == (3 * 64 + 64) + 64 * 128 + 2 * 128 + (128 + 1)
    assert model.compute_output_shape((2, 5, 7, 3)) == (2, 5, 7, 1)


@pytest.mark.parametrize(
    ("field", "widths"),
    [
        (1, [2, 4, 1]),
        (16, [2, 4, 1]),
        (34, [2, 4, 8, 1]),
        (70, [2, 4, 8, 16, 1]),
        (142, [2, 4, 8, 16, 16, 1]),
        (286, [2, 4, 8, 16, 16, 16, 1]),
    ],
)
def test_widths(field, widths):
    model = patchgan_discriminator((256, 256, 3), receptive_field=field, filters=2)
    assert [x.filters for x in convolutions(model)] == widths


@pytest.mark.parametrize("field", FIELDS)
def test_receptive_field_worked_out(field):
    model = patchgan_discriminator((286, 286, 3), receptive_field=field, filters=1)
    side = 1
    for layer in reversed(convolutions(model)):
        side = (side - 1) * layer.strides[0] + layer.kernel_size[0]
    assert side == field


@pytest.mark.parametrize("field", [1, 16, 34])
def test_receptive_field_seen_in_the_gradient(field):
    model = patchgan_discriminator((96, 96, 1), receptive_field=field, filters=2)
    x = tf.random.stateless_normal((1, 96, 96, 1), (1, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=False)
        middle = logits.shape[1] // 2
        one = logits[0, middle, middle, 0]
    seen = np.argwhere(np.array(tape.gradient(one, x))[0, :, :, 0])
    np.testing.assert_array_equal(np.ptp(seen, axis=0) + 1, [field, field])


@pytest.mark.parametrize(
    ("field", "side", "logits"),
    [(16, 256, 126), (34, 256, 62), (70, 256, 30), (142, 256, 14), (286, 256, 6), (70, 255, 29)],
)
def test_sizes_are_the_authors(field, side, logits):
    model = patchgan_discriminator((side, side, 1), receptive_field=field, filters=1)
    assert model.output_shape == (None, None, None, 1)
    out = model(np.zeros((1, side, side, 1), "float32"))
    assert out.shape == (1, logits, logits, 1)


@pytest.mark.parametrize(("field", "smallest"), [(16, 6), (34, 12), (70, 24), (142, 48), (286, 96)])
def test_smallest_images(field, smallest):
    model = patchgan_discriminator((smallest, smallest + 9, 1), receptive_field=field, filters=1)
    assert model.compute_output_shape((1, smallest, smallest, 1)) == (1, 1, 1, 1)
    with pytest.raises(InputError, match=f"at least {smallest} .*={field}, got .{smallest - 1}, "):
        patchgan_discriminator((smallest - 1, smallest, 1), receptive_field=field)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (64, 64)}, r"image_shape: .*\(64, 64\)"),
        ({"receptive_field": 64}, "receptive_field: .*1, 16, 34, 70, 142, 286, got 64"),
        ({"receptive_field": "70"}, "receptive_field: .*'70'"),
        ({"filters": 0}, "filters: .*0"),
        ({"normalization": "group"}, "normalization: .*'group'"),
    ],
)
def test_errors(arguments, match):
    with pytest.raises(InputError, match=match):
        patchgan_discriminator(**{"image_shape": (64, 64, 3), **arguments})
