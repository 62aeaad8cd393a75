"""Checks a config, as far as that needs neither the model nor the data."""

import re

from ml_collections import ConfigDict

from tfgan_zoo.config.schema import CONFIGS, run_config
from tfgan_zoo.config.values import ALL_ENTRIES, flatten
from tfgan_zoo.data.label_maps import CLASSES
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.memory import parse_bytes
from tfgan_zoo.metrics.registry import IN_TRAINING as METRICS
from tfgan_zoo.suggestions import nearest

DECAYS = ("constant", "linear", "halving", "staircase")
_CHOICES = {
    "evaluate.features": (
        "auto",
        "inception",
        "inception_antialiased",
        "efficientnet_lite0",
        "figures_v1",
        "mnist_v1",
        "fashion_mnist_v1",
    ),
    "data.layout": ("auto", "two_folders", "side_by_side", "grey"),
    "data.direction": ("a_to_b", "b_to_a"),
    "data.axes": ("auto", "z_up", "y_up"),
    "data.classes": CLASSES,
    "data.cache": ("auto", "yes", "no", "disk"),
    "data.fit": ("resize", "pad"),
    "data.on_error": ("raise", "skip"),
    "data.color_profiles": ("srgb", "ignore"),
    "data.pages": ("first", "channels"),
    "data.formats": ("all", "common"),
    "distribution.strategy": ("auto", "one_device", "mirrored", "multi_worker"),
    "train.precision": ("float32", "mixed_bfloat16", "mixed_float16"),
}
#: Smallest value -> the entries that must reach it.
_AT_LEAST: dict[int, tuple[str, ...]] = {
    1: (
        "train.steps",
        "train.log_every",
        "train.sample_every",
        "train.checkpoint_every",
        "train.keep_checkpoints",
        "train.samples",
        "train.steps_per_execution",
        "data.batch_size",
        "data.crop",
        "data.load_size",
        "data.num_captions",
        "pretraining.batch_size",
        "evaluate.samples",
        "evaluate.every",
        "evaluate.draws",
        "health.every",
        "nan.steps",
    ),
    0: (
        "pretraining.steps",
        "pretraining.frozen_steps",
        "data.ignored",
        "distribution.logical_cpus",
        "distribution.threads_per_op",
        "nan.rollbacks",
        "evaluate.patience",
    ),
}
#: Entry -> the entries that must be a multiple of it.
_MULTIPLES: dict[str, tuple[str, ...]] = {
    "train.log_every": (
        "train.sample_every",
        "train.checkpoint_every",
        "evaluate.every",
        "health.every",
    ),
    "train.steps_per_execution": ("train.log_every", "train.steps"),
}


class UnknownEntryError(InputError):
    """An entry that no config has.

    Attributes:
        key: Of the entry.
        advice: The nearest entries, or what to do.
    """

    def __init__(self, key: str):
        self.key = key
        self.advice = nearest(key, ALL_ENTRIES, "remove it")
        super().__init__(f"The config's entry {key} is not known{self.advice}")


def named_groups(config: ConfigDict) -> list[str]:
    """Returns the groups that stand for a network or an optimizer: those with a `name`."""
    return [g for g, value in config.items() if isinstance(value, ConfigDict) and "name" in value]


#: The groups of networks and optimizers of all kinds of model.
KNOWN_GROUPS = {group for kind in CONFIGS.values() for group in named_groups(kind(""))}


def check_reference(entry: str, name: str) -> None:
    """Checks that a class or function of another package is written as "package.module:name".

    Args:
        entry: The entry of the config, for messages.
        name: Its value, with a colon.

    Raises:
        InputError: If it is written in another way.
    """
    module, _, attribute = name.partition(":")
    advice = ""
    if module.endswith(".py") or re.search(r"[/\\]", module):
        advice = "; give the name of the module instead of its file"
    elif module.startswith("."):
        advice = "; give the module's full name, with its package"
    elif not all(module.split(".")) or re.search(r"\s", module):
        advice = "; give the name by which Python imports the module before the colon"
    elif not attribute.isidentifier():
        advice = "; give one name after the colon, such as that of a class"
    if advice:
        raise InputError(
            f"{entry}: expected 'package.module:name', such as 'my_package.games:MyGAN', got "
            f"{name!r}{advice}."
        )


def check(config: ConfigDict) -> None:
    """Checks what needs neither the model nor the data.

    Raises:
        InputError: If an entry is missing, unknown or out of range.
    """
    entries = flatten(config)
    for key in ("model", *(f"{group}.name" for group in named_groups(config))):
        if ":" in str(entries.get(key, "")):
            check_reference(key, entries[key])
    groups = {"model_args", *KNOWN_GROUPS, *named_groups(config)}
    groups |= {group for group in config if group.endswith("_optimizer")}
    own = ":" in str(config.get("model", ""))
    if own:  # its task checks the entries of its data, and its scores
        groups.add("data")
    for key in entries:
        if key not in ALL_ENTRIES and key.partition(".")[0] not in groups:
            raise UnknownEntryError(key)
    for key in flatten(run_config()):
        if key not in entries:
            raise InputError(f"The config lacks {key}; start it from run_config().")
    for least, keys in _AT_LEAST.items():
        for key in keys:
            if entries.get(key) is not None and entries[key] < least:
                raise InputError(
                    f"{key}: expected a whole number from {least} up, got {entries[key]}."
                )
    black, white = entries.get("data.black"), entries.get("data.white")
    if (white or 0) < 0 and black is None:
        raise InputError(f"data.white: expected a number from 0 up, got {white:g}.")
    if black and (white is None or black >= white):
        raise InputError(
            f"data.black: expected a number below data.white, got {black:g} with "
            f"data.white={'none' if white is None else f'{white:g}'}."
        )
    if entries.get("data.memory") is not None:
        parse_bytes("data.memory", entries["data.memory"])
    if not 0 < config.nan.learning_rate_factor <= 1:
        raise InputError(
            "nan.learning_rate_factor: expected a number above 0, up to 1, got "
            f"{config.nan.learning_rate_factor}."
        )
    if not 0 <= config.seed < 2**32:
        raise InputError(f"seed: expected a whole number from 0 to 2**32 - 1, got {config.seed}.")
    for entry, keys in _MULTIPLES.items():
        for key in keys:
            if entries[key] is not None and entries[key] % entries[entry]:
                raise InputError(
                    f"{key}: expected a multiple of {entry} ({entries[entry]}), got {entries[key]}."
                )
    for key, options in _CHOICES.items():
        # A layer of a network, which is looked up when it is loaded.
        layer = key == "evaluate.features" and ":" in str(entries.get(key))
        if key in entries and entries[key] not in options and not layer:
            raise InputError(f"{key}: expected one of {', '.join(options)}, got {entries[key]!r}.")
    _check_start(config)
    metrics, main = config.evaluate.metrics, config.evaluate.main
    for name in metrics:
        if name not in METRICS and not own:
            raise InputError(
                f"evaluate.metrics: expected any of {', '.join(METRICS)}, got {name!r}."
            )
    if main is not None and main not in metrics:
        raise InputError(
            f"evaluate.main: expected one of evaluate.metrics ({', '.join(metrics) or 'none'}), "
            f"got {main!r}."
        )
    for group in config:
        if group.endswith("_optimizer"):
            _check_decay(group, config[group])
    for key in entries:
        if key == "pretraining.learning_rate" or key.endswith("_optimizer.learning_rate"):
            check_number(key, entries[key], least=0)  # 0 freezes a role


def _check_start(config: ConfigDict) -> None:
    settings = config.train
    if settings.start_from is not None:
        if settings.generator_from is not None:
            raise InputError(
                "train.start_from: expected none beside train.generator_from, got "
                f"{settings.start_from!r}; give one of them."
            )
        if config.get("pretraining", {}).get("steps", 0):
            raise InputError(
                "train.start_from: expected none for a run with pretraining, got "
                f"{settings.start_from!r}; add --config.pretraining.steps=0."
            )
    for name in settings.callbacks:
        if not isinstance(name, str) or not all(name.partition(":")[::2]):
            raise InputError(
                f'train.callbacks: expected functions as "package.module:function", got {name!r}.'
            )


def _check_decay(group: str, optimizer: ConfigDict) -> None:
    decay, start = optimizer.get("decay", "constant"), optimizer.get("decay_start", 0.0)
    if decay not in DECAYS:
        raise InputError(f"{group}.decay: expected {' or '.join(DECAYS)}, got {decay!r}.")
    if decay != "constant" and "learning_rate" not in optimizer:
        raise InputError(f"{group}: expected a learning_rate to decay, got none.")
    if not 0 <= start < 1 or (start and decay != "linear"):
        raise InputError(
            f"{group}.decay_start: expected a fraction of the steps, from 0 to below 1, of a "
            f"linear decay, got {start}."
        )
    for name, kind in (("halve_every", "halving"), ("decay_every", "staircase")):
        every = optimizer.get(name)
        if (decay == kind) != (every is not None) or (every is not None and every < 1):
            raise InputError(
                f"{group}.{name}: expected a number of steps for a {kind} decay, and for no "
                f"other, got {every}."
            )
    factor = optimizer.get("decay_factor")
    needed = decay == "staircase"
    if needed != (factor is not None) or (factor is not None and not 0 < factor <= 1):
        raise InputError(
            f"{group}.decay_factor: expected a number above 0, up to 1, for a staircase decay, and "
            f"for no other, got {factor}."
        )
