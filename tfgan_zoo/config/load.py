"""Finds and loads recipes: Python files with a function `get_config()`."""

import importlib.util
import re
import traceback
from collections.abc import Mapping
from pathlib import Path

from ml_collections import ConfigDict

from tfgan_zoo import presets
from tfgan_zoo.config.check import UnknownEntryError, check
from tfgan_zoo.config.schema import shape_of_side
from tfgan_zoo.config.values import override_all
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import nearest


def config_folder() -> Path:
    """Returns the folder of the recipes that ship with the package."""
    checkout = Path(__file__).parents[2]
    installed = (Path(__file__).parents[1] / "configs").is_dir()  # perhaps in another project
    if not installed and (checkout / "setup.cfg").is_file():
        return checkout / "configs"  # which may not be the checkout that is installed
    spec = importlib.util.find_spec("tfgan_zoo.configs")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return checkout / "configs"


def list_configs() -> list[str]:
    """Returns the names of the recipes that ship with the package."""
    return sorted(p.stem for p in config_folder().glob("*.py") if not p.stem.startswith("_"))


def recipe_name(name_or_path: str) -> str:
    """Returns the name under which a run notes its recipe: the recipe's, or its file's."""
    return Path(name_or_path).stem


def find_config(name_or_path: str, flag: str = "--config") -> Path:
    """Returns the file of a config given by name ("dcgan_celeba") or path ("my/recipe.py").

    Args:
        name_or_path: As typed.
        flag: The flag that it was typed for, for the message.

    Raises:
        InputError: If there is none; the message names the nearest.
    """
    if flag == "--model" and ":" in name_or_path:
        raise InputError(
            f"--model: expected a model of the zoo, got {name_or_path!r}; give --config=RECIPE.py "
            f"with config.model = {name_or_path!r} to train a model of your own."
        )
    path = Path(name_or_path).expanduser()
    if path.suffix == ".py" or path.parent != Path("."):
        if path.is_file():
            return path
        raise InputError(f"{flag}: there is no file {name_or_path!r}.")
    if name_or_path in list_configs():
        return config_folder() / f"{name_or_path}.py"
    if advice := presets.hint(name_or_path, "; --config.train.start_from={} starts from it."):
        raise InputError(f"{flag}: expected a recipe, got the preset {name_or_path!r}{advice}")
    raise InputError(
        f"{flag}: there is no {name_or_path!r}"
        + nearest(name_or_path, list_configs(), f"give one of {', '.join(list_configs())}")
    )


def load_config(
    name_or_path: str, overrides: Mapping[str, str] | None = None, flag: str = "--config"
) -> ConfigDict:
    """Loads a config, applies overrides, and checks what it can without TensorFlow.

    Args:
        name_or_path: See `find_config`.
        overrides: Text by dotted key, as on a command line: {"train.steps": "500"}.
        flag: See `find_config`.

    Returns:
        The resolved config, locked.

    Raises:
        InputError: If the file is not a config, or an override or an entry cannot be used.
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
    config = with_whole_shape(config)
    config.lock()
    override_all(config, overrides or {})
    try:
        check(config)
    except UnknownEntryError as error:
        where = _where_set(path, error.key)
        raise InputError(f"{where}: there is no config entry {error.key!r}{error.advice}") from None
    return config


def with_whole_shape(config: ConfigDict) -> ConfigDict:
    """Makes `image_shape` a tuple if the recipe has set one number, and returns the config."""
    shape = config.get("model_args", {}).get("image_shape")
    if isinstance(shape, int):
        with config.unlocked(), config.ignore_type():
            config.model_args.image_shape = shape_of_side(shape)
    return config


def _mistake(path: Path, error: Exception) -> str:
    """Describes an error in a recipe, with the line."""
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = [line for frame, line in frames if frame.f_code.co_filename == str(path)]
    line: int | None = lines[-1] if lines else None
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, text = error.lineno, f"{type(error).__name__}: {error.msg}"
    elif isinstance(error, (AttributeError, KeyError)):
        # Usually an entry that a `ConfigDict` does not have.
        for frame, _ in frames:
            name = frame.f_locals.get("attribute", frame.f_locals.get("key"))
            group = frame.f_locals.get("self")
            if isinstance(group, ConfigDict) and isinstance(name, str):
                known = list(group)
                near = nearest(name, known, f"there are {', '.join(known)}")
                text = f"there is no config entry {name!r}{near}"
                break
    text = " ".join(text.split())
    where = f"{path}, line {line}" if line else str(path)
    return f"{where}: {text}" + "." * (not text.endswith((".", "?")))


def _where_set(path: Path, key: str) -> str:
    """Returns a recipe's path, with the line that assigns an entry if there is one."""
    lines = path.read_text("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        if re.search(rf"\b\w+\.{re.escape(key)}\s*=", line):
            return f"{path}, line {number}"
    return str(path)
