"""Settings for somebody's own images, derived from what they are and how many there are.

The settings start from a recipe. Everything that depends on the data is replaced, and what belongs
to the game, such as its losses and penalties, stays.
"""

import math
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from ml_collections import ConfigDict

from tfgan_zoo.config.planning import plan_schedules
from tfgan_zoo.errors import InputError
from tfgan_zoo.sizes import (
    doubled_around,
    doublings,
    doublings_from_small,
    either,
    halvings,
    nearest_doubled,
    size_text,
)

#: The recipes for own images; runs of other models on own images note one of them, too.
RECIPES = ("images", "translation", "captions")

#: The models that cannot do without classes.
ALWAYS_CLASSES = ("cgan", "acgan")

#: Below this number of images, the discriminator's inputs are augmented.
FEW = 5000

#: What is said about it, see `adapt`, by the entry of `model_args` that says how.
AUGMENTED = {
    name: f"{how}, as a discriminator memorises fewer than {FEW:,} images"
    for name, how in (("diff_augment", "DiffAugment"), ("ada_target", "adaptive augmentation"))
}

#: What is said about the number of steps, see `adapt`.
STEPS = "{steps}{sheets}"

#: The side that images get unless they are smaller or a size is given.
DEFAULT_SIDE = 64


class Facts(NamedTuple):
    """What is known about somebody's images.

    Attributes:
        num: Number of samples: images, pairs, or images of the smaller domain.
        channels: 1 if they are grey, otherwise 3.
        channels_b: Those of the second of two domains.
        side: The shortest side of some of the images.
        what: What they are, for messages.
        held_out: The splits to train and to evaluate on; None to hold nothing out.
        transparent: Whether some of the images are transparent in places.
        twice_as_wide: Whether all of those that were looked at may be two images, side by side.
        classes: The number of classes of single images; 0 if they have none.
    """

    num: int
    channels: int
    channels_b: int
    side: int
    what: str
    held_out: tuple[str, str] | None = None
    transparent: bool = False
    twice_as_wide: bool = False
    classes: int = 0


def kind_of_config(config: ConfigDict) -> str:
    """Returns the kind of a config's model, a key of `schema.CONFIGS`, from its entries."""
    if "classes" in config.data:
        return "label_to_image"
    if "layout" in config.data:
        return "translation"
    if "scale" in config.model_args:
        return "super_resolution"
    if "decoder" in config:
        return "autoencoder"
    if "attributes" in config.data:
        return "attribute_to_image"
    if "classifier" in config:
        return "classification"
    if "text_encoder" in config:
        return "text_to_image" if "generator" in config else "joint_embedding"
    return "noise_to_image"


def family_of(config: ConfigDict) -> str:
    """Returns which of `RECIPES` a config belongs to."""
    kind = kind_of_config(config)
    if kind in ("translation", "label_to_image"):
        return "translation"
    return "captions" if kind in ("text_to_image", "joint_embedding") else "images"


# ---------------------------------------------------------------------- sizes


class Sizes(NamedTuple):
    """The sizes of images that a model's networks can make.

    Attributes:
        fits: Whether they can make a height and width.
        nearest: Returns the sizes nearest to one that they cannot.
    """

    fits: Callable[[int, int], bool]
    nearest: Callable[[int, int], Sequence[tuple[int, int]]]


def _multiples(step: int, least: int) -> Sizes:
    def near(side: int) -> list[int]:
        low = max(least, side // step * step)
        return [low, max(least, -(-side // step) * step)]

    def nearest(height: int, width: int) -> list[tuple[int, int]]:
        found = zip(near(height), near(width), strict=True)
        return list(dict.fromkeys(found))

    return Sizes(
        lambda height, width: min(height, width) >= least and not (height % step or width % step),
        nearest,
    )


def _padded_for_dcgan() -> Sizes:
    """Returns the sizes that, padded to multiples of 8, DCGAN's networks halve three times."""

    def padded(*sides: int) -> list[int]:
        return [-(-side // 8) * 8 for side in sides]

    def fits(height: int, width: int) -> bool:
        return min(height, width) >= 16 and (doublings(*padded(height, width)) or 0) >= 3

    def nearest(height: int, width: int) -> list[tuple[int, int]]:
        sides = padded(max(height, 32), max(width, 32))
        return [(sides[0], sides[1])] if fits(*sides) else nearest_doubled(*sides)

    return Sizes(fits, nearest)


def sizes_of(config: ConfigDict) -> Sizes:
    """Returns the sizes that a config's networks can make."""
    kind = kind_of_config(config)
    if kind == "translation":
        return _multiples(8, 24) if config.model == "pix2pix" else _multiples(4, 24)
    if kind == "super_resolution":
        return _multiples(16, 32)
    if kind == "autoencoder" and (
        config.get("discriminator", {}).get("name") == "dcgan_discriminator"
    ):
        return _padded_for_dcgan()
    # An autoencoder pads, and a generator from attributes crops.
    if kind in ("joint_embedding", "autoencoder", "classification", "attribute_to_image"):
        return _multiples(1, 16)
    return Sizes(lambda h, w: doublings(h, w) is not None, nearest_doubled)


def choose_size(
    config: ConfigDict, facts: Facts, given: tuple[int, int] | None
) -> tuple[tuple[int, int], str]:
    """Chooses the size of a model's images.

    Args:
        config: The recipe's config.
        facts: About the images.
        given: The flag --image_size; None if it is not given.

    Returns:
        Height and width, and why.

    Raises:
        InputError: If the networks cannot make the given size; the message names the nearest.
    """
    sizes = sizes_of(config)
    if given is not None:
        if not sizes.fits(*given):
            raise InputError(
                f"--image_size: {config.model} cannot make images of {size_text(given)} pixels; "
                f"the nearest sizes are {either(sizes.nearest(*given))}."
            )
        return given, "as --image_size says"
    wanted = min(DEFAULT_SIDE, facts.side)
    side = next((s for s in range(wanted, 15, -1) if sizes.fits(s, s)), None)
    if side is None:
        side = next(s for s in range(16, 65) if sizes.fits(s, s))
        return (side, side), f"the smallest that {config.model} makes"
    if side == DEFAULT_SIDE:
        return (side, side), "the default; --image_size=N changes it"
    return (side, side), f"as some images have only {facts.side}; --image_size=N changes it"


# ---------------------------------------------------------------------- settings


def adapt(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    """Replaces the entries of a recipe that depend on the images.

    Args:
        config: The recipe's config, not locked.
        facts: About the images.
        size: Height and width of the model's images.
        channels: Channels of the model's images, and of those of the second domain.

    Returns:
        What was chosen and why, clause by clause, to be formatted with the final `config`, in
        which flags have replaced some of it, and with `sheets`, its `sheets_text`.
    """
    kind = kind_of_config(config)
    config.model_args.image_shape = (*size, channels[0])
    reasons = _KINDS[kind](config, facts, size, channels)
    shorter = min(size)
    every = 500 if shorter <= 64 else 200 if shorter <= 128 else 100
    config.train.update(log_every=100, sample_every=every, checkpoint_every=every)
    reasons.append(STEPS)
    if "split" in config.evaluate:
        config.evaluate.split = None
    if facts.held_out is not None:
        whole = config.data.split == facts.held_out[0]
        config.data.split, config.evaluate.split = facts.held_out
        if whole:
            reasons.append("evaluated on the split {config.evaluate.split}")
        else:
            reasons.append("every tenth image is held out for evaluation ({config.evaluate.split})")
    return reasons


def sheets_text(config: ConfigDict) -> str:
    """Says how often a run draws a sample sheet; nothing if it ends before the first is due."""
    every = config.train.sample_every
    return f", with a sample sheet every {every}" if every < config.train.steps else ""


def _augmented(config: ConfigDict, facts: Facts) -> list[str]:
    """Augments what the discriminator sees of few images, by the recipe's way or DiffAugment."""
    few, args = facts.num < FEW, config.model_args
    adapts = args.get("ada_target") is not None
    args.diff_augment = ("color", "translation", "cutout") if few and not adapts else ()
    if adapts and not few:
        args.ada_target = None
    return [AUGMENTED["ada_target" if adapts else "diff_augment"]] if few else []


def follow_flags(config: ConfigDict, recipe_steps: int, flags: Collection[str]) -> None:
    """Adjusts what depends on entries that flags have set since `adapt`.

    Schedules end as far into the run as into the recipe's, and a way to augment that a flag has
    chosen takes the place of the one that `adapt` has.

    Args:
        config: The adapted config with the flags' entries, not locked.
        recipe_steps: The recipe's number of steps.
        flags: The keys that they have set, which stay as they are.
    """
    plan_schedules(config, recipe_steps, config.train.steps, flags)
    unset = {"diff_augment": (), "augment_probability": None, "ada_target": None}
    args = config.model_args
    chosen = {name for name in unset if f"model_args.{name}" in flags}
    if any(args.get(name) not in (None, ()) for name in chosen):
        for name in unset.keys() - chosen:
            if name in args:
                args[name] = unset[name]


def _doubling_filters(facts: Facts, size: tuple[int, int]) -> int:
    """Returns the filters at the image, so that the smallest maps have 192, or 256, at most.

    Wider layers at small images cost more time than they are worth on a CPU.
    """
    times = doublings(*size) or 4
    at_image, smallest = (24, 192) if facts.num < FEW else (32, 256)
    return min(at_image, max(8, smallest >> (times - 1)))


def _fit_widths(config: ConfigDict, size: tuple[int, int]) -> None:
    """Gives networks that have a width for each size of maps as many as the images need.

    Widths stay those of maps as large as the image, half as large and so on; more of the smallest
    maps are as wide as the recipe's smallest.
    """
    times = doublings(*size)
    for role in ("generator", "discriminator"):
        network = config[role]
        widths = network.get("widths")
        if times is None or not isinstance(widths, tuple | list):
            continue
        number = times + 1 - int(math.log2(network.get("patch_size", 1)))
        # Of R3GAN's networks both begin with the smallest maps.
        reverse = role == "discriminator" and not network.name.startswith("r3gan")
        from_image = list(widths) if reverse else list(widths)[::-1]
        fitting = [from_image[min(i, len(widths) - 1)] for i in range(number)]
        network.widths = tuple(fitting if reverse else fitting[::-1])


def _batch(most: int, facts: Facts, each: int = 1) -> int:
    """Returns the largest power of two up to `most` for which there are samples enough."""
    return min(most, 2 ** int(math.log2(max(1, facts.num // each))))


def _noise_to_image(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del channels
    shorter = min(size)
    args = config.model_args
    # BigGAN's generator divides the noise among its first maps and its blocks.
    parts = (doublings(*size) or 0) + 1 if config.generator.get("name") == "biggan_generator" else 1
    args.latent_dim = 100 // parts * parts
    args.packing = 1
    reasons = _augmented(config, facts)
    if args.get("num_classes"):  # the recipe's, of its figures
        if facts.classes:
            args.num_classes = facts.classes
            reasons.append("told the class of each image, one of {config.model_args.num_classes}")
        elif config.model not in ALWAYS_CLASSES:
            args.num_classes = None
            reasons.append("not told classes, as the images have none")
    filters = _doubling_filters(facts, size)
    for role in ("generator", "discriminator"):
        if config[role].get("name", "").startswith("dcgan"):
            config[role].filters = filters
    _fit_widths(config, size)
    if config.generator.get("name") == "dcgan_generator":  # no checkerboards
        config.generator.update(upsampling="resize", kernel_size=3)
    most = 32 if shorter <= 64 else 16 if shorter <= 128 else 8
    config.data.batch_size = _batch(most, facts, args.get("discriminator_steps", 1))
    config.data.flip = False
    config.evaluate.metrics = ("swd",)
    config.evaluate.samples = min(512, max(facts.num, 16))
    config.train.samples = 64 if shorter <= 64 else 25 if shorter <= 128 else 16
    config.train.steps = 10_000 if facts.num < FEW else 20_000
    networks = (
        "networks with {config.generator.filters} filters at full resolution"
        if config.generator.get("name", "").startswith("dcgan")
        else "the recipe's networks"
    )
    return [networks + ", and batches of {config.data.batch_size}", *reasons]


def _translation(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    shorter = min(size)
    config.model_args.channels_b = None if channels[0] == channels[1] else channels[1]
    wide = 32 if facts.num < FEW else 64
    unet = config.generator.name == "unet_generator"
    config.generator.filters = config.discriminator.filters = wide
    if unet:
        config.generator.depth = min(8, halvings(*size))
        what = "a U-Net of depth {config.generator.depth}"
        most = 16 if shorter <= 32 else 8 if shorter <= 64 else 4 if shorter <= 128 else 1
    else:
        config.generator.blocks = 3 if shorter <= 32 else 6 if shorter <= 128 else 9
        what = "a generator with {config.generator.blocks} residual blocks"
        most = 4 if shorter <= 32 else 2 if shorter <= 64 else 1
    if shorter >= 64:
        config.discriminator.receptive_field = 34 if shorter < 128 else 70
    if shorter >= 128:  # the papers'
        for role in ("generator", "discriminator"):
            config[f"{role}_optimizer"].learning_rate = 2e-4
    config.data.batch_size = _batch(most, facts)
    config.data.load_size = 2 * round(shorter * 286 / 256 / 2)
    config.evaluate.metrics = ("mae", "swd") if unet else ("swd",)
    config.evaluate.samples = min(100, facts.num)
    config.train.steps = 5000 if unet else 10_000
    config.distribution.threads_per_op = 0 if shorter > 64 else 1
    return [
        what + " and {config.generator.filters} filters, and batches of {config.data.batch_size}",
        "random crops from images of {config.data.load_size} pixels",
    ]


def _captions(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del channels
    shorter = min(size)
    filters = _doubling_filters(facts, size)
    config.generator.filters = config.discriminator.filters = filters
    most = 32 if shorter <= 64 else 16
    config.data.batch_size = _batch(most, facts)
    config.pretraining.batch_size = _batch(64, facts)
    config.evaluate.metrics = ("swd",)
    config.evaluate.samples = min(512, facts.num)
    config.train.samples = 12
    config.train.steps = 10_000 if facts.num < FEW else 20_000
    return [
        "networks with {config.generator.filters} filters at full resolution, and batches of "
        "{config.data.batch_size}",
        *_augmented(config, facts),
    ]


def _joint_embedding(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del size, channels
    config.data.batch_size = _batch(64, facts)
    config.evaluate.samples = min(512, facts.num)
    return ["batches of {config.data.batch_size}"]


def _classification(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del size, channels
    if facts.classes:
        config.model_args.num_classes = facts.classes
    config.data.batch_size = _batch(64, facts)
    config.evaluate.samples = min(512, facts.num)
    return ["{config.model_args.num_classes} classes, and batches of {config.data.batch_size}"]


def _attribute_to_image(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del channels
    if config.generator.get("name") == "attribute_to_image_generator":
        # The recipe's at the end, twice as many at maps of half the side.
        number = max(1, doublings_from_small(max(size)) - 1)
        config.generator.filters = tuple(32 << i for i in reversed(range(number)))
    config.data.attributes = ()
    config.data.batch_size = _batch(64, facts)
    config.data.flip = False
    config.evaluate.metrics = ("psnr", "mask_iou")
    config.evaluate.samples = min(512, facts.num)
    config.train.steps = 5000 if facts.num < FEW else 10_000
    return [
        "the attributes of the table, and batches of {config.data.batch_size}",
    ]


def _autoencoder(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del channels
    filters = _doubling_filters(facts, doubled_around(*size))
    for network in ("encoder", "decoder"):
        if config[network].get("name", "").startswith("conv_"):
            config[network].filters = filters
    if "autoencoder_optimizer" in config:
        # A smaller rate than the recipe's, for networks that may be deeper.
        config.autoencoder_optimizer.learning_rate = 1e-3
    config.data.batch_size = _batch(64 if min(size) <= 64 else 32, facts)
    config.data.flip = False
    # These need neither drawn figures nor classes; the first score chooses the best checkpoint.
    others = [name for name in ("elbo", "active_units") if name in config.evaluate.metrics]
    config.evaluate.metrics = ("psnr", *others)
    config.evaluate.samples = min(512, facts.num)
    config.train.steps = 5000 if facts.num < FEW else 10_000
    return ["codes of {config.model_args.latent_dim}, and batches of {config.data.batch_size}"]


def _super_resolution(
    config: ConfigDict, facts: Facts, size: tuple[int, int], channels: tuple[int, int]
) -> list[str]:
    del size, channels
    config.data.flip = True
    config.data.batch_size = _batch(16, facts)
    config.evaluate.samples = min(20, facts.num)
    return ["enlarged {config.model_args.scale} times, in batches of {config.data.batch_size}"]


_KINDS = {
    "noise_to_image": _noise_to_image,
    "translation": _translation,
    "text_to_image": _captions,
    "joint_embedding": _joint_embedding,
    "super_resolution": _super_resolution,
    "autoencoder": _autoencoder,
    "classification": _classification,
    "attribute_to_image": _attribute_to_image,
}
