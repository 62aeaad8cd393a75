"""Trains on somebody's own images: looks at them, and derives the settings from a recipe."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.config import own_images
from tfgan_zoo.config.own_images import RECIPES, Facts
from tfgan_zoo.config.values import override_all
from tfgan_zoo.data.attributes import open_attributed
from tfgan_zoo.data.attributes.opening import holds_attributes
from tfgan_zoo.data.captions.opening import open_captioned
from tfgan_zoo.data.captions.reading import CaptionsError
from tfgan_zoo.data.domains import open_domains
from tfgan_zoo.data.opening import open_source
from tfgan_zoo.data.readers.folder import existing_folder, subfolders
from tfgan_zoo.data.readers.label_maps import holds_label_maps
from tfgan_zoo.data.readers.voxels import are_voxels
from tfgan_zoo.data.source import Source
from tfgan_zoo.data.spec import DRAWN, FOLDERS, Opening, parse_spec, two_specs
from tfgan_zoo.data.splits import stand_ins
from tfgan_zoo.errors import InputError, warn_user, without_advice
from tfgan_zoo.progress import counted
from tfgan_zoo.sizes import parse_size

#: See `choose`.
LeftOut = Callable[[Mapping[str, Any], ConfigDict], Mapping[str, Any]]
#: Sources that are nobody's own images; recipes for them have settings of their own.
BUILT_IN = (*DRAWN, "tfds")

#: The recipe whose settings a model starts from, if that is not its quick recipe.
_STARTS = {"pix2pix": "translation", "gan_cls": "captions"}

_WHY = {
    "images": "the default for single images",
    "translation": "",
    "captions": "because the images have captions",
}

#: Samples of which a part is held out where there is no split for it.
_ENOUGH_TO_HOLD_OUT = 20

#: Images that are looked at, to find out whether they are grey, and how large.
_LOOKED_AT = 8


class Chosen(NamedTuple):
    """The config of a run on somebody's own images.

    Attributes:
        config: With the overrides, locked.
        recipe: One of `RECIPES`, to be noted in the run.
        notes: What was chosen, and why.
    """

    config: ConfigDict
    recipe: str
    notes: list[str]


def choose(
    model: str | None,
    recipe: str | None,
    workdir: str | None,
    overrides: Mapping[str, str],
    left_out: LeftOut,
    image_size: str | None = None,
    minutes: float | None = None,
) -> Chosen | None:
    """Returns the config of a command that trains on somebody's own images.

    Args:
        model: The flag --model.
        recipe: The flag --config.
        workdir: The flag --workdir.
        overrides: Config entries set on the command line.
        left_out: Returns the arguments that a run's model was built with though its stored config
            lacks them; it is also given a config of today.
        image_size: The flag --image_size.
        minutes: The flag --minutes, which plans the number of steps later.

    Returns:
        The config of a new run, or the stored one of a run that has begun so; None for a command
        that trains on something else, or goes on with a run that has begun otherwise.

    Raises:
        InputError: If the images cannot be opened, or the model cannot make the size.
    """
    size = None if image_size is None else parse_size(image_size)
    if recipe is not None and recipe not in RECIPES:
        return None
    own = recipe is not None or _is_own(overrides)
    name = recipe or model or (_family(overrides) if own else None)
    if name is None:
        return None
    folder = Path(workdir or Path("runs") / name)
    if config_lib.has_begun(folder):
        return _begun(folder, model, recipe, overrides, left_out, size)
    if not own:
        return None
    if "data.source" not in overrides:
        raise InputError(
            f"--config={recipe}: expected your images, got none; add "
            "--config.data.source=folder:PATH."
        )
    return _new(model, recipe or (None if model else name), overrides, size, minutes)


def with_image_size(
    overrides: Mapping[str, str], image_size: str, shape: Sequence[int]
) -> dict[str, str]:
    """Returns the overrides of another recipe with the size that the flag --image_size sets.

    Args:
        overrides: Config entries set on the command line.
        image_size: The flag.
        shape: `model_args.image_shape` without the flag, whose channels stay.

    Raises:
        InputError: If the samples are no images, or an override sets the shape as well.
    """
    height, width = parse_size(image_size)
    if "model_args.image_shape" in overrides:
        raise InputError(
            "--config.model_args.image_shape: --image_size gives the size as well; give one of the "
            "two."
        )
    if len(shape) != 3:
        raise InputError(
            f"--image_size: expected none for samples of shape {tuple(shape)}, which are no "
            "images; give --config.model_args.image_shape."
        )
    return {**overrides, "model_args.image_shape": f"{height},{width},{shape[-1]}"}


def _is_own(overrides: Mapping[str, str]) -> bool:
    source = overrides.get("data.source")
    return source is not None and parse_spec(source)[0] not in BUILT_IN


def _begun(
    folder: Path,
    model: str | None,
    recipe: str | None,
    overrides: Mapping[str, str],
    left_out: LeftOut,
    size: tuple[int, int] | None,
) -> Chosen | None:
    """Returns the stored config of a run, if it began with own images and as the command says."""
    began = config_lib.stored_recipe(folder)
    stored = config_lib.stored_config(folder)
    if began not in RECIPES or recipe not in (None, began) or model not in (None, stored["model"]):
        return None
    like = config_lib.load_config(_STARTS.get(stored["model"], stored["model"]))
    plain = config_lib.with_later_entries(stored, like, left_out(stored, like))
    config = config_lib.typed(plain, like)
    shape = tuple(config.model_args.image_shape)
    if size is not None and size != shape[:2]:
        raise InputError(
            f"--image_size: {str(folder)!r} holds a run with images of "
            f"{own_images.size_text(shape[:2])} pixels; leave it out, or give another --workdir."
        )
    override_all(config, overrides)
    config_lib.check(config)
    source = stored["data"]["source"]
    notes = []
    if config.data.source != source:
        notes.append(
            f"{folder} holds a run on {source}, which resumes with its settings; to begin a run on "
            f"{config.data.source}, give another --workdir."
        )
    return Chosen(config, began, notes)


def _family(overrides: Mapping[str, str]) -> str:
    """Returns the recipe for a source: by its layout, translation, captions or images.

    If there are captions that cannot be used, a warning says why, and they are left out.

    Raises:
        InputError: If the source is made for a model that has to be asked for.
    """
    source, split = overrides["data.source"], overrides.get("data.split", "train")
    kind, path = parse_spec(source)
    layout = overrides.get("data.layout")
    is_alphabet = layout is None and kind in FOLDERS and _is_alphabet(source, path)
    layout = layout or ("two_folders" if kind in FOLDERS else "auto")
    with contextlib.suppress(InputError):
        if not is_alphabet:
            open_domains(source, split, layout=layout)
            return "translation"
    try:
        open_captioned(source, split)
    except CaptionsError as error:
        warn_user(
            f"{source}: captions are left out: {without_advice(error)}; correct that to draw from "
            "texts, or give --config=images."
        )
    except InputError:
        pass
    else:
        return "captions"
    if kind in FOLDERS and not two_specs(source):
        _check_is_of_images(source)
    return "images"


def _check_is_of_images(source: str) -> None:
    """Raises `InputError` for a folder whose label maps or masks would be taken for photographs."""
    found, advice = "", ""
    with contextlib.suppress(InputError):
        opening = Opening(source)
        if holds_label_maps(opening):
            found = "label maps"
            advice = "--model=pix2pix_hd --config.model_args.num_classes=N --image_size=HxW"
        elif holds_attributes(opening):
            found, advice = "a table of attributes", "--model=attribute_to_image"
    if found:
        raise InputError(
            f"--config.data.source: {source} holds {found}; add {advice} to train on them, or "
            "--config=images to train on every image in the folder."
        )


def _is_alphabet(source: str, path: str) -> bool:
    """Returns whether folders A, B and C are classes, not A and B two domains."""
    if two_specs(source):
        return False
    with contextlib.suppress(InputError):
        return {"a", "b", "c"} <= subfolders(existing_folder(source, path)).keys()
    return False


def _new(
    model: str | None,
    recipe: str | None,
    overrides: Mapping[str, str],
    size: tuple[int, int] | None,
    minutes: float | None,
) -> Chosen | None:
    start = _STARTS.get(model, model) if model else recipe
    assert start is not None
    config = config_lib.load_config(start, flag="--config" if recipe else "--model")
    data = {key: text for key, text in overrides.items() if key.startswith("data.")}
    override_all(config, data)
    if "axes" in config.data:  # Voxels, whose recipes are not adapted.
        return None
    if not two_specs(config.data.source) and are_voxels(config.data.source):
        raise InputError(
            f"--config.data.source: {config.data.source} holds voxels, not images; "
            "--model=gan_3d --config.model_args.num_classes=none trains on them."
        )
    kind = own_images.kind_of_config(config)
    why = "" if model else _WHY[own_images.family_of(config)]
    if kind == "label_to_image":  # whose recipe says what the labels are
        return None
    if kind == "translation":
        facts, unmatched = _domains(config)
        if not model:
            found = f"these are not pairs: {unmatched}" if unmatched else "the images are pairs"
            why = f"because {found}"
        if not model and unmatched:
            config = config_lib.load_config("cyclegan")
            override_all(config, data)
    elif kind in ("text_to_image", "joint_embedding"):
        facts = _captioned(config)
    elif kind == "attribute_to_image":
        images = _open(open_attributed, config, config.data.split).images
        what = "images with attributes"
        facts = _facts(config, images, images, len(images), what, open_attributed)
    else:
        source = _open(open_source, config, config.data.split)
        if source.is_vector and model:
            return None
        if source.is_vector:
            raise InputError(
                f"--config.data.source: expected images, got vectors in {config.data.source}; give "
                "--model=gan to train on vectors."
            )
        facts = _facts(config, source, source, len(source), "images", open_source)
        if kind in ("noise_to_image", "classification"):
            facts = facts._replace(classes=_classes(config, source))
        if kind == "super_resolution":  # no image may be smaller than the crops
            facts = facts._replace(side=min(min(source.size(i)) for i in range(len(source))))
    if recipe and own_images.family_of(config) != recipe:
        raise InputError(
            f"--model={model}: {recipe} is for other models; give "
            f"--config={own_images.family_of(config)}, or leave --config out."
        )
    channels = facts.channels, facts.channels_b
    if "model_args.image_shape" in overrides:
        probe = config.copy_and_resolve_references()
        override_all(probe, {"model_args.image_shape": overrides["model_args.image_shape"]})
        shape = tuple(probe.model_args.image_shape)
        if len(shape) != 3 or size not in (None, shape[:2]):
            raise InputError(
                "--config.model_args.image_shape: expected height, width and channels of images, "
                f"which --image_size gives as well, got {shape}; give one of the two."
            )
        chosen, reason = shape[:2], "as the flag says"
    else:
        chosen, reason = own_images.choose_size(config, facts, size)
    recipe_steps = config.train.steps
    with config.unlocked():
        reasons = own_images.adapt(config, facts, chosen, channels)
    if minutes is not None:
        fitting = f"as many steps as fit into {counted(minutes, 'minute')}"
        reasons = [fitting if each == own_images.STEPS else each for each in reasons]
    override_all(config, overrides)
    with config.unlocked():
        own_images.follow_flags(config, recipe_steps, overrides)
    for name, said in own_images.AUGMENTED.items():
        if config.model_args.get(name) in (None, ()):
            reasons = [each for each in reasons if each != said]
    config_lib.check(config)
    height, width, last = config.model_args.image_shape
    steps, sheets = counted(config.train.steps, "step"), own_images.sheets_text(config)
    what = "crops" if kind == "super_resolution" else "images"
    clauses = [
        f"{what} of {height}x{width} pixels {_colours(config)}, {reason}",
        *(each.format(config=config, steps=steps, sheets=sheets) for each in reasons),
    ]
    if facts.twice_as_wide and kind == "noise_to_image":
        clauses.append("if each image is a pair, side by side, give --config=translation")
    if facts.classes > 1 and not config.model_args.get("num_classes"):
        clauses.append(
            f"the {facts.classes} classes are not used; --config.model_args.num_classes="
            f"{facts.classes} trains a model that draws the class you ask for"
        )
    if facts.transparent and last in (1, 3):
        clauses.append(_on_white(config, kind))
    if steps := config.get("pretraining", {}).get("steps"):
        first = "the text encoder" if kind == "text_to_image" else "the generator, by pixels"
        most = "up to " if minutes is not None else ""
        clauses.append(
            f"before that, {most}{steps:,} steps that train {first}; --config.pretraining.steps=N "
            "changes it"
        )
    because = f", {why}" if why else ""
    notes = [f"{config.data.source} holds {facts.what}. The model is {config.model}{because}."]
    notes += [f"  {clause}." for clause in clauses]
    notes.append("  Any entry can be set with --config.KEY=VALUE; --dry_run prints all.")
    return Chosen(config, own_images.family_of(config), notes)


def _colours(config: ConfigDict) -> str:
    """Returns the channels of a model's images in words."""
    names = {1: "grey", 3: "colour"}
    first, second = config.model_args.image_shape[-1], config.model_args.get("channels_b")
    if first not in names or second not in (None, *names):
        return f"with {first} channels"
    return f"from {names[first]} to {names[second]}" if second else f"in {names[first]}"


def _on_white(config: ConfigDict, kind: str) -> str:
    """Says what becomes of transparent images, and how a model keeps the transparency if it can."""
    text = "transparent images are drawn on white"
    if kind != "noise_to_image":
        return text
    height, width, last = config.model_args.image_shape
    shape = f"{height},{width},{last + 1}"
    return f"{text}; --config.model_args.image_shape={shape} keeps the transparency"


# ---------------------------------------------------------------------- looking at the images


def _open(opener: Any, config: ConfigDict, split: str, **options: Any) -> Any:
    data = config.data
    return opener(
        data.source,
        split,
        on_error=data.on_error,
        data_dir=data.data_dir,
        **config_lib.opening(data),
        **options,
    )


def _domains(config: ConfigDict) -> tuple[Facts, str]:
    """Returns what is known about two domains, and why they are not pairs, if they are not."""
    data = config.data
    options = {"layout": data.layout, "direction": data.direction}
    domains = _open(open_domains, config, data.split, **options)
    a, b = len(domains.a), len(domains.b)
    what = f"{a:,} pairs" if domains.matched else f"{a:,} images of domain a and {b:,} of b"
    facts = _facts(config, domains.a, domains.b, min(a, b), what, open_domains, **options)
    return facts, "" if domains.matched else domains.reason


def _captioned(config: ConfigDict) -> Facts:
    opened = _open(open_captioned, config, config.data.split)
    images, num = opened.images, len(opened.images)
    return _facts(config, images, images, num, "images with captions", open_captioned)


def _facts(
    config: ConfigDict,
    source: Source,
    other: Source,
    num: int,
    what: str,
    opener: Any,
    **options: Any,
) -> Facts:
    seen = _look(source)
    channels = seen.channels
    channels_b = channels if other is source else _look(other).channels
    if what.startswith("images"):
        what = f"{num:,} {'grey' if channels == 1 else 'colour'} {what}"
    held_out = None
    if "split" in config.evaluate and config.data.split == "train":
        for train, test in (("train", "val"), *(held[:2] for held in stand_ins("train", "val"))):
            if train != "train" and num < _ENOUGH_TO_HOLD_OUT:
                continue
            with contextlib.suppress(InputError):
                _open(opener, config, test, **options)
                held_out = train, test
                break
    return Facts(
        num,
        channels,
        channels_b,
        seen.side,
        what,
        held_out,
        transparent=seen.transparent,
        twice_as_wide=seen.twice_as_wide,
    )


def _classes(config: ConfigDict, source: Source) -> int:
    """Returns the number of a source's classes; 0 if it has none, or unusable ones for no use."""
    try:
        return len(source.class_names)
    except InputError:
        if config.model_args.get("num_classes"):
            raise
        return 0


class _Seen(NamedTuple):
    """What some images are; see `Facts`."""

    channels: int
    side: int
    transparent: bool
    twice_as_wide: bool


def _look(source: Source) -> _Seen:
    """Looks at some of a source's images."""
    channels, sides, ratios, transparent = 1, [], [], False
    for index in range(0, len(source), max(1, len(source) // _LOOKED_AT))[:_LOOKED_AT]:
        try:
            image = source.read(index)
        except InputError:
            if source.on_error == "raise":
                raise
            continue
        height, width = image.shape[:2]
        sides.append(min(height, width))
        ratios.append(width / height)
        colours = image[..., :3]
        if image.shape[-1] > 2 and (colours != colours[..., :1]).any():
            channels = 3
        if source.alpha and image.shape[-1] in (2, 4) and (image[..., -1] < 255).any():
            transparent = True
    side = min(sides, default=own_images.DEFAULT_SIDE)
    doubled = bool(ratios) and all(1.9 <= ratio <= 2.1 for ratio in ratios)  # as `auto` decides
    return _Seen(channels, side, transparent, doubled)
