"""Finds, loads, overrides and checks a config.

A config is a Python file with a function `get_config()` that returns an `ml_collections.ConfigDict`.
Its entries are all there are: an override of an entry that does not exist, or by a value of another
type, is refused. Nothing here imports TensorFlow.
"""

import ast
import difflib
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from tfgan_zoo.errors import InputError


def default_config() -> ConfigDict:
    """Returns a config with every entry of a run, at its default; recipes start from it."""
    return ConfigDict(
        {
            "model": "",  # a key of tfgan_zoo.models.MODELS
            "seed": 0,  # of initial weights, noise, and the order of the data
            "model_args": {},  # arguments of the model's constructor
            # Networks: "name", a key of tfgan_zoo.networks.NETWORKS, and its arguments. Without a
            # name, the paper's.
            "generator": {"name": ""},
            "discriminator": {"name": ""},
            # Optimizers: "name", one of Keras', and its arguments; "decay" of the learning rate is
            # "constant" or "linear" (to zero at the last step). Without a name, the paper's.
            "generator_optimizer": {"name": ""},
            "discriminator_optimizer": {"name": ""},
            "data": {
                "source": "figures",  # figures[/VIEW], points/NAME, tfds:NAME, folder:, idx:, npz:
                "split": "train",
                "batch_size": 64,  # real samples in one update of the discriminator
                "crop": placeholder(int),  # first cut out a central square of this many pixels
                "fit": "resize",  # or "pad": how images come to the model's size
                "flip": False,  # mirror at random
                "cache": "auto",  # hold decoded images in memory: "auto", "yes" or "no"
                "on_error": "raise",  # unreadable files: "raise" or "skip"
                "data_dir": placeholder(str),  # where tfds: keeps its data sets
            },
            "train": {
                "steps": 1000,  # updates of the generator
                "log_every": 100,  # steps between lines of metrics.jsonl
                "sample_every": 1000,  # steps between sample sheets; a multiple of log_every
                "checkpoint_every": 1000,  # steps between checkpoints; a multiple of log_every
                "keep_checkpoints": 3,  # how many of the last; the best one stays besides
                "samples": 64,  # on a sheet
                "jit_compile": False,  # XLA
                "precision": "float32",  # or "mixed_bfloat16", "mixed_float16"
            },
            "evaluate": {
                # At every checkpoint: "figures" reads the drawn figures back, "swd" is the sliced
                # Wasserstein distance to the data; () for none. The first one's main score decides
                # which checkpoint is the best.
                "metrics": ("swd",),
                "samples": 512,
            },
        },
        convert_dict=True,
    )


def noise_to_image_config(model: str) -> ConfigDict:
    """Returns `default_config` with the arguments that all noise->image models share."""
    config = default_config()
    config.model = model
    config.model_args = ConfigDict(
        {
            "image_shape": (32, 32, 3),
            "latent_dim": 100,
            "latent_distribution": "normal",
            "packing": 1,
            "r1_gamma": 0.0,
            "r1_every": 1,
            "diff_augment": (),
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
        }
    )
    return config


# ---------------------------------------------------------------------- finding and loading


def config_folder() -> Path:
    """Returns the folder of the recipes that come with the package."""
    spec = importlib.util.find_spec("tfgan_zoo.configs")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(__file__).parent.parent / "configs"  # run from a checkout, not installed


def list_configs() -> list[str]:
    """Returns the names of the recipes that come with the package."""
    return sorted(p.stem for p in config_folder().glob("*.py") if not p.stem.startswith("_"))


def find_config(name_or_path: str) -> Path:
    """Returns the file of a config given by name ("dcgan_celeba") or path ("my/recipe.py").

    Raises:
        InputError: if there is none; it names the nearest.
    """
    path = Path(name_or_path)
    if path.suffix == ".py" or path.parent != Path("."):
        if path.is_file():
            return path
        raise InputError(f"--config: no file {name_or_path!r}.")
    if name_or_path in list_configs():
        return config_folder() / f"{name_or_path}.py"
    raise InputError(
        f"--config: no config is called {name_or_path!r}{_nearest(name_or_path, list_configs())}; "
        f"there are {', '.join(list_configs())}, or give a path that ends in .py."
    )


def load_config(name_or_path: str, overrides: Mapping[str, str] | None = None) -> ConfigDict:
    """Loads a config, applies overrides, and checks what can be checked without TensorFlow.

    Args:
        name_or_path: as for `find_config`.
        overrides: text by dotted key, as on a command line: {"train.steps": "500"}.

    Returns:
        The resolved config, locked.

    Raises:
        InputError: if the file is no config, or an override or an entry cannot be used.
    """
    path = find_config(name_or_path)
    spec = importlib.util.spec_from_file_location(f"tfgan_zoo_config_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"--config: {path} fails to run: {error!r}.") from error
    if not hasattr(module, "get_config"):
        raise InputError(f"--config: {path} has no function get_config().")
    config = module.get_config()
    config.lock()
    for key, text in (overrides or {}).items():
        override(config, key, text)
    check(config)
    return config


def override(config: ConfigDict, key: str, text: str) -> None:
    """Sets one entry from text, in the type the entry has.

    Raises:
        InputError: if there is no such entry (it names the nearest) or the text is of another type.
    """
    known = flatten(config)
    if key not in known:
        raise InputError(
            f"--config.{key}: there is no such entry{_nearest(key, known)}; "
            "--dry_run prints all there are."
        )
    *parents, last = key.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    kind = node.get_type(last)
    # Entries that are None by default may be None again.
    optional = flatten(noise_to_image_config("")).get(key, ...) is None
    try:
        node[last] = None if optional and text.lower() == "none" else _parse(text, kind)
    except (KeyError, ValueError, SyntaxError, TypeError) as error:
        raise InputError(
            f"--config.{key}: expected {_KINDS.get(kind, kind.__name__)}, got {text!r}."
        ) from error


_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: "a tuple such as (1, 2)",
}


def _parse(text: str, kind: type) -> Any:
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    if kind is tuple:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):  # names without quotes: color,cutout
            value = tuple(part for part in text.strip("()").split(",") if part)
        return tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return kind(text)


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns every entry by its dotted key."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, (dict, ConfigDict)):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


# ---------------------------------------------------------------------- checking


def check(config: ConfigDict) -> None:
    """Checks what does not need the model or the data.

    Raises:
        InputError: if an entry is missing, unknown or out of range.
    """
    expected, came = flatten(default_config()), flatten(config)
    free = re.compile(r"(model_args|(generator|discriminator)(_optimizer)?)\.")
    for key in came:
        if key not in expected and not free.match(key):
            raise InputError(f"The config's entry {key} is not known{_nearest(key, expected)}.")
    for key in expected:
        if key not in came:
            raise InputError(f"The config lacks {key}; start it from default_config().")
    train = config.train
    for key in ("steps", "log_every", "sample_every", "checkpoint_every", "keep_checkpoints"):
        if train[key] < 1:
            raise InputError(f"train.{key}: expected a whole number from 1 up, got {train[key]}.")
    for key in ("sample_every", "checkpoint_every"):
        if train[key] % train.log_every:
            raise InputError(
                f"train.{key}: expected a multiple of train.log_every ({train.log_every}), "
                f"got {train[key]}."
            )
    if config.data.batch_size < 1:
        raise InputError(f"data.batch_size: expected 1 or more, got {config.data.batch_size}.")
    choices = {
        "data.cache": ("auto", "yes", "no"),
        "train.precision": ("float32", "mixed_bfloat16", "mixed_float16"),
    }
    for key, options in choices.items():
        if came[key] not in options:
            raise InputError(f"{key}: expected one of {', '.join(options)}, got {came[key]!r}.")
    for role in ("generator", "discriminator"):
        decay = config[f"{role}_optimizer"].get("decay", "constant")
        if decay not in ("constant", "linear"):
            raise InputError(
                f"{role}_optimizer.decay: expected 'constant' or 'linear', got {decay!r}."
            )


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Says, entry by entry, how two configs differ: "train.steps: 100 -> 200"."""
    before, after = flatten(old), flatten(new)
    missing = "(none)"
    return [
        f"{key}: {before.get(key, missing)} -> {after.get(key, missing)}"
        for key in sorted(before.keys() | after.keys())
        if _plain(before.get(key, missing)) != _plain(after.get(key, missing))
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
