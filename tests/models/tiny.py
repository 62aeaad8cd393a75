"""Entries of MODELS with networks that are small enough to train in a test."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import networks
from tfgan_zoo.models import GANCLS, MODELS, Game, ImageToImage, NoiseToImage

SHAPE = (16, 16, 3)
LATENT = 8
GREY = (16, 16, 1)

NOISE_TO_IMAGE = [
    name for name, cls in MODELS.items() if issubclass(cls, NoiseToImage) and not cls.condition
]
IMAGE_TO_IMAGE = [name for name, cls in MODELS.items() if issubclass(cls, ImageToImage)]
GAMES = [name for name, cls in MODELS.items() if issubclass(cls, Game)]

#: One model of each kind.
EACH_KIND = ("dcgan", "cyclegan", "srgan", "gan_cls")
#: For what a model's own file can break.
every_model = pytest.mark.parametrize("name", MODELS)
#: For the mechanics of the base. One model of each kind shows that they work; the others are slow.
each_kind, each_kind_of_game = (
    pytest.mark.parametrize(
        "name",
        [pytest.param(name, marks=[] if name in EACH_KIND else pytest.mark.slow) for name in names],
    )
    for names in (MODELS, GAMES)
)

#: All options of a noise->image game together.
OPTIONS = {
    "packing": 2,
    "r1_gamma": 1.0,
    "r1_every": 2,
    "diff_augment": ("color", "translation", "cutout"),
    "ema_half_life": 50.0,
}


def options(name):
    """Returns all options of a model together."""
    if name in NOISE_TO_IMAGE:
        return OPTIONS
    if name == "gan_cls":
        own = {"interpolation": True, "interpolation_weights": (0.6, 0.4), "fresh_latents": True}
        return own | OPTIONS
    return {} if MODELS[name].shown is None else {"ema_half_life": 50.0}


def tiny(name, /, *, normalization="batch", synchronized_bn=False, dense=False, **kwargs):
    """Builds an entry of MODELS.

    `gan` has maxout and dropout, and the others are convolutional; `dense` models have no batch
    normalisation.
    """
    batch = {"normalization": normalization, "synchronized_bn": synchronized_bn}
    if name == "joint_embedding":
        return tiny_joint_embedding(**kwargs)
    if name == "gan_cls":
        return tiny_gan_cls({"normalization": "none"} if dense else batch, **kwargs)
    if name in IMAGE_TO_IMAGE:
        without = {"normalization": "none" if name == "srgan" else "instance"}
        return _tiny_translator(name, without if dense else batch, kwargs)
    packed = (*SHAPE[:-1], SHAPE[-1] * kwargs.get("packing", 1))
    if name == "gan" or dense:
        dropout = {} if name == "gan" else {"input_dropout": 0.0, "dropout": 0.0}
        generator = networks.mlp_generator(SHAPE, LATENT, units=(16,))
        discriminator = networks.mlp_discriminator(packed, units=(8,), maxout_pieces=2, **dropout)
    else:
        generator = networks.dcgan_generator(SHAPE, LATENT, filters=4, **batch)
        if name == "wgan_gp":
            batch = {"normalization": "layer"}
        discriminator = networks.dcgan_discriminator(packed, filters=4, **batch)
    if name in ("gan", "wgan", "wgan_gp"):
        kwargs = {"discriminator_steps": 2, **kwargs}
    return MODELS[name](SHAPE, LATENT, generator, discriminator, **kwargs)


WORDS = ("a", "red", "blue", "circle", "ring")
#: `WORDS` and the other words of the texts in `GANCLS.example_batch`.
VOCABULARY = (*WORDS, "green", "square")
EMBEDDING = 6


def tiny_gan_cls(normalization, packing=1, **kwargs):
    """Builds a GAN-CLS with an untrained text encoder."""
    packed = (*SHAPE[:-1], SHAPE[-1] * packing)
    generator = networks.text_conditional_generator(
        SHAPE, LATENT, EMBEDDING, projected=4, filters=4, **normalization
    )
    discriminator = networks.text_conditional_discriminator(
        packed, EMBEDDING * packing, projected=4, filters=4, **normalization
    )
    if "text_encoder" not in kwargs:
        kwargs["text_encoder"] = networks.word_encoder(
            EMBEDDING, vocabulary=VOCABULARY, word_dim=4, units=4
        )
    kwargs["packing"] = packing
    return MODELS["gan_cls"](SHAPE, LATENT, EMBEDDING, generator, discriminator, **kwargs)


def tiny_joint_embedding(**kwargs):
    encoder = networks.word_encoder(EMBEDDING, vocabulary=VOCABULARY, word_dim=4, units=4)
    images = networks.image_encoder(SHAPE, EMBEDDING, filters=4)
    return MODELS["joint_embedding"](SHAPE, EMBEDDING, encoder, images, **kwargs)


def _tiny_translator(name, normalization, kwargs):
    """Builds a translator from grey to colour or from small to large, so that all shapes differ."""
    if name == "srgan":
        small = (SHAPE[0] // 2, SHAPE[1] // 2, 3)
        generator = networks.srresnet_generator(small, 2, filters=4, blocks=1, **normalization)
        discriminator = networks.srgan_discriminator(
            SHAPE, filters=4, dense_units=8, **normalization
        )
        return MODELS[name](SHAPE, 2, generator, discriminator, **{"content": "pixel", **kwargs})
    if name == "cyclegan":
        players = {
            slot: networks.translation_resnet(*shapes, filters=4, blocks=1, name=slot)
            if role == "generator"
            else networks.patchgan_discriminator(
                *shapes, receptive_field=16, filters=4, normalization="instance", name=slot
            )
            for slot, (role, shapes) in MODELS[name]
            .network_arguments(image_shape=GREY, channels_b=3)
            .items()
        }
        return MODELS[name](
            GREY, 3, **players, **{"identity_weight": 0.0, "pool_size": 3, **kwargs}
        )
    generator = networks.unet_generator(GREY, 3, filters=4, depth=3, **normalization)
    discriminator = networks.patchgan_discriminator(
        SHAPE[:-1] + (4,), receptive_field=16, filters=4, **normalization
    )
    return MODELS[name](GREY, 3, generator, discriminator, **kwargs)


def compiled(name, /, **kwargs):
    model = tiny(name, **kwargs)
    model.compile()
    return model


def samples(model, steps=1, batch=4, seed=0):
    """Returns uint8 images for this many train steps."""
    return model.example_batch(steps * batch, seed)


def dataset(model, steps=1, seed=0, first=0):
    """Returns `samples` as batches, from the `first` step on."""
    images = samples(model, first + steps, seed=seed)
    batches = tf.data.Dataset.from_tensor_slices(images).batch(
        model.samples_per_step(4), drop_remainder=True
    )
    return batches.skip(first)


def step(model, data):
    """Runs one train step outside of `fit`."""
    return model.train_step(tf.nest.map_structure(tf.constant, data))


def request(model, num):
    """Returns an example input of the model."""
    if isinstance(model, GANCLS):
        return tuple(model.endpoints()["generate_from_embeddings"].example(num).values())
    return next(iter(next(iter(model.endpoints().values())).example(num).values()))


def fit(model, data, **kwargs):
    return model.fit(data, shuffle=False, verbose=0, **kwargs).history


def optimizers(model):
    return {role: getattr(model, f"{role}_optimizer") for role in model.roles()}


def state(model):
    """Returns everything that training changes, as (name, value)."""
    owners = (model, *optimizers(model).values())
    return [(v.path, v.numpy()) for owner in owners for v in owner.variables]


def assert_same(state, expected):
    """Asserts that states are equal bit for bit."""
    for (name, value), (_, other) in zip(state, expected, strict=True):
        np.testing.assert_array_equal(value, other, err_msg=name)


def assert_close(state, expected, rtol, atol):
    """Asserts that states are equal up to rounding; `atol` scales with an array's largest value."""
    for (name, value), (_, other) in zip(state, expected, strict=True):
        scale = max(1.0, float(np.max(np.abs(other), initial=0.0)))
        np.testing.assert_allclose(value, other, rtol, atol * scale, err_msg=name)
