"""Reads and writes the entries of a config: dotted keys, text of the command line, JSON."""

import ast
import math
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from tfgan_zoo.config.arguments import Lookup, Overrides, accepted, literal
from tfgan_zoo.config.schema import CONFIGS, shape_of_side, voxels_config
from tfgan_zoo.data.opening import open_source
from tfgan_zoo.data.spec import parse_spec
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import nearest, similar


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns every entry by its dotted key."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, (dict, ConfigDict)):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def filled(config: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a config, as plain dicts, with defaults for the entries it lacks.

    Args:
        config: The entries, as plain dicts.
        defaults: Values by dotted key.

    Example:
        >>> filled({"train": {"steps": 5}}, {"train.steps": 1, "train.samples": 64})
        {'train': {'steps': 5, 'samples': 64}}
    """
    result = {k: dict(v) if isinstance(v, Mapping) else v for k, v in config.items()}
    for key, value in defaults.items():
        group, _, name = key.rpartition(".")
        (result.setdefault(group, {}) if group else result).setdefault(name, value)
    return result


#: Entries and defaults of voxels, and of each kind of model in turn.
_ENTRIES = [
    entry for kind in (voxels_config, *CONFIGS.values()) for entry in flatten(kind("")).items()
]
#: The entries of all kinds of model, with their defaults.
ALL_ENTRIES = dict(_ENTRIES)
#: Entries that a run notes from its data if its recipe leaves them out: the words that an encoder
#: knows, the names of the classes, by number, that a model is conditional on, and the attributes
#: that images are drawn from.
NOTED_FROM_DATA = ("text_encoder.vocabulary", "data.class_names", "data.attributes")
ALL_ENTRIES |= dict.fromkeys(NOTED_FROM_DATA, ())
#: Those that some kind of model can do without.
OPTIONAL = {key for key, value in _ENTRIES if value is None}


# ---------------------------------------------------------------------- text


def override(config: ConfigDict, key: str, text: str, lookup: Lookup | None = None) -> None:
    """Sets one entry from text, converted to the type of the entry.

    Args:
        config: The config.
        key: The dotted key.
        text: The value.
        lookup: Returns the arguments that a group can have, for those that the config does not
            list; None to refuse them.

    Raises:
        InputError: If there is no such entry (the message names the nearest), or the text does not
            have its type.
    """
    known = flatten(config)
    if _replaces_schedule(config, key, text):
        return
    if lookup is not None and _is_argument(config, key, known):
        _override_argument(config, key, text, lookup)
        return
    if key not in known:
        raise InputError(
            f"--config.{key}: there is no such entry{nearest(key, known, '--dry_run shows all')}"
        )
    group, last = config, key
    while "." in last:
        name, last = last.split(".", 1)
        group = group[name]
    kind = tuple if key == "model_args.image_shape" else group.get_type(last)
    optional = key in OPTIONAL or (text.lower() == "none" and _can_be_none(config, key, lookup))
    try:
        if optional and text.lower() == "none":
            group[last] = None
        elif _is_side(key, text):
            group[last] = _shape_like(known[key] or (), int(text))
        elif kind is tuple:
            group[last] = _parse_tuple(text, known[key])
        else:
            group[last] = _PARSERS[kind](text)
    except (KeyError, ValueError) as error:
        expected = _KINDS.get(kind, kind.__name__) + (", or none" if optional else "")
        raise InputError(f"--config.{key}: expected {expected}, got {text!r}.") from error


def _replaces_schedule(config: ConfigDict, key: str, text: str) -> bool:
    """Sets an entry that has a schedule to a number, and returns whether it has done so.

    Raises:
        InputError: If it has a schedule and the text is no number.
    """
    group, _, name = key.rpartition(".")
    owner = config.get(group)
    entry = owner.get(name) if isinstance(owner, ConfigDict) else None
    if not isinstance(entry, ConfigDict) or set(entry) != SCHEDULE:
        return False
    try:
        value = _parse_float(text)
    except ValueError as error:
        raise InputError(
            f"--config.{key}: expected a number in place of its schedule, got {text!r}; for one of "
            f"the schedule's own give {key}.start, .end or .steps."
        ) from error
    with config.ignore_type():
        owner[name] = value
    return True


#: The entries of a schedule, see `schema.set_cosine`.
SCHEDULE = {"start", "end", "steps"}


def _is_argument(config: ConfigDict, key: str, known: Mapping[str, Any]) -> bool:
    """Returns whether a key may be an argument of what a group names, of unknown type."""
    group, _, name = key.rpartition(".")
    if not name or "." in group or not isinstance(config.get(group), ConfigDict):
        return False
    if group != "model_args" and "name" not in config[group]:
        return False
    untyped = key in known and config[group].get_type(name) is type(None)
    return key not in known or untyped or (known[key] is None and key not in ALL_ENTRIES)


def _can_be_none(config: ConfigDict, key: str, lookup: Lookup | None) -> bool:
    """Returns whether what a group names takes None for an entry that its recipe has set."""
    group, _, name = key.rpartition(".")
    if lookup is None or key in ALL_ENTRIES or "." in group:
        return False
    if group != "model_args" and "name" not in config.get(group, ()):
        return False
    taken = lookup(config, group)
    return name in taken and accepted(taken[name])[1]


def _override_argument(config: ConfigDict, key: str, text: str, lookup: Lookup) -> None:
    group, _, name = key.rpartition(".")
    if not config[group].get("name", "model"):
        raise InputError(
            f"--config.{key}: expected a {group}.name beside it, got none; give --config."
            f"{group}.name too, the function or class whose argument it is."
        )
    taken = lookup(config, group)
    if name not in taken:
        near = [f"{group}.{each}" for each in similar(name, taken)]
        advice = nearest(key, near, f"{group} can have {', '.join(taken)}")
        raise InputError(f"--config.{key}: there is no such entry{advice}")
    kinds, optional, example = accepted(taken[name])
    value = _parse_argument(key, text, kinds, optional, example)
    with config.unlocked():
        if name in config[group]:
            del config[group][name]  # None, which has no type
        config[group][name] = value if value is not None or not kinds else placeholder(kinds[0])


def _parse_argument(
    key: str, text: str, kinds: tuple[type, ...], optional: bool, example: tuple
) -> Any:
    if optional and text.lower() == "none":
        return None
    for kind in kinds:
        try:
            return _parse_tuple(text, example) if kind is tuple else _PARSERS[kind](text)
        except (KeyError, ValueError):
            continue
    if not kinds:
        return literal(text)
    expected = " or ".join(_KINDS[kind] for kind in kinds) + " or none" * optional
    raise InputError(f"--config.{key}: expected {expected}, got {text!r}.")


def _is_side(key: str, text: str) -> bool:
    return key == "model_args.image_shape" and text.strip().isdecimal()


def _parse_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _parse_bool(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _parse_tuple(text: str, old: tuple) -> tuple:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):  # names without quotes: color,cutout
        value = [part.strip() for part in text.strip("()[] ").split(",") if part.strip()]
    value = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if old and isinstance(old[0], float):  # whole numbers are floats, too, as in "1,2"
        value = tuple(float(part) if type(part) is int else part for part in value)
    if old and not all(isinstance(part, type(old[0])) for part in value):
        raise ValueError(text)
    return value


_PARSERS: dict[type, Callable[[str], Any]] = {
    int: int,
    float: _parse_float,
    bool: _parse_bool,
    str: str,
}
_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: "a tuple such as (1, 2) or a,b, of the same type as before",
}


def as_flag(key: str, value: Any) -> str:
    """Returns the flag that sets an entry, quoted for a shell.

    Example:
        >>> as_flag("health.every", None)
        '--config.health.every=none'
    """
    text = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return shlex.quote(f"--config.{key}={text}")


def override_all(config: ConfigDict, overrides: Mapping[str, str]) -> None:
    """Sets entries from text; see `override`.

    `Overrides` may set arguments that the config does not list, also of a network or an optimizer
    that they name themselves.

    One number for `model_args.image_shape` is the side of square colour images, or of a cube for a
    model of voxels, or the size of vectors if `data.source` holds vectors.
    """
    lookup = overrides.lookup if isinstance(overrides, Overrides) else None
    for key in sorted(overrides, key=lambda key: not key.endswith(".name")):
        override(config, key, overrides[key], lookup)
    for key, text in overrides.items():
        voxels = len(config.model_args.get("image_shape", ())) == 4
        if _is_side(key, text) and not voxels and _holds_vectors(config.data):
            config.model_args.image_shape = (int(text),)


def _shape_like(shape: Sequence[int], side: int) -> tuple[int, ...]:
    """Returns the shape that one number means in place of another: of points, images or a cube."""
    if len(shape) == 4:
        return (side, side, side, shape[-1])
    return (side,) if len(shape) == 1 else shape_of_side(side)


def _holds_vectors(data: Mapping[str, Any]) -> bool:
    kind, _ = parse_spec(data["source"])
    return kind == "points" or (
        kind == "npz" and open_source(data["source"], data["split"]).is_vector
    )


# ---------------------------------------------------------------------- JSON


def typed(plain: Mapping[str, Any], like: ConfigDict) -> ConfigDict:
    """Makes a config from the plain dicts of JSON, with the types that overrides need.

    Args:
        plain: The entries.
        like: A config that knows the types of entries that are None.

    Returns:
        The config, locked.

    Example:
        >>> from tfgan_zoo.config import default_config
        >>> typed({"data": {"crop": None}, "filters": [1, 2]}, default_config()).filters
        (1, 2)
    """
    types: dict[str, type] = {}
    for known in (like, *(kind("") for kind in CONFIGS.values())):
        for key, kind in _types(known).items():
            if types.get(key, type(None)) is type(None):
                types[key] = kind
    config = _typed(plain, types)
    config.lock()
    return config


def _types(config: ConfigDict, prefix: str = "") -> dict[str, type]:
    found: dict[str, type] = {}
    for name in config:
        if isinstance(config[name], ConfigDict):
            found |= _types(config[name], f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = config.get_type(name)
    return found


def _typed(plain: Mapping[str, Any], types: Mapping[str, type], prefix: str = "") -> ConfigDict:
    config = ConfigDict()
    for name, value in plain.items():
        kind = types.get(f"{prefix}{name}", type(None))
        if isinstance(value, Mapping):
            config[name] = _typed(value, types, f"{prefix}{name}.")
        elif value is None and kind is not type(None):
            config[name] = placeholder(kind)
        else:
            config[name] = _as_tuple(value)
    return config


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


# ---------------------------------------------------------------------- comparing


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Lists the entries in which two configs differ: "train.steps: 100 -> 200"."""
    before, after = flatten(old), flatten(new)
    missing = "(none)"
    return [
        f"{key}: {before.get(key, missing)} -> {after.get(key, missing)}"
        for key in sorted(before.keys() | after.keys())
        if _plain(before.get(key, missing)) != _plain(after.get(key, missing))
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def check_names(group: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Checks the names of a group's entries.

    Raises:
        InputError: If one is unknown; the message names the nearest.
    """
    known = list(known)
    for name in names:
        if name not in known:
            advice = f"there are {', '.join(known)}" if known else f"{group}.name is not given"
            raise InputError(f"{group}: there is no {name!r}{nearest(name, known, advice)}")
