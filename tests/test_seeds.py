"""Seeds are whole numbers, whoever takes them."""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.changed import EVERY, arguments, gan
from tfgan_zoo import callbacks, data, layers, metrics, networks
from tfgan_zoo.data import figures, points
from tfgan_zoo.data.pipeline import random_crop, random_flip
from tfgan_zoo.errors import InputError, check_seed

IMAGES = np.zeros((4, 16, 16, 1), "float32")
STEP = tf.constant(0, tf.int64)


def small(spec="figures", **kwargs):
    return data.open_source(spec, num=8, **kwargs)


def domains(**kwargs):
    return data.open_domains("figures/unpaired", num=8, **kwargs)


TAKE = {
    "source": lambda seed: small(seed=seed),
    "points_source": lambda seed: small("points/ring", seed=seed),
    "domains": lambda seed: domains(seed=seed),
    "captions": lambda seed: data.open_captioned("figures/captions", num=8, seed=seed),
    "pairs": lambda seed: data.open_super_resolution("figures", num=8, resolution=32, seed=seed),
    "attributes": lambda seed: figures.attributes("full", num=2, seed=seed),
    "figures": lambda seed: figures.load("full", num=2, seed=seed),
    "counterparts": lambda seed: figures.counterparts(num=2, seed=seed),
    "points": lambda seed: points.sample("ring", 4, seed=seed),
    "unconditional": lambda seed: data.unconditional(small(), batch_size=2, seed=seed),
    "unpaired": lambda seed: data.unpaired(domains(), batch_size=1, seed=seed),
    "paired": lambda seed: data.paired(
        data.open_domains("figures/paired", num=4), batch_size=1, seed=seed
    ),
    "captioned": lambda seed: data.captioned(
        data.open_captioned("figures/captions", num=8), batch_size=2, seed=seed
    ),
    "super_resolution": lambda seed: data.super_resolution(
        data.open_super_resolution("figures", num=8, resolution=32),
        batch_size=2,
        crop_size=16,
        seed=seed,
    ),
    "random_crop": lambda seed: random_crop(tf.zeros([2, 4, 4, 1]), 2, seed, STEP),
    "random_flip": lambda seed: random_flip(tf.zeros([2, 4, 4, 1]), seed, STEP),
    "diversity": lambda seed: metrics.ms_ssim_diversity(IMAGES, pairs=2, seed=seed),
    "kid": lambda seed: metrics.KID(dim=4, seed=seed),
    "sliced_wasserstein": lambda seed: metrics.sliced_wasserstein(
        np.ones((4, 2)), np.ones((4, 2)), seed=seed
    ),
    "dropout": lambda seed: layers.StatelessDropout(0.5, seed),
    "mlp": lambda seed: networks.mlp_discriminator((2,), units=(2,), seed=seed),
    "unet": lambda seed: networks.unet_generator((16, 16, 1), 1, filters=2, depth=3, seed=seed),
    "callback": lambda seed: callbacks.EvaluateImages(["swd"], IMAGES, num=4, seed=seed),
    "example": lambda seed: gan().example_batch(2, seed),
    "joint_embedding": lambda seed: EVERY["joint_embedding"](
        **arguments("joint_embedding") | {"seed": seed}
    ),
    "model": lambda seed: gan(seed=seed),
    "generate": lambda seed: gan().generate(2, seed),
    "sample_latents": lambda seed: gan().sample_latents(2, seed),
}


@pytest.mark.parametrize("name", TAKE)
def test_a_seed_is_a_whole_number(name):
    for seed in (1.5, 1.0, "1", None, True, [1]):
        with pytest.raises(InputError, match=r"^seed: expected a whole number.*, got "):
            TAKE[name](seed)
    TAKE[name](np.int64(3))


def test_seeds_of_any_integer_type_are_alike():
    def batch(seed):
        source = small("points/ring", seed=seed)
        return next(iter(data.unconditional(source, batch_size=2, seed=seed))).numpy()

    for seed in (np.int64(5), np.uint8(5), tf.constant(5)):
        np.testing.assert_array_equal(batch(seed), batch(5))
        assert type(check_seed(seed)) is int
    assert gan(seed=np.int32(5)).seed == 5


def test_none_is_refused_with_the_reason():
    with pytest.raises(InputError, match="got None; the same seed gives the same numbers"):
        gan(seed=None)
