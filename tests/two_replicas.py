"""Checks on two replicas, all in one process: `python -m tests.two_replicas VERDICTS CHECK...`.

Logical devices can be set only before TensorFlow starts, so no check can run in pytest's own
process. `test_two_replicas` runs this module once and has a test for each verdict. A check is a
public function without arguments in one of `MODULES`.
"""

import ast
import importlib
import json
import sys
import traceback
from pathlib import Path

from tests import kernels

ROOT = Path(__file__).parents[1]
MODULES = (
    "tests.models.replicas",
    "tests.networks.replicas",
    "tests.layers.replicas",
    "tests.metrics.replicas",
    "tests.run.replicas",
)
#: The verdict on a check that raises nothing. Any other is a traceback.
EQUAL = "equal"


def checks():
    """Returns `module:function` of every check, without importing it."""
    return [
        f"{module}:{node.name}"
        for module in MODULES
        for node in ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and not ast.unparse(node.args)
    ]


def verdict(check):
    """Runs a check and returns its verdict."""
    import keras

    # Before a module of checks, whose imports may make networks, and with them start the devices.
    import tests.two_devices  # noqa: F401

    kernels.keep()
    module, name = check.split(":")
    try:
        getattr(importlib.import_module(module), name)()
    except Exception:
        return traceback.format_exc()
    finally:
        keras.config.set_dtype_policy("float32")
        keras.utils.clear_session(free_memory=False)
    return EQUAL


if __name__ == "__main__":
    file, *names = sys.argv[1:]
    Path(file).write_text(json.dumps({name: verdict(name) for name in names}))
