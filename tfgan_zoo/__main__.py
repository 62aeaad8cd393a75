"""Lists the commands: `python -m tfgan_zoo`."""

import ast
from pathlib import Path

from tfgan_zoo import cli

COMMANDS = ("train", "generate", "translate", "predict", "evaluate", "report", "export", "prepare")


def main(argv: list[str]) -> None:
    """Prints each command with the first line of its module's docstring."""
    print("Commands, each with --help:\n")
    for name in COMMANDS:
        # Read, not imported, since some would import TensorFlow.
        module = ast.parse((Path(__file__).parent / f"{name}.py").read_text("utf-8"))
        first = (ast.get_docstring(module) or "").splitlines()[0]
        print(f"  python -m tfgan_zoo.{name:<10} {first}")


if __name__ == "__main__":
    cli.run(main)
