"""Every translator takes images of any size, from one pixel up."""

import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow, slow_except
from tests.serving.exported import pixels
from tfgan_zoo import networks
from tfgan_zoo.models import SRGAN, CycleGAN, Pix2Pix, Pix2PixHD
from tfgan_zoo.models.image_to_image import pad_to_multiple
from tfgan_zoo.pictures import tiling
from tfgan_zoo.serving.signatures import in_every_form

SHAPE = (32, 32, 3)


def resnet(name="generator", **options):
    return networks.translation_resnet(SHAPE, filters=2, blocks=1, name=name, **options)


def unet(name="generator"):
    return networks.unet_generator(SHAPE, filters=2, dropout=0.0, name=name)


def patchgan(channels, name="discriminator"):
    shape = (*SHAPE[:2], channels)
    return networks.patchgan_discriminator(shape, receptive_field=16, filters=2, name=name)


def cyclegan(make=resnet, **options):
    names = ("generator_a_to_b", "generator_b_to_a", "discriminator_a", "discriminator_b")
    makes = (lambda name: make(name=name, **options),) * 2 + (lambda name: patchgan(3, name),) * 2
    players = {name: each(name) for name, each in zip(names, makes, strict=True)}
    return CycleGAN(SHAPE, **players)


def srgan():
    generator = networks.srresnet_generator((8, 8, 3), 4, filters=4, blocks=1)
    discriminator = networks.srgan_discriminator(SHAPE, filters=4, dense_units=8)
    return SRGAN(SHAPE, 4, generator, discriminator, content="pixel")


def pix2pix_hd():
    sizes = {"blocks": 1, "global_downsamplings": 1, "global_blocks": 1}
    generator = networks.local_enhancer(SHAPE, 3, filters=2, **sizes)
    discriminator = networks.multiscale_discriminator((*SHAPE[:2], 6), 2, filters=2)
    return Pix2PixHD(SHAPE, None, generator, discriminator, features=None)


TRANSLATORS = {
    "cyclegan": cyclegan,
    "cyclegan of another upsampling": lambda: cyclegan(upsampling="resize"),
    "cyclegan of U-Nets": lambda: cyclegan(unet),
    "pix2pix": lambda: Pix2Pix(SHAPE, None, unet(), patchgan(6)),
    "pix2pix of a ResNet": lambda: Pix2Pix(SHAPE, None, resnet(), patchgan(6)),
    "pix2pix_hd": pix2pix_hd,
    "srgan": srgan,
}


@pytest.mark.parametrize("name", slow_except(("cyclegan",), TRANSLATORS))
def test_sides_from_one_pixel_up_are_translated_in_every_form(name):
    model = TRANSLATORS[name]()
    forms = in_every_form(model.endpoints())
    random = np.random.default_rng(0)
    for direction in model.translators():
        files, expected = [], []
        for height, width in ((1, 1), (1, 9), (3, 2), (4, 4), (5, 4), (8, 20), (13, 11)):
            images = random.integers(0, 256, (1, height, width, 3), np.uint8)
            floats = model.translate(images, direction)
            assert floats.shape == (1, height * model.scale, width * model.scale, 3)
            assert np.isfinite(floats).all()
            given = tf.constant(images)
            exact = forms[direction].function(tf.cast(given, tf.float32) / 127.5 - 1)["images"]
            np.testing.assert_allclose(exact, floats, atol=1e-5)
            (image,) = forms[f"{direction}_uint8"].function(given)["images_uint8"].numpy()
            expected.append(image)
            files.append(tf.io.encode_png(images[0]).numpy())
        # One batch of files of all sizes: a small one does not cost the others their answer.
        made = forms[f"{direction}_png"].function(tf.constant(files))["images_bytes"].numpy()
        for file, image in zip(made, expected, strict=True):
            assert np.max(np.abs(pixels(file).astype(int) - image)) <= 1


def test_tiles_may_be_smaller_than_the_network_takes():
    model = TRANSLATORS["cyclegan"]()
    image = np.random.default_rng(0).uniform(-1, 1, (7, 9, 3)).astype(np.float32)
    made = tiling.apply_tiled(lambda tile: model.translate(tile[None])[0], image, 3, 1)
    assert made.shape == image.shape


@pytest.mark.parametrize(("height", "width"), [slow(8, 8), (9, 12), slow(17, 30)])
def test_sizes_that_the_network_takes_are_padded_no_further(height, width):
    model = TRANSLATORS["cyclegan"]()
    images = np.random.default_rng(0).uniform(-1, 1, (2, height, width, 3)).astype(np.float32)
    generator = next(iter(model.translators().values()))
    expected = model.run(generator, pad_to_multiple(tf.constant(images), 4), training=False)
    np.testing.assert_array_equal(
        model.translate(images, batch_size=2), expected[:, :height, :width]
    )


def test_the_smallest_side_is_what_the_network_takes():
    network = resnet()
    assert networks.smallest_side(network, 4) == 8
    assert network(np.zeros((1, 8, 8, 3))).shape == (1, 8, 8, 3)
    assert networks.smallest_side(unet(), 32) == 32
    assert networks.smallest_side(srgan().generator, 1, scale=4) == 1


def test_small_images_repeat_their_mirror_image():
    image = np.array([1.0, 2.0]).reshape(1, 1, 2, 1)
    padded = pad_to_multiple(tf.constant(image), 2, 8)
    assert padded.shape == (1, 8, 8, 1)
    assert padded[0, 7, :, 0].numpy().tolist() == [1, 2, 2, 1, 1, 2, 2, 1]
