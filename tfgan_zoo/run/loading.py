"""Loads models from `.keras` files and run folders."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras

import tfgan_zoo.models
import tfgan_zoo.schedules  # noqa: F401  (registers the classes)
from tfgan_zoo import config as config_lib
from tfgan_zoo import presets
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.registration import PACKAGE, check_names, is_own
from tfgan_zoo.run.building import model_class, network_function
from tfgan_zoo.run.presets import complete
from tfgan_zoo.suggestions import similar


def load_model(filepath: str | os.PathLike) -> Any:
    """Loads a model that was saved with `model.save`; see `tfgan_zoo.load_model`.

    Args:
        filepath: A `.keras` file, or a run folder that has a `model.keras`.

    Raises:
        InputError: If there is no such file, `model.save` did not write it, or a class of another
            package has taken the name of one of the library.
    """
    check_names()
    if not isinstance(filepath, (str, os.PathLike)):
        raise InputError(f"filepath: expected a path to a .keras file, got {filepath!r}.")
    if "://" in os.fspath(filepath):  # remote storage that Keras reads
        return keras.saving.load_model(filepath)
    path = Path(filepath).expanduser()
    if not path.is_dir():
        _check_is_found(_checked(path))
        model = keras.saving.load_model(path)
        if (note := presets.note_of(path)) is not None:
            complete(model, note, path)
        return model
    file = _in_folder(path)
    # Found by the run's config, whatever name it is registered by, or another class as well.
    with keras.saving.custom_object_scope(_imported_classes(path, file)):
        return keras.saving.load_model(file)


def from_preset(name: str) -> Any:
    """Loads a preset by its name; see `tfgan_zoo.from_preset`.

    Raises:
        InputError: If there is no such preset, or its file is damaged or cannot be downloaded.
    """
    return load_model(presets.file_of(presets.find(name)))


def _named_in(file: Path) -> tuple[str, str]:
    """Returns the module of the class in a `.keras` file, and the name it was registered by."""
    try:
        with zipfile.ZipFile(file) as archive:
            saved = json.loads(archive.read("config.json"))
    except (KeyError, ValueError):  # Keras says what it lacks.
        return "", ""
    return str(saved.get("module")), str(saved.get("registered_name"))


def _check_is_found(file: Path) -> None:
    """Checks that a model of another package is not loaded as one of the library.

    Raises:
        InputError: If it was saved under the name of the other, as earlier versions allowed.
    """
    module, name = _named_in(file)
    found = keras.saving.get_registered_object(name)
    if is_own(found) and module.split(".")[0] != PACKAGE:
        bare = name.rpartition(">")[2]
        raise InputError(
            f"filepath: expected a class of {PACKAGE} in {str(file)!r}, got {module}.{bare}, which "
            f"was saved by the name {name!r}; load it within "
            f"keras.saving.custom_object_scope({{{name!r}: {bare}}}), and save it again."
        )


def _in_folder(folder: Path) -> Path:
    model, shown = folder / "model.keras", repr(str(folder))
    if model.is_file():
        return _checked(model)
    if (folder / "saved_model.pb").exists():
        raise InputError(
            f"filepath: expected a .keras file, got {shown}, a SavedModel, which is for serving "
            f"and cannot be trained; load it with tf.saved_model.load({shown}), or give the "
            "model.keras of its run."
        )
    if (folder / "config.json").exists() and (folder / "checkpoints").is_dir():
        raise InputError(
            f"filepath: expected a run folder with a model.keras, which is written when training "
            f"ends, got {shown} without one; tfgan_zoo.run.load_run({shown}) loads its best "
            "checkpoint."
        )
    files = sorted(str(path) for path in folder.glob("*.keras"))
    runs = sorted(str(path.parent) for path in folder.glob("*/model.keras"))
    advice = "check the path"
    if files:
        advice = f"give one of its files, such as {files[0]!r}"
    elif runs:
        shown_runs = ", ".join(map(repr, runs[:5]))
        more = f" and {len(runs) - 5} more" if len(runs) > 5 else ""
        advice = f"give one of the run folders in it: {shown_runs}{more}"
    raise InputError(
        f"filepath: expected a .keras file, or a run folder with a model.keras, got the folder "
        f"{shown}; {advice}."
    )


def _imported_classes(folder: Path, file: Path) -> dict[str, type]:
    """Imports the modules that a run's config names, which register their classes with Keras.

    Returns:
        The class of the run's model by its registered name, and by that in its file, if it is of
        another package.
    """
    try:
        config = config_lib.stored_config(folder)
    except InputError:  # not a run
        return {}
    found: dict[str, type] = {}
    if ":" in config["model"]:
        cls = model_class(config["model"])
        found = dict.fromkeys((keras.saving.get_registered_name(cls), _named_in(file)[1]), cls)
    for group, value in config.items():
        if isinstance(value, dict) and ":" in str(value.get("name", "")):
            network_function(value["name"], group)
    return found


def _checked(path: Path) -> Path:
    shown = repr(str(path))
    if not path.exists():
        if advice := presets.hint(path, "tfgan_zoo.from_preset({!r}) loads the preset."):
            raise InputError(f"filepath: {shown} does not exist; {advice}")
        near = similar(path.name, os.listdir(path.parent)) if path.parent.is_dir() else []
        advice = f"did you mean {str(path.with_name(near[0]))!r}?" if near else "check the path."
        raise InputError(f"filepath: {shown} does not exist; {advice}")
    if path.name.endswith(".weights.h5"):
        raise InputError(
            f"filepath: expected a .keras file, got {shown}, which holds only weights; build and "
            f"compile the same model, and call model.load_weights({shown})."
        )
    if path.suffix != ".keras":
        raise InputError(
            "filepath: expected a .keras file, such as model.save('model.keras') writes, got "
            f"{shown}."
        )
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"filepath: {shown} is damaged or not a .keras file; save or copy it again."
        )
    return path
