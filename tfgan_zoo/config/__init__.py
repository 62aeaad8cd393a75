"""Finds, loads, overrides and checks a config.

A config is a Python file with a function `get_config()` that returns an
`ml_collections.ConfigDict`. Its entries are all there are: an override of an entry that does not
exist, or by a value of another type, is refused. Nothing here imports TensorFlow.
"""

import ast
import importlib.util
import json
import math
import re
import shlex
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from tfgan_zoo import __version__
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.suggestions import nearest


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
            # "constant", "linear" (to zero at the last step, from "decay_start" on, a share of the
            # steps), "halving" (every "halve_every" steps) or "staircase" (times "decay_factor"
            # every "decay_every" steps). Without a name, the paper's.
            "generator_optimizer": {"name": ""},
            "discriminator_optimizer": {"name": ""},
            "data": {
                # figures[/VIEW], points/NAME, tfds:NAME, folder:, zip:, idx:, npz:
                "source": "figures",
                "split": "train",
                "batch_size": 64,  # real samples in one update of the discriminator
                "crop": placeholder(int),  # first cut out a central square of this many pixels
                "fit": "resize",  # or "pad": how images come to the model's size
                "flip": False,  # mirror at random
                "cache": "auto",  # hold decoded images in memory: "auto", "yes" or "no"
                "on_error": "raise",  # unreadable files: "raise" or "skip"
                "data_dir": placeholder(str),  # where tfds: keeps its data sets
                # The value of white in images of more than 8 bits, such as 4095 for 12 bits; None
                # takes 65535 for those of 16 bits, and refuses those of 32.
                "white": placeholder(float),
                "color_profiles": "srgb",  # convert embedded ones to sRGB, or "ignore" them
            },
            "train": {
                "steps": 1000,  # updates of the generator
                "log_every": 100,  # steps between lines of metrics.jsonl
                "sample_every": 1000,  # steps between sample sheets; a multiple of log_every
                "checkpoint_every": 1000,  # steps between checkpoints; a multiple of log_every
                "keep_checkpoints": 3,  # how many of the last; the best one stays besides
                "samples": 64,  # on a sheet
                "jit_compile": False,  # XLA
                "rematerialize": False,  # generators' features are computed twice, not kept
                "steps_per_execution": 1,  # steps in one call of the graph
                "precision": "float32",  # or "mixed_bfloat16", "mixed_float16"
                # The folder of a run whose generator, at its best, is where this one starts.
                "generator_from": placeholder(str),
            },
            # What is done about NaN and infinite losses.
            "nan": {
                "steps": 1,  # within log_every, from which on training goes back to a checkpoint
                "rollbacks": 3,  # how often at most; 0 to stop at once
                "learning_rate_factor": 0.5,  # of both players, each time
            },
            # What is watched for, and said when it is found.
            "health": {
                "saturation": True,  # the discriminator has won
                "gradients": True,  # the generator's have vanished
                "diversity": True,  # samples are all alike
                "oscillation": True,  # losses swing
                # Steps between looks at gradients and samples, a multiple of log_every; None for
                # five times that.
                "every": placeholder(int),
            },
            "distribution": {
                # "auto": the workers of TF_CONFIG, if it is set; else all visible GPUs; or
                # "one_device", "mirrored" (one machine's GPUs), "multi_worker" (those of several).
                "strategy": "auto",
                "logical_cpus": 0,  # split the CPU into so many devices, to try things out
                # CPU threads that share one operation; 0 for one on every core. Small networks'
                # operations are better run side by side, each by one.
                "threads_per_op": 0,
                "synchronized_bn": True,  # with several replicas, one batch's statistics for all
            },
            "evaluate": {
                # "psnr", "ssim" and "ssim_daala" compare enlarged images with
                # the originals; "figures" reads the drawn figures back (and is left out for
                # data that are none), "swd" is the sliced Wasserstein distance to the data, "mae"
                # the mean absolute error of translations whose target is known, "retrieval" how
                # often an image's own text is the nearest. "fid", "kid", "inception_score",
                # "precision_recall", "density_coverage" and "modes" compare samples with the data
                # in the features of a network, "ms_ssim_diversity" with one another; see
                # docs/evaluation.md. () for none.
                "metrics": ("swd",),
                # The one that decides which checkpoint is the best: by the higher share of good
                # figures, by the lower distance. None for the first that the data allows.
                "main": placeholder(str),
                # "inception", "inception_antialiased", "figures_v1", "mnist_v1",
                # "fashion_mnist_v1", or "auto": of the last three the one that fits the source,
                # or else Inception, which is downloaded, or this file.
                "features": "auto",
                "inception": placeholder(str),
                "best": True,  # export the best checkpoint; or else the last
                "samples": 512,
                # Steps between evaluations, a multiple of log_every; None for every checkpoint.
                "every": placeholder(int),
                # Stop after so many evaluations without a better score; 0 for never.
                "patience": 0,
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
            "skip_discriminator_above": placeholder(float),
        }
    )
    return config


def image_to_image_config(model: str) -> ConfigDict:
    """Returns `default_config` with what all models that translate images share."""
    config = default_config()
    config.model = model
    config.model_args = ConfigDict(
        {
            "image_shape": (256, 256, 3),
            "channels_b": placeholder(int),  # of domain b; None for those of image_shape
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
            "skip_discriminator_above": placeholder(float),
        }
    )
    # How the source holds the two domains: "auto", "two_folders", "side_by_side" or "grey".
    config.data.layout = "auto"
    config.data.direction = "a_to_b"  # or "b_to_a": which one is called a
    config.data.load_size = placeholder(int)  # resize to this, then crop at random
    config.data.batch_size = 1
    config.evaluate.split = placeholder(str)  # of the source; None for what is trained on
    config.train.samples = 8
    return config


def super_resolution_config(model: str) -> ConfigDict:
    """Returns `default_config` with what all models that enlarge images share."""
    config = default_config()
    config.model = model
    config.model_args = ConfigDict(
        {
            "image_shape": (96, 96, 3),  # of the crops that are to be learnt
            "scale": 4,
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
            "skip_discriminator_above": placeholder(float),
        }
    )
    # A run before the run, in the folder `pretraining` of the workdir: the generator alone, on
    # pixels, with its optimizer as in the run itself but for the learning rate. 0 steps for none.
    config.pretraining = {"steps": 0, "learning_rate": 1e-4}
    config.data.batch_size = 16
    # Another source and split to be scored on, whole images; None for what is trained on.
    config.evaluate.source = placeholder(str)
    config.evaluate.split = placeholder(str)
    config.evaluate.metrics = ("psnr", "ssim")
    config.train.samples = 4
    return config


def text_to_image_config(model: str) -> ConfigDict:
    """Returns `default_config` with what all models that draw texts share."""
    config = default_config()
    config.model = model
    config.model_args = ConfigDict(
        {
            "image_shape": (64, 64, 3),
            "latent_dim": 100,
            "embedding_dim": 1024,
            "matching_aware": True,
            "interpolation": False,
            "interpolation_weights": (1.0, 1.0),
            "fresh_latents": False,
            "r1_gamma": 0.0,
            "r1_every": 1,
            "diff_augment": (),
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
            "skip_discriminator_above": placeholder(float),
        }
    )
    # Of strings; without a vocabulary, a word encoder gets that of the training captions.
    config.text_encoder = {"name": "word_encoder", "vocabulary": ()}
    # What the text encoder is trained with, in a run before the run, in the folder `pretraining`
    # of the workdir; 0 steps for none. Without a name, a small convolutional network.
    config.image_encoder = {"name": ""}
    config.encoder_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.pretraining = {"steps": 0, "batch_size": 64, "distinct_classes": False}
    config.data.load_size = placeholder(int)  # resize to this, then crop at random
    config.data.num_captions = 1  # of an image's: one is drawn, or several averaged
    config.data.distinct_classes = False  # each batch is an image each of different classes
    config.evaluate.split = placeholder(str)  # of the source; None for what is trained on
    config.train.samples = 8
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


def find_config(name_or_path: str, flag: str = "--config") -> Path:
    """Returns the file of a config given by name ("dcgan_celeba") or path ("my/recipe.py").

    Args:
        name_or_path: as typed.
        flag: where it was typed, for the message.

    Raises:
        InputError: if there is none; it names the nearest.
    """
    path = Path(name_or_path).expanduser()
    if path.suffix == ".py" or path.parent != Path("."):
        if path.is_file():
            return path
        raise InputError(f"{flag}: there is no file {name_or_path!r}.")
    if name_or_path in list_configs():
        return config_folder() / f"{name_or_path}.py"
    raise InputError(
        f"{flag}: there is no {name_or_path!r}"
        + nearest(name_or_path, list_configs(), f"give one of {', '.join(list_configs())}")
    )


def load_config(
    name_or_path: str, overrides: Mapping[str, str] | None = None, flag: str = "--config"
) -> ConfigDict:
    """Loads a config, applies overrides, and checks what can be checked without TensorFlow.

    Args:
        name_or_path: as for `find_config`.
        overrides: text by dotted key, as on a command line: {"train.steps": "500"}.
        flag: as for `find_config`.

    Returns:
        The resolved config, locked.

    Raises:
        InputError: if the file is no config, or an override or an entry cannot be used.
    """
    path = find_config(name_or_path, flag)
    spec = importlib.util.spec_from_file_location(f"tfgan_zoo_config_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        if not hasattr(module, "get_config"):
            raise InputError(f"{flag}: expected {path} to have a function get_config(), got none.")
        config = module.get_config()
    except InputError:
        raise
    except Exception as error:
        raise InputError(_mistake(path, error)) from error
    if not isinstance(config, ConfigDict):
        raise InputError(
            f"{flag}: expected get_config() of {path} to return a ConfigDict, got {config!r}."
        )
    config.lock()
    for key, text in (overrides or {}).items():
        override(config, key, text)
    check(config, path)
    return config


def _mistake(path: Path, error: Exception) -> str:
    """Says where a recipe goes wrong, and how."""
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = [line for frame, line in frames if frame.f_code.co_filename == str(path)]
    line: int | None = lines[-1] if lines else None
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, said = error.lineno, f"{type(error).__name__}: {error.msg}"
    elif isinstance(error, (AttributeError, KeyError)):
        # An entry that a `ConfigDict` was asked for and has not.
        for frame, _ in frames:
            name = frame.f_locals.get("attribute", frame.f_locals.get("key"))
            group = frame.f_locals.get("self")
            if isinstance(group, ConfigDict) and isinstance(name, str):
                known = list(group)
                near = nearest(name, known, f"there are {', '.join(known)}")
                said = f"there is no config entry {name!r}{near}"
                break
    said = " ".join(said.split())
    where = f"{path}, line {line}" if line else str(path)
    return f"{where}: {said}" + "." * (not said.endswith((".", "?")))


def _where_set(path: Path, key: str) -> str:
    """Returns a recipe's path, with the line that sets an entry if one does so in plain words."""
    texts = path.read_text("utf-8", "replace").splitlines()
    for number, text in enumerate(texts, 1):
        if re.search(rf"\b\w+\.{re.escape(key)}\s*=", text):
            return f"{path}, line {number}"
    return str(path)


def override(config: ConfigDict, key: str, text: str) -> None:
    """Sets one entry from text, in the type the entry has.

    Raises:
        InputError: if there is no such entry (it names the nearest) or the text is of another type.
    """
    known = flatten(config)
    if key not in known:
        raise InputError(
            f"--config.{key}: there is no such entry{nearest(key, known, '--dry_run shows all')}"
        )
    group, last = config, key
    while "." in last:
        name, last = last.split(".", 1)
        group = group[name]
    kind = group.get_type(last)
    # Entries that are None by default may be None again.
    optional = _OPTIONAL.get(key, ...) is None
    try:
        if optional and text.lower() == "none":
            group[last] = None
        elif kind is tuple:
            group[last] = _parse_tuple(text, known[key])
        else:
            group[last] = _PARSERS[kind](text)
    except (KeyError, ValueError) as error:
        expected = _KINDS.get(kind, kind.__name__) + (", or none" if optional else "")
        raise InputError(f"--config.{key}: expected {expected}, got {text!r}.") from error


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
    """Returns a config, as plain dicts, with the defaults of what it lacks.

    Args:
        config: as plain dicts.
        defaults: values by dotted key.

    Example:
        >>> filled({"train": {"steps": 5}}, {"train.steps": 1, "train.samples": 64})
        {'train': {'steps': 5, 'samples': 64}}
    """
    result = {k: dict(v) if isinstance(v, Mapping) else v for k, v in config.items()}
    for key, value in defaults.items():
        group, _, name = key.rpartition(".")
        (result.setdefault(group, {}) if group else result).setdefault(name, value)
    return result


def with_earlier_meaning(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a run's stored config with what its version meant by entries that came later.

    Only entries of which the default is not what earlier versions did are added.

    Args:
        stored: as plain dicts.

    Example:
        >>> with_earlier_meaning({"data": {"source": "figures"}})
        {'data': {'source': 'figures', 'white': 0, 'color_profiles': 'ignore'}}
    """
    return filled(stored, EARLIER_MEANING)


def with_rules_of(stored: Mapping[str, Any], config: ConfigDict) -> ConfigDict:
    """Applies an earlier version's defaults to entries left at today's defaults.

    Args:
        stored: the config of the run that is resumed, from `with_earlier_meaning`.
        config: the one to resume it with.
    """
    before, defaults = flatten(stored), flatten(default_config())
    config = config.copy_and_resolve_references()
    for key, meaning in EARLIER_MEANING.items():
        group, _, name = key.rpartition(".")
        if before[key] == meaning and config[group][name] == defaults[key]:
            config[group][name] = meaning
    return config


def decoding(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns how a config's images are decoded: arguments of `open_source` and its like.

    Example:
        >>> decoding(default_config().data)
        {'white': None, 'color_profiles': 'srgb'}
    """
    return {"white": data["white"], "color_profiles": data["color_profiles"]}


# ---------------------------------------------------------------------- of a run folder


def has_begun(folder: Path) -> bool:
    """Returns whether the run of a folder has started training."""
    started = "pretraining/checkpoints", "checkpoints", "metrics.jsonl"
    return any((folder / name).exists() for name in started)


def stored_config(folder: Path) -> dict[str, Any]:
    """Returns the resolved config of a run folder, as plain dicts.

    Everything that reads a run's config gets it from here. What its version meant by entries that
    came later is filled in; see `with_earlier_meaning`.

    Raises:
        InputError: if its config.json is none of ours, or of a later version.
    """
    written = _stored(folder)
    try:
        config, version = written["config"], written["versions"]["tfgan_zoo"]
    except (KeyError, TypeError) as error:
        raise _no_run(folder) from error
    if not isinstance(config, dict) or not isinstance(version, str):
        raise _no_run(folder)
    if _numbers(version) > _numbers(__version__):
        raise InputError(
            f"--workdir: {str(folder)!r} holds a run of tfgan_zoo {version}, and this is "
            f"{__version__}; update it, or give another folder."
        )
    return with_earlier_meaning(config)


def stored_recipe(folder: Path) -> str | None:
    """Returns what the config of a run folder was loaded from; None if that was not noted."""
    return _stored(folder).get("recipe")


def _stored(folder: Path) -> dict[str, Any]:
    try:
        written = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise _no_run(folder) from error
    if not isinstance(written, dict):
        raise _no_run(folder)
    return written


def _no_run(folder: Path) -> InputError:
    return InputError(
        f"--workdir: {str(folder)!r} is no run folder: its config.json is not a run's."
    )


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)[:3]]


def with_later_entries(written: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Fills in entries newer than the run with their earlier behavior.

    Args:
        written: from `stored_config`.
        like: a config of today, of the same model, for the arguments that there are.
    """
    came = flatten(like)
    defaults = flatten(default_config())
    for key, value in LATER_ARGUMENTS.items():
        group = key.partition(".")[0]
        # Another network may not take it.
        same = written.get(group, {}).get("name") == like.get(group, {}).get("name")
        if key in came and same:
            defaults[key] = value
    return filled(written, defaults)


def config_to_resume(
    folder: Path, recipe: ConfigDict, overrides: Mapping[str, str], name: str, flag: str
) -> tuple[ConfigDict, list[str]]:
    """Returns the config with which the same command goes on with a run.

    It is the run's own, with what the command line sets. So a run survives a recipe that is edited,
    or improved by a later version.

    Args:
        folder: of a run that has begun.
        recipe: what the command's recipe is today, with the overrides.
        overrides: as for `load_config`.
        name: of the recipe, as typed.
        flag: where it was typed.

    Returns:
        The config, locked, and how the recipe differs from it, entry by entry.

    Raises:
        InputError: if the run is of another model or another recipe, or an override cannot be used.
    """
    plain = with_later_entries(stored_config(folder), recipe)
    if plain["model"] != recipe.model:
        raise InputError(
            f"{flag}={name}: {str(folder)!r} holds a run of {plain['model']!r}, not of "
            f"{recipe.model!r}; give another --workdir, or that model to resume it."
        )
    began_with = stored_recipe(folder)
    config = typed(plain, recipe)
    for key, text in overrides.items():
        override(config, key, text)
    check(config)
    differ = [
        difference
        for difference in differences(config.to_dict(), recipe.to_dict())
        # The captions decide about it.
        if recipe.get("text_encoder", {}).get("vocabulary")
        or not difference.startswith("text_encoder.vocabulary:")
    ]
    if differ and began_with not in (None, recipe_name(name)):
        raise InputError(
            f"{flag}={name}: {str(folder)!r} holds a run that began with {began_with} "
            f"({'; '.join(differ)}); give another --workdir, or {began_with} to resume it."
        )
    return config, differ


def recipe_name(name_or_path: str) -> str:
    """Returns what a recipe is noted as: its name, or its file's."""
    return Path(name_or_path).stem


def typed(plain: Mapping[str, Any], like: ConfigDict) -> ConfigDict:
    """Makes a config of plain dicts as JSON has them, with the types that overrides go by.

    Args:
        plain: the entries.
        like: a config that may have some of them, and says of which type those that are None are.

    Returns:
        The config, locked.

    Example:
        >>> typed({"data": {"crop": None}, "filters": [1, 2]}, default_config()).filters
        (1, 2)
    """
    families = (
        noise_to_image_config,
        image_to_image_config,
        super_resolution_config,
        text_to_image_config,
    )
    types: dict[str, type] = {}
    for known in (like, *(family("") for family in families)):
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


def check_names(group: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises `InputError` if one of a group's names is not known; it names the nearest."""
    known = list(known)
    for name in names:
        if name not in known:
            advice = f"there are {', '.join(known)}" if known else f"{group}.name is not given"
            raise InputError(f"{group}: there is no {name!r}{nearest(name, known, advice)}")


# ---------------------------------------------------------------------- checking


def check(config: ConfigDict, recipe: Path | None = None) -> None:
    """Checks what does not need the model or the data.

    Args:
        config: of a run.
        recipe: the file that it was loaded from, for messages; None if it was not.

    Raises:
        InputError: if an entry is missing, unknown or out of range.
    """
    expected, came = flatten(default_config()), flatten(config)
    free = re.compile(
        r"(model_args|(generator|discriminator|text_encoder|image_encoder)|\w+_optimizer)\."
    )
    known = expected.keys() | _OPTIONAL.keys()
    for key in came:
        if key not in known and not free.match(key):
            near = nearest(key, known, "remove it")
            if recipe is not None:
                where = _where_set(recipe, key)
                raise InputError(f"{where}: there is no config entry {key!r}{near}")
            raise InputError(f"The config's entry {key} is not known{near}")
    for key in expected:
        if key not in came:
            raise InputError(f"The config lacks {key}; start it from default_config().")
    at_least_one = ("steps", "log_every", "sample_every", "checkpoint_every", "keep_checkpoints")
    for key in (
        *(f"train.{name}" for name in (*at_least_one, "samples", "steps_per_execution")),
        "data.batch_size",
        "data.crop",
        "data.load_size",
        "data.num_captions",
        "pretraining.batch_size",
        "evaluate.samples",
        "evaluate.every",
        "health.every",
        "nan.steps",
    ):
        if came.get(key) is not None and came[key] < 1:
            raise InputError(f"{key}: expected a whole number from 1 up, got {came[key]}.")
    for key in (
        "pretraining.steps",
        "distribution.logical_cpus",
        "distribution.threads_per_op",
        "nan.rollbacks",
        "evaluate.patience",
    ):
        if (came.get(key) or 0) < 0:
            raise InputError(f"{key}: expected a whole number from 0 up, got {came[key]}.")
    if (came.get("data.white") or 0) < 0:
        raise InputError(f"data.white: expected a number from 0 up, got {came['data.white']:g}.")
    if not 0 < config.nan.learning_rate_factor <= 1:
        raise InputError(
            "nan.learning_rate_factor: expected a number above 0, up to 1, got "
            f"{config.nan.learning_rate_factor}."
        )
    if not 0 <= config.seed < 2**32:
        raise InputError(f"seed: expected a whole number from 0 to 2**32 - 1, got {config.seed}.")
    rhythms = ("train.sample_every", "train.checkpoint_every", "evaluate.every", "health.every")
    for key in rhythms:
        if came[key] is not None and came[key] % config.train.log_every:
            raise InputError(
                f"{key}: expected a multiple of train.log_every ({config.train.log_every}), got "
                f"{came[key]}."
            )
    for key in ("train.log_every", "train.steps"):
        if came[key] % config.train.steps_per_execution:
            raise InputError(
                f"{key}: expected a multiple of train.steps_per_execution "
                f"({config.train.steps_per_execution}), got {came[key]}."
            )
    for key, options in _CHOICES.items():
        if key in came and came[key] not in options:
            raise InputError(f"{key}: expected one of {', '.join(options)}, got {came[key]!r}.")
    for name in config.evaluate.metrics:
        if name not in METRICS:
            raise InputError(
                f"evaluate.metrics: expected any of {', '.join(METRICS)}, got {name!r}."
            )
    if config.evaluate.main is not None and config.evaluate.main not in config.evaluate.metrics:
        raise InputError(
            "evaluate.main: expected one of evaluate.metrics "
            f"({', '.join(config.evaluate.metrics) or 'none'}), got {config.evaluate.main!r}."
        )
    for group in config:
        if group.endswith("_optimizer"):
            _check_decay(group, config[group])
    for key in came:
        if key == "pretraining.learning_rate" or key.endswith("_optimizer.learning_rate"):
            check_number(key, came[key], least=0)  # 0 holds a player still


def _check_decay(group: str, optimizer: ConfigDict) -> None:
    decay, start = optimizer.get("decay", "constant"), optimizer.get("decay_start", 0.0)
    if decay not in DECAYS:
        raise InputError(f"{group}.decay: expected {' or '.join(DECAYS)}, got {decay!r}.")
    if decay != "constant" and "learning_rate" not in optimizer:
        raise InputError(f"{group}: expected a learning_rate to decay, got none.")
    if not 0 <= start < 1 or (start and decay != "linear"):
        raise InputError(
            f"{group}.decay_start: expected a share of the steps, from 0 to below 1, of a linear "
            f"decay, got {start}."
        )
    for name, kind in (("halve_every", "halving"), ("decay_every", "staircase")):
        every = optimizer.get(name)
        if (decay == kind) != (every is not None) or (every is not None and every < 1):
            raise InputError(
                f"{group}.{name}: expected a number of steps for a {kind} decay, and for no "
                f"other, got {every}."
            )
    factor = optimizer.get("decay_factor")
    wanted = decay == "staircase"
    if wanted != (factor is not None) or (factor is not None and not 0 < factor <= 1):
        raise InputError(
            f"{group}.decay_factor: expected a number above 0, up to 1, for a staircase decay, and "
            f"for no other, got {factor}."
        )


_OPTIONAL = (
    flatten(noise_to_image_config(""))
    | flatten(image_to_image_config(""))
    | flatten(super_resolution_config(""))
    | flatten(text_to_image_config(""))
)
# A run keeps the behavior of the version that it began with. An entry that its stored config lacks
# gets a value from one of three places:
#
# 1. EARLIER_MEANING, if the entry's default is not what earlier versions did. `stored_config` fills
#    these in, so that everything that reads a run sees them.
# 2. LATER_ARGUMENTS, if the entry is an argument that only some models or networks have.
# 3. `default_config` for all other entries. `with_later_entries` fills in 2 and 3 when a run is
#    resumed.
#
# To resume, the command takes this stored config, whatever its recipe says today, and then its own
# overrides (`config_to_resume`). A caller in Python gives the whole config; entries of 1 that it
# leaves at today's default count as not given (`with_rules_of`). Either config is then compared
# with the stored one, and only entries of `may_change` may differ.

#: Earlier behavior of entries that only some models or networks have.
LATER_ARGUMENTS = {
    "model_args.skip_discriminator_above": None,
    "model_args.interpolation_weights": (1.0, 1.0),
    "model_args.fresh_latents": False,
    "generator.padding": "same",
    "discriminator.padding": "same",
    "data.distinct_classes": False,
    "pretraining.distinct_classes": False,
}
#: Earlier behavior of entries whose default has changed.
EARLIER_MEANING = {"data.white": 0, "data.color_profiles": "ignore"}
DECAYS = ("constant", "linear", "halving", "staircase")
METRICS = (
    "figures",
    "swd",
    "mae",
    "psnr",
    "ssim",
    "ssim_daala",
    "retrieval",
    "fid",
    "kid",
    "inception_score",
    "precision_recall",
    "density_coverage",
    "modes",
    "ms_ssim_diversity",
)
_CHOICES = {
    "evaluate.features": (
        "auto",
        "inception",
        "inception_antialiased",
        "figures_v1",
        "mnist_v1",
        "fashion_mnist_v1",
    ),
    "data.layout": ("auto", "two_folders", "side_by_side", "grey"),
    "data.direction": ("a_to_b", "b_to_a"),
    "data.cache": ("auto", "yes", "no"),
    "data.fit": ("resize", "pad"),
    "data.on_error": ("raise", "skip"),
    "data.color_profiles": ("srgb", "ignore"),
    "distribution.strategy": ("auto", "one_device", "mirrored", "multi_worker"),
    "train.precision": ("float32", "mixed_bfloat16", "mixed_float16"),
}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Says, entry by entry, how two configs differ: "train.steps: 100 -> 200"."""
    before, after = flatten(old), flatten(new)
    missing = "(none)"
    return [
        f"{key}: {before.get(key, missing)} -> {after.get(key, missing)}"
        for key in sorted(before.keys() | after.keys())
        if _plain(before.get(key, missing)) != _plain(after.get(key, missing))
    ]


def may_change(before: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns what the entries begin with that may differ when a run is resumed.

    Args:
        before: the run's config, complete.
        config: the one to resume it with.
    """
    # Other devices compute the same numbers, and so does a run that is watched differently.
    free = ["distribution.", "nan.", "health.", "evaluate.patience:"]
    free += ["train.steps_per_execution:", "train.rematerialize:"]
    # A longer run begins as the shorter one did, unless a learning rate is decayed to its end.
    decays = any(
        settings.get("decay") == "linear"
        for group, settings in before.items()
        if group.endswith("_optimizer")
    )
    if not decays and config["train"]["steps"] >= before["train"]["steps"]:
        free.append("train.steps:")
    return tuple(free)


def flags_to_change(
    before: Mapping[str, Any], config: Mapping[str, Any], differ: Iterable[str]
) -> list[str]:
    """Returns the flags with which a run takes over, from another config, what may differ.

    Args:
        before: the run's config, complete.
        config: the other one.
        differ: how they differ, from `differences`.
    """
    free, values = may_change(before, config), flatten(config)
    keys = [each.split(":")[0] for each in differ if each.startswith(free)]
    return [as_flag(key, values[key]) for key in keys if key in values]


def as_flag(key: str, value: Any) -> str:
    """Returns the flag that sets an entry, as it is typed in a shell.

    Example:
        >>> as_flag("health.every", None)
        '--config.health.every=none'
    """
    text = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return shlex.quote(f"--config.{key}={text}")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
