"""What the messages about unfit data and arguments advise."""

import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.changed import gan
from tests.models.tiny import tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.models.mechanics.output_ranges import made_before

BYTES = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 1), "uint8")
FLOATS = BYTES / np.float32(127.5) - 1


@pytest.fixture(scope="module")
def model():
    model = gan()
    model.compile()
    return model


def with_value(value, num=1):
    images = FLOATS.copy()
    images[:num, 0, 0] = value
    return images


@pytest.mark.parametrize(
    "entrance",
    [
        lambda model, images: model.fit(images, verbose=0),
        lambda model, images: model.fit(tf.data.Dataset.from_tensors(images), verbose=0),
        lambda model, images: model.evaluate(images, verbose=0),
        lambda model, images: model.train_on_batch(images),
        lambda model, images: model.test_on_batch(images),
    ],
)
def test_images_that_are_not_finite_are_refused(model, entrance):
    for images, came in (
        (with_value(np.nan), "NaN in 1 of 32 checked images"),
        (with_value(np.inf, 2), "infinity in 2 of 32 checked images"),
        (with_value(np.nan, 32) * np.nan, "NaN in 32 of 32 checked images"),
    ):
        with pytest.raises(InputError, match=f"batches: expected finite numbers, got {came}"):
            entrance(model, images)
    assert model.steps_done == 0


def test_images_to_translate_are_finite():
    translator = tiny("pix2pix")
    images = np.zeros((2, *translator.image_shape), "float32")
    images[1] = np.nan
    with pytest.raises(InputError, match=r"^images: expected finite numbers, got NaN in 1 of"):
        translator.translate(images)


def test_a_dataset_without_an_end_needs_a_number_of_steps(model):
    endless = tf.data.Dataset.from_tensors(BYTES).repeat()
    with pytest.raises(InputError, match=r"^steps_per_epoch: .* no end, .*len\(source\)"):
        model.fit(endless, verbose=0)
    with pytest.raises(InputError, match=r"^validation_steps: .* no end"):
        model.fit(BYTES, validation_data=endless, verbose=0)
    with pytest.raises(InputError, match=r"^steps: .* no end"):
        model.evaluate(endless, verbose=0)
    model.evaluate(endless, steps=1, verbose=0)


def test_a_latent_dim_that_is_not_the_generators_is_refused():
    with pytest.raises(InputError, match=r"^latent_dim: expected 4, which the generator .* got 64"):
        gan(latent_dim=64)
    for latent_dim in (None, 4, 100):
        assert gan(latent_dim=latent_dim).latent_dim == 4
    with made_before():
        assert gan(latent_dim=64).latent_dim == 4


@pytest.mark.parametrize(
    ("images", "advice"),
    [
        (BYTES.astype("int64"), r"type int64; .* use x\.astype\('uint8'\)"),
        (BYTES[..., 0], r"got \(32, 8, 8\); give images a channel axis: x\[\.\.\., np\.newaxis\]"),
        (list(BYTES), r"got \(8, 8, 1\); make a batch .* np\.stack\(images\)"),
    ],
)
def test_images_of_a_wrong_shape_or_type_get_the_cure(model, images, advice):
    with pytest.raises(InputError, match=advice):
        model.fit(images, verbose=0)


def test_none_for_a_seed_may_be_left_out():
    with pytest.raises(InputError, match="such as 0, or leave it out"):
        check_seed(None)


ONE = r", got \({}\); make a batch of one image with x\[np\.newaxis\], "


@pytest.mark.parametrize(
    ("name", "call", "advice"),
    [
        ("autoencoder", lambda model, x: model.encode(x), ONE.format("16, 16, 3")),
        ("autoencoder", lambda model, x: model.reconstruct(x), ONE.format("16, 16, 3")),
        ("autoencoder", lambda model, x: model.decode(np.zeros(8)), r"\(8,\); give one code as x"),
        ("cyclegan", lambda model, x: model.translate(x), ONE.format("16, 16, 1")),
        ("srgan", lambda model, x: model.upscale(x), ONE.format("16, 16, 3")),
        ("dcgan", lambda model, x: model.generate(latents=np.zeros(8)), r"; give one as x\[np"),
    ],
)
def test_one_image_without_a_batch_gets_the_cure(name, call, advice):
    model = tiny(name)
    with pytest.raises(InputError, match=advice):
        call(model, np.zeros(model.image_shape, "uint8"))


@pytest.mark.parametrize("given", [BYTES, tf.data.Dataset.from_tensors(BYTES)])
def test_predict_says_that_it_takes_latents(model, given):
    with pytest.raises(InputError, match=r"^predict: expected latents, shape \(num, 4\).*generate"):
        model.predict(given, verbose=0)
    latents = tf.data.Dataset.from_tensors(model.sample_latents(2))
    np.testing.assert_array_equal(model.predict(latents, verbose=0), model.generate(2))


@pytest.mark.parametrize(
    "made",
    [
        lambda: gan(generator_end="relu"),
        lambda: tiny("gan_cls").generate(["a red cube", "a blue ring"]),
    ],
)
def test_warnings_point_at_the_users_line(made):
    with pytest.warns(UserWarning, match="^(generator|texts): ") as caught:
        made()
    assert not [each for each in caught if each.filename.startswith(tfgan_zoo.__path__[0])]


def test_networks_of_another_size_name_the_argument_that_sets_it():
    generator = networks.mlp_generator((16, 16, 3), 4, units=(4,))
    wanted = r"generator: .* \(batch, 64, 64, 3\), got \(batch, 16, 16, 3\); .* image_shape\."
    with pytest.raises(InputError, match=wanted):
        tfgan_zoo.DCGAN(latent_dim=4, generator=generator)
    tfgan_zoo.DCGAN(
        image_shape=16,
        latent_dim=4,
        generator=generator,
        discriminator=networks.mlp_discriminator((16, 16, 3), units=(4,)),
    )
