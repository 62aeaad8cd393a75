"""The config that a run folder keeps, and the one to resume it with.

A run keeps the behavior of the version that it began with. Entries that its stored config lacks get
their values from `EARLIER_VALUES`, otherwise from today's defaults.

To resume, the command takes this stored config, whatever its recipe says today, and then its own
overrides (`config_to_resume`; without a recipe, `resumed_config`). A caller in Python gives the
whole config; entries of `EARLIER_VALUES` that it leaves at today's default count as not given
(`with_rules_of`). Either config is then compared with the stored one: see
`tfgan_zoo.config.changes`.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from tfgan_zoo import __version__, atomic, presets
from tfgan_zoo.config.check import check
from tfgan_zoo.config.load import recipe_name
from tfgan_zoo.config.schema import run_config
from tfgan_zoo.config.values import (
    NOTED_FROM_DATA,
    differences,
    filled,
    flatten,
    override_all,
    typed,
)
from tfgan_zoo.data.splits import is_stand_in
from tfgan_zoo.errors import InputError

#: What earlier versions did where they lacked an entry, if that is not today's default, or only
#: some networks have the entry. Entries that every run has are filled in when a config is read, the
#: others when it is resumed by a config that has them. Arguments of models are not listed: what a
#: config leaves out is built with the class's default.
EARLIER_VALUES = {
    "data.white": 0,
    "data.color_profiles": "ignore",
    "data.formats": "common",
    "data.distinct_classes": False,
    "pretraining.distinct_classes": False,
    "generator.padding": "same",
    "discriminator.padding": "same",
}
#: Arguments of models whose default has changed, and what it was. Runs that leave them out were
#: made before, as newer ones note them: see `with_changed_defaults`.
EARLIER_DEFAULTS: dict[str, dict[str, Any]] = {"dtn": {"features": "figures_v1:conv5"}}


def _earlier_values_of_all_runs() -> dict[str, Any]:
    entries = flatten(run_config())
    return {key: value for key, value in EARLIER_VALUES.items() if key in entries}


# ---------------------------------------------------------------------- reading


def has_begun(folder: Path) -> bool:
    """Returns whether the run of a folder has started training."""
    started = "pretraining/checkpoints", "checkpoints", "metrics.jsonl"
    return any((folder / name).exists() for name in started)


def check_workdir(folder: Path) -> None:
    """Checks that a run can be kept in a folder; writes nothing.

    Raises:
        InputError: If the folder, or what should hold it, is a file or cannot be written to, or if
            the folder holds other files and no run.
    """
    if why := atomic.obstacle(folder):
        raise InputError(f"--workdir: cannot write to {str(folder)!r}: {why}; give another folder.")
    if (
        folder.exists()
        and not (folder / "config.json").exists()
        # Hidden files are the lock, and what a killed process left unfinished.
        and any(not path.name.startswith(".") for path in folder.iterdir())
    ):
        raise InputError(f"--workdir: {str(folder)!r} holds files but no run; give a new folder.")


def stored_config(folder: Path) -> dict[str, Any]:
    """Returns the resolved config of a run folder or of a preset's `.keras` file, as plain dicts.

    Everything that reads a run's config calls this. Entries that the run's version lacked are
    filled in.

    Raises:
        InputError: If its config.json is not a run's, or was written by a later version.
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
    if changed := EARLIER_DEFAULTS.get(str(config.get("model"))):
        config = filled(config, {f"model_args.{name}": v for name, v in changed.items()})
    return filled(with_earlier_meaning(config), flatten(run_config()))


def stored_recipe(folder: Path) -> str | None:
    """Returns the name of the recipe that a run began with; None if none was noted."""
    return _stored(folder).get("recipe")


def _stored(folder: Path) -> dict[str, Any]:
    try:
        if folder.is_file():
            with zipfile.ZipFile(folder) as archive:
                written = json.loads(archive.read(presets.RUN))
        else:
            written = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
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


def with_earlier_meaning(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a stored config with the earlier values of entries that every run has today.

    Args:
        stored: The config, as plain dicts.

    Example:
        >>> with_earlier_meaning({"data": {"source": "figures"}})["data"]["white"]
        0
    """
    return filled(stored, _earlier_values_of_all_runs())


def decoding(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns how a config's images are decoded: arguments of `decode` and `open_source`.

    Example:
        >>> decoding(run_config().data)
        {'white': None, 'color_profiles': 'srgb', 'black': None, 'pages': 'first'}
    """
    rules = {"white": data["white"], "color_profiles": data["color_profiles"]}
    return {**rules, "black": data.get("black"), "pages": data.get("pages", "first")}


def opening(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `decoding`, and which files of a folder are images."""
    return {**decoding(data), "formats": data.get("formats", "all")}


# ---------------------------------------------------------------------- resuming


def with_rules_of(stored: Mapping[str, Any], config: ConfigDict) -> ConfigDict:
    """Gives entries left at today's defaults the values of an earlier version.

    Args:
        stored: The config of the run to resume, from `stored_config`.
        config: The config to resume it with.
    """
    before, defaults = flatten(stored), flatten(run_config())
    config = config.copy_and_resolve_references()
    for key, value in _earlier_values_of_all_runs().items():
        group, _, name = key.rpartition(".")
        if before[key] == value and config[group][name] == defaults[key]:
            config[group][name] = value
    return config


def with_later_entries(
    written: Mapping[str, Any], like: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Fills in entries that not every run has, so that a run goes on as it began.

    Args:
        written: The config of the run, from `stored_config`.
        like: A config of today for the same model, for the arguments that exist.
        defaults: The values of `model_args` that the run was built with if it lacks them.
    """
    entries, earlier = flatten(like), {}
    for key, value in EARLIER_VALUES.items():
        group = key.partition(".")[0]
        # Another network may not take it.
        same = written.get(group, {}).get("name") == like.get(group, {}).get("name")
        if key in entries and same:
            earlier[key] = value
    for name, value in (defaults or {}).items():
        if f"model_args.{name}" in entries:
            earlier[f"model_args.{name}"] = value
    return filled(written, earlier)


def with_changed_defaults(
    config: ConfigDict, before: Mapping[str, Any], defaults: Mapping[str, Any]
) -> ConfigDict:
    """Returns a config that has the arguments whose default was another one in earlier versions.

    Args:
        config: The config of a run.
        before: The stored config if it is resumed, whose values are kept.
        defaults: Today's defaults of the model's arguments.
    """
    names = [n for n in EARLIER_DEFAULTS.get(config.model, {}) if n not in config.model_args]
    if not names:
        return config
    config = config.copy_and_resolve_references()
    with config.unlocked():
        for name in names:
            config.model_args[name] = before.get("model_args", {}).get(name, defaults[name])
    return config


def resumed_config(folder: Path, overrides: Mapping[str, str]) -> ConfigDict:
    """Returns a run's stored config with the overrides of the command line, locked.

    Args:
        folder: A run.
        overrides: See `load_config`.

    Raises:
        InputError: If its config.json is not a run's, or an override cannot be used.
    """
    return _overridden(typed(stored_config(folder), run_config()), overrides)


def _overridden(config: ConfigDict, overrides: Mapping[str, str]) -> ConfigDict:
    override_all(config, overrides)
    check(config)
    return config


def config_to_resume(
    folder: Path,
    recipe: ConfigDict,
    overrides: Mapping[str, str],
    name: str,
    flag: str,
    defaults: Mapping[str, Any] | None = None,
) -> tuple[ConfigDict, list[str]]:
    """Returns the config with which the same command resumes a run.

    It is the stored config, with the overrides of the command line. So a run survives a recipe that
    was edited, or improved by a later version.

    Args:
        folder: A run that has begun.
        recipe: The command's recipe as it is today, with the overrides.
        overrides: See `load_config`.
        name: The recipe, as typed.
        flag: The flag that it was typed for.
        defaults: See `with_later_entries`.

    Returns:
        The config, locked, and how the recipe differs from it, entry by entry.

    Raises:
        InputError: If the run has another model or another recipe, or an override cannot be used.
    """
    plain = with_later_entries(stored_config(folder), recipe, defaults)
    if plain["model"] != recipe.model:
        raise InputError(
            f"{flag}={name}: {str(folder)!r} holds a run of {plain['model']!r}, not of "
            f"{recipe.model!r}; give another --workdir, or that model to resume it."
        )
    began_with = stored_recipe(folder)
    config = _overridden(typed(plain, recipe), overrides)
    recipe = recipe.copy_and_resolve_references()
    _keep_splits(plain, config, recipe)
    # Entries that the recipe leaves out and the run has noted from its data, and planned ones.
    noted = [key for key in NOTED_FROM_DATA if not flatten(recipe).get(key)]
    changed = EARLIER_DEFAULTS.get(recipe.model, {})
    noted += [f"model_args.{name}" for name in changed if name not in recipe.model_args]
    noted += (_stored(folder).get("planned") or {}).get("entries", ())
    differ = [
        difference
        for difference in differences(config.to_dict(), recipe.to_dict())
        if not difference.startswith(tuple(f"{key}:" for key in noted))
    ]
    if differ and began_with not in (None, recipe_name(name)):
        raise InputError(
            f"{flag}={name}: {str(folder)!r} holds a run that began with {began_with} "
            f"({'; '.join(differ)}); give another --workdir, or {began_with} to resume it."
        )
    return config, differ


def _keep_splits(plain: Mapping[str, Any], *configs: ConfigDict) -> None:
    """Gives configs the splits of a run that began with others because its data have no test.

    See `tfgan_zoo.tasks.held_out`.

    Args:
        plain: The stored config of the run.
        *configs: The config to resume it with, and the recipe with the overrides, the last.
    """
    begun = plain["data"]["split"], plain["evaluate"].get("split")
    wanted = configs[-1].evaluate.get("split")
    if wanted is None:
        return
    if is_stand_in(begun, configs[-1].data.split, wanted):
        for config in configs:
            config.data.split, config.evaluate.split = begun
