"""Lists the commands, and runs one: `tfgan_zoo train ...` is `python -m tfgan_zoo.train ...`."""

import ast
import importlib
import os
import sys
from pathlib import Path

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import nearest

COMMANDS = (
    "train",
    "generate",
    "translate",
    "encode",
    "reconstruct",
    "invert",
    "predict",
    "evaluate",
    "report",
    "export",
    "prepare",
    "import_weights",
    "presets",
)
_FOLDER = Path(__file__).parent


def main(argv: list[str]) -> None:
    """Prints each command with the first line of its module's docstring.

    Raises:
        InputError: If there are arguments.
    """
    if argv and argv[0] not in ("help", "--help", "-h"):
        advice = f"the commands are {', '.join(COMMANDS)}"
        raise InputError(f"There is no command {argv[0]!r}{nearest(argv[0], COMMANDS, advice)}")
    print("Commands, each with --help:\n")
    for name in COMMANDS:
        # Read, not imported, since some would import TensorFlow.
        path = _FOLDER / f"{_module_of(name).replace('.', '/')}.py"
        module = ast.parse(path.read_text("utf-8"))
        first = (ast.get_docstring(module) or "").splitlines()[0]
        print(f"  python -m tfgan_zoo.{name:<14} {first}")
    print("\nAn installed package has them as `tfgan_zoo train` and so on, too.")


def _module_of(name: str) -> str:
    """Returns the module of a command in this package; that of a folder is its `__main__`."""
    return f"{name}.__main__" if (_FOLDER / name).is_dir() else name


def run() -> None:
    """Runs the command that the first argument names; the console script `tfgan_zoo`."""
    if os.getcwd() not in sys.path:  # where `python -m` finds the user's own modules, too
        sys.path.insert(0, os.getcwd())
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name in COMMANDS:
        cli.run(importlib.import_module(f"tfgan_zoo.{_module_of(name)}").main, arguments)
    cli.run(main)


if __name__ == "__main__":
    run()
