"""Entries of MODELS with networks that are small enough to train in a test."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow_except
from tfgan_zoo import networks
from tfgan_zoo.models import DCGAN, GANCLS, AttributeToImage, Game, ImageToImage, NoiseToImage
from tfgan_zoo.models import MODELS as MODELS_OF_THE_ZOO
from tfgan_zoo.run.building import model_arguments

SHAPE = (16, 16, 3)
LATENT = 8
GREY = (16, 16, 1)
VOXELS = (8, 8, 8, 1)
CLASSES = 3


@keras.saving.register_keras_serializable("test")
class ConditionalDCGAN(DCGAN):
    """`DCGAN` with three classes, as an entry of MODELS for the suites over all models."""

    def __init__(self, *args, num_classes=CLASSES, class_names=("ant", "bee", "cat"), **kwargs):
        super().__init__(*args, num_classes=num_classes, class_names=class_names, **kwargs)


CONDITIONAL = "conditional_dcgan"
#: What the suites over all models build: the models of the zoo, and one that is told classes.
MODELS = {**MODELS_OF_THE_ZOO, CONDITIONAL: ConditionalDCGAN}

#: Games that are always told classes.
TOLD = [
    name
    for name, cls in MODELS.items()
    if issubclass(cls, NoiseToImage) and model_arguments(cls).get("num_classes")
]
NOISE_TO_IMAGE = [
    name
    for name, cls in MODELS_OF_THE_ZOO.items()
    if issubclass(cls, NoiseToImage) and not cls.condition and name not in TOLD
]
IMAGE_TO_IMAGE = [name for name, cls in MODELS.items() if issubclass(cls, ImageToImage)]
GAMES = [name for name, cls in MODELS_OF_THE_ZOO.items() if issubclass(cls, Game)]

#: One model of each kind.
EACH_KIND = ("dcgan", "cyclegan", "srgan", "gan_cls", "joint_embedding", "autoencoder")
#: For what a model's own file can break.
every_model = pytest.mark.parametrize("name", MODELS)
#: For the mechanics of the base. One model of each kind shows that they work; the others are slow.
each_kind, each_kind_of_game = (
    pytest.mark.parametrize("name", slow_except(EACH_KIND, names))
    for names in (MODELS, [*GAMES, CONDITIONAL])
)
#: For what asks whether a model draws from noise or translates.
two_kinds = pytest.mark.parametrize("name", slow_except(("dcgan", "cyclegan"), MODELS))
#: For mechanics that do not ask what kind of model it is, and for tests that make several graphs.
one_kind = pytest.mark.parametrize("name", slow_except(("dcgan",), MODELS))

#: All options of a noise->image game together.
OPTIONS = {
    "packing": 2,
    "r1_gamma": 1.0,
    "r1_every": 2,
    "diff_augment": ("color", "translation", "cutout"),
    "ema_half_life": 50.0,
}


def shape_of(name):
    """Returns the shape of a model's samples."""
    return VOXELS if name == "gan_3d" else SHAPE


def options(name):
    """Returns all options of a model together."""
    if name == "gan_3d":
        return {key: value for key, value in OPTIONS.items() if key != "diff_augment"}
    if name == "r3gan":
        schedules = ("r1_gamma", "r2_gamma", "ema_half_life")
        falls = {"start": 2.0, "end": 1.0, "steps": 4}
        return OPTIONS | {"r1_every": 1} | dict.fromkeys(schedules, falls)
    if name in NOISE_TO_IMAGE:
        return OPTIONS
    if name in TOLD:
        return OPTIONS | {"r2_gamma": 1.0}
    if name == "gan_cls":
        own = {"interpolation": True, "interpolation_weights": (0.6, 0.4), "fresh_latents": True}
        return own | {"l1_weight": 2.0} | OPTIONS
    if name == "vae_gan":
        return {"ema_half_life": 50.0, "margin": 5.0}
    return {} if MODELS[name].shown is None else {"ema_half_life": 50.0}


WORDS = ("a", "red", "blue", "circle", "ring")
#: `WORDS` and the other words of the texts in `GANCLS.example_batch`.
VOCABULARY = (*WORDS, "green", "square")
EMBEDDING = 6


def tiny(name, /, *, normalization="batch", synchronized_bn=False, dense=False, **kwargs):
    """Builds an entry of MODELS: by its name in `TINY`, or by its kind.

    `gan` has maxout and dropout, and the others are convolutional; `dense` models have no batch
    normalisation.
    """
    batch = {"normalization": normalization, "synchronized_bn": synchronized_bn}
    build = TINY.get(name) or TINY[MODELS[name].kind]
    return build(MODELS[name], None if dense else batch, **kwargs)


def noise_to_image(cls, batch, convolutional=True, critic=None, **kwargs):
    """Builds a game of images from noise. Where steps of the discriminator count, it takes two."""
    shapes, packed, kwargs = told(cls, kwargs)
    if batch is None or not convolutional:
        dropout = {"input_dropout": 0.0, "dropout": 0.0} if convolutional else {}
        generator = networks.mlp_generator(*shapes, units=(16,))
        discriminator = networks.mlp_discriminator(*packed, units=(8,), maxout_pieces=2, **dropout)
    else:
        generator = networks.dcgan_generator(*shapes, filters=4, **batch)
        discriminator = networks.dcgan_discriminator(*packed, filters=4, **critic or batch)
    return cls(SHAPE, LATENT, generator, discriminator, **kwargs)


def told(cls, kwargs, shape=SHAPE):
    """Returns the first arguments of both networks, and the arguments of the model."""
    steps = {"discriminator_steps": 2} if "discriminator_steps" in model_arguments(cls) else {}
    usual = CLASSES if model_arguments(cls)["num_classes"] else None
    kwargs = {"num_classes": usual, **steps, **kwargs}
    packing, classes = kwargs.get("packing", 1), kwargs["num_classes"]
    packed = (*shape[:-1], shape[-1] * packing)
    return (shape, LATENT, classes), (packed, classes, packing), kwargs


def cgan(cls, batch, **kwargs):
    shapes, packed, kwargs = told(cls, kwargs)
    small = {"units": 8, "class_units": 4, "dropout": 0.0 if batch is None else 0.5}
    generator = networks.cgan_generator(*shapes, noise_units=8, **small)
    discriminator = networks.cgan_discriminator(*packed, image_units=8, **small)
    return cls(SHAPE, LATENT, generator, discriminator, **kwargs)


def acgan(cls, batch, **kwargs):
    shapes, packed, kwargs = told(cls, kwargs)
    kind, dropout = batch or {"normalization": "none"}, 0.0 if batch is None else 0.5
    generator = networks.dcgan_generator(*shapes, filters=4, **kind)
    discriminator = networks.acgan_discriminator(*packed, filters=2, dropout=dropout, **kind)
    return cls(SHAPE, LATENT, generator, discriminator, **kwargs)


def sngan(cls, batch, **kwargs):
    shapes, packed, kwargs = told(cls, kwargs)
    generator = (
        networks.mlp_generator(*shapes, units=(16,))
        if batch is None
        else networks.dcgan_generator(*shapes, filters=4, **batch)
    )
    discriminator = networks.sngan_discriminator(*packed, filters=4)
    return cls(SHAPE, LATENT, generator, discriminator, **kwargs)


def biggan(cls, batch, **kwargs):
    shapes, packed, kwargs = told(cls, kwargs)
    if batch is None:
        generator = networks.mlp_generator(*shapes, units=(16,))
    else:
        generator = networks.biggan_generator(
            SHAPE,
            LATENT + 1,  # three parts
            shapes[-1],
            filters=1,
            embedding_dim=4,
            use_bias=False,
            synchronized_bn=batch["synchronized_bn"],
        )
    discriminator = networks.biggan_discriminator(*packed, filters=2)
    return cls(SHAPE, None, generator, discriminator, **kwargs)


def r3gan(cls, batch, **kwargs):
    shapes, packed, kwargs = told(cls, kwargs)
    if batch is None:
        generator = networks.mlp_generator(*shapes, units=(16,))
    else:
        generator = networks.r3gan_generator(*shapes, widths=8, blocks=1, patch_size=2)
    discriminator = networks.r3gan_discriminator(*packed, widths=8, blocks=1, patch_size=2)
    return cls(SHAPE, LATENT, generator, discriminator, **kwargs)


def gan_3d(cls, batch, **kwargs):
    shapes, packed, kwargs = told(cls, kwargs, VOXELS)
    if batch is None:
        plain = {"units": (8,), "maxout_pieces": 0, "input_dropout": 0.0, "dropout": 0.0}
        generator = networks.mlp_generator(*shapes, units=(8,))
        discriminator = networks.mlp_discriminator(*packed, **plain)
    else:
        generator = networks.gan_3d_generator(*shapes, filters=4, **batch)
        discriminator = networks.gan_3d_discriminator(*packed, filters=4, **batch)
    # Nobody rests, so that every step moves every weight.
    kwargs = {"skip_discriminator_above": None, **kwargs}
    return cls(VOXELS, LATENT, generator, discriminator, **kwargs)


def text_to_image(cls, batch, packing=1, **kwargs):
    """Builds a game of images from texts, with an untrained text encoder."""
    normalization = batch or {"normalization": "none"}
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
    return cls(SHAPE, LATENT, EMBEDDING, generator, discriminator, packing=packing, **kwargs)


def joint_embedding(cls, batch, **kwargs):
    encoder = networks.word_encoder(EMBEDDING, vocabulary=VOCABULARY, word_dim=4, units=4)
    batch = batch or {"normalization": "none"}
    images = networks.image_encoder(SHAPE, EMBEDDING, filters=4, **batch)
    return cls(SHAPE, EMBEDDING, encoder, images, **kwargs)


def classification(cls, batch, num_classes=CLASSES, **kwargs):
    batch = batch or {"normalization": "none"}
    classifier = networks.image_classifier(SHAPE, num_classes, filters=4, **batch)
    return cls(SHAPE, num_classes, classifier, **kwargs)


def autoencoder(cls, batch, units="linear", **kwargs):
    """Builds a model that encodes images, with codes of `LATENT` numbers."""
    width, ending = LATENT * cls.numbers_per_code, {"output_activation": units}
    if batch is None:
        encoder = networks.mlp_encoder(SHAPE, width, units=(8,), **ending)
        decoder = networks.mlp_decoder(SHAPE, LATENT, units=(8,))
    else:
        encoder = networks.conv_encoder(SHAPE, width, filters=4, **ending, **batch)
        decoder = networks.conv_decoder(SHAPE, LATENT, filters=4, **batch)
    return cls(SHAPE, LATENT, encoder, decoder, **kwargs)


def vae_gan(cls, batch, **kwargs):
    kind = batch or {"normalization": "none"}
    if batch is None:
        encoder = networks.mlp_encoder(SHAPE, 2 * LATENT, units=(8,))
        decoder = networks.mlp_decoder(SHAPE, LATENT, units=(8,))
    else:
        encoder = networks.vae_gan_encoder(SHAPE, 2 * LATENT, filters=(2, 4), dense_units=8, **kind)
        decoder = networks.vae_gan_decoder(SHAPE, LATENT, project=4, filters=(4, 2), **kind)
    discriminator = networks.vae_gan_discriminator(
        SHAPE, first_filters=2, filters=(2, 4), dense_units=4, **kind
    )
    # Nobody rests, so that every step moves every weight.
    return cls(SHAPE, LATENT, encoder, decoder, discriminator, **{"margin": None, **kwargs})


#: What the images of a tiny `AttributeToImage` are drawn from: a class, an angle and a number.
ATTRIBUTES = {"shape": ("circle", "square", "star"), "angle": "degrees", "size": (0.1, 0.4)}


def attribute_to_image(cls, batch, **kwargs):
    kwargs = {"attributes": ATTRIBUTES, "augmentation": 1.0, **kwargs}
    shapes = cls.network_arguments(image_shape=SHAPE, **kwargs)["generator"][1]
    small = {"group_units": 4, "units": 8, "maps": 4, "filters": (4,)}
    generator = networks.attribute_to_image_generator(*shapes, **small)
    return cls(SHAPE, generator=generator, **kwargs)


def super_resolution(cls, batch, **kwargs):
    normalization = batch or {"normalization": "none"}
    small = (SHAPE[0] // 2, SHAPE[1] // 2, 3)
    generator = networks.srresnet_generator(small, 2, filters=4, blocks=1, **normalization)
    discriminator = networks.srgan_discriminator(SHAPE, filters=4, dense_units=8, **normalization)
    return cls(SHAPE, 2, generator, discriminator, **{"content": "pixel", **kwargs})


def translation(cls, batch, **kwargs):
    """Builds a translator from grey to colour, so that all shapes differ."""
    normalization = batch or {"normalization": "instance"}
    generator = networks.unet_generator(GREY, 3, filters=4, depth=3, **normalization)
    discriminator = networks.patchgan_discriminator(
        SHAPE[:-1] + (4,), receptive_field=16, filters=4, **normalization
    )
    return cls(GREY, 3, generator, discriminator, **kwargs)


def pix2pix_hd(cls, batch, **kwargs):
    """Builds a translator of images; `labelled` builds one of label maps."""
    normalization = batch or {"normalization": "instance"}
    generator = networks.global_generator(
        GREY, 3, filters=4, downsamplings=2, blocks=1, **normalization
    )
    discriminator = networks.multiscale_discriminator(
        SHAPE[:-1] + (4,), 2, receptive_field=16, filters=4, **normalization
    )
    return cls(GREY, 3, generator, discriminator, **{"features": None, **kwargs})


def labelled(classes=CLASSES, style_size=0, boundaries=True, enhancer=False, **kwargs):
    """Builds a Pix2PixHD of label maps."""
    seen = classes + boundaries
    shapes = (*SHAPE[:-1], seen + style_size), 3
    if enhancer:
        sizes = {"global_downsamplings": 2, "global_blocks": 1, "blocks": 1}
        generator = networks.local_enhancer(*shapes, filters=2, **sizes)
    else:
        generator = networks.global_generator(*shapes, filters=4, downsamplings=2, blocks=1)
    discriminator = networks.multiscale_discriminator(
        (*SHAPE[:-1], seen + 3), 2, receptive_field=16, filters=4
    )
    encoder = None
    if style_size:
        encoder = networks.feature_encoder(SHAPE, style_size, filters=2, downsamplings=1)
    arguments = {"num_classes": classes, "style_size": style_size, "boundaries": boundaries}
    return MODELS_OF_THE_ZOO["pix2pix_hd"](
        SHAPE, None, generator, discriminator, encoder, **{"features": None, **arguments, **kwargs}
    )


def cyclegan(cls, batch, **kwargs):
    arguments = cls.network_arguments(image_shape=GREY, channels_b=3)
    built = {
        slot: networks.translation_resnet(*shapes, filters=4, blocks=1, name=slot)
        if role == "generator"
        else networks.patchgan_discriminator(
            *shapes, receptive_field=16, filters=4, normalization="instance", name=slot
        )
        for slot, (role, shapes) in arguments.items()
    }
    return cls(GREY, 3, **built, **{"identity_weight": 0.0, "pool_size": 3, **kwargs})


def dtn(cls, batch, **kwargs):
    normalization = batch or {"normalization": "none"}
    kwargs = {"features": "figures_v1:conv2", **kwargs}
    shapes = {
        slot: shape
        for slot, (_, shape) in cls.network_arguments(
            image_shape=GREY, channels_b=3, features=kwargs["features"]
        ).items()
    }
    generator = networks.dtn_generator(*shapes["generator"], filters=4, **normalization)
    discriminator = networks.dtn_discriminator(*shapes["discriminator"], filters=4, **normalization)
    return cls(GREY, 3, generator, discriminator, **kwargs)


#: Builders by kind, and by name for models that need other networks.
TINY = {
    "noise_to_image": noise_to_image,
    "translation": translation,
    "super_resolution": super_resolution,
    "text_to_image": text_to_image,
    "joint_embedding": joint_embedding,
    "autoencoder": autoencoder,
    "classification": classification,
    "attribute_to_image": attribute_to_image,
    "gan": functools.partial(noise_to_image, convolutional=False),
    "wgan_gp": functools.partial(noise_to_image, critic={"normalization": "layer"}),
    "cyclegan": cyclegan,
    "dtn": dtn,
    "pix2pix_hd": pix2pix_hd,
    "cgan": cgan,
    "acgan": acgan,
    "sngan": sngan,
    "biggan": biggan,
    "vae_gan": vae_gan,
    "sparse_autoencoder": functools.partial(autoencoder, units="sigmoid"),
    "r3gan": r3gan,
    "gan_3d": gan_3d,
}


@functools.cache
def shared(name):
    """Returns a model to look at, which tests share and must not change."""
    return tiny(name)


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
    if getattr(model, "condition", ()) == ("label",):
        return tuple(model.endpoints()["generate"].example(num).values())
    if isinstance(model, AttributeToImage):
        return model.endpoints()["generate_from_codes"].example(num)["codes"]
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
