"""Imports run one way: a room may use what stands before it, never what comes after."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "tfgan_zoo"
FOUNDATION = {
    "atomic",
    "backend",
    "downloads",
    "errors",
    "keras_internals",
    "noise",
    "pixels",
    "samples",
    "suggestions",
}

#: What each room may import from the package, itself aside.
ALLOWED = {
    "atomic": {"errors"},
    "backend": {"errors"},
    "downloads": set(),
    "errors": {"suggestions"},
    "pixels": set(),
    "samples": {"errors"},
    "suggestions": set(),
    "keras_internals": set(),
    "noise": {"errors"},
    "optimizers": set(),
    "functional": set(),
    "rematerialization": {"errors", "functional"},
    "tiling": {"errors"},
    "losses": FOUNDATION,
    "layers": FOUNDATION,
    "networks": FOUNDATION | {"losses", "layers"},
    "serving": FOUNDATION,
    "models": FOUNDATION
    | {"functional", "losses", "layers", "networks", "optimizers", "rematerialization", "serving"},
}
#: Rooms that meet models only in `tasks` and `run`.
APART = ("data", "metrics", "callbacks", "config", "pictures", "reporting", "evaluation")
#: From the models up, a room imports none of those after it.
FLOW = ("models", "tasks", "run", "commands")
COMMANDS = {
    "train",
    "generate",
    "translate",
    "evaluate",
    "export",
    "predict",
    "prepare",
    "report",
}


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def imports(path):
    """Every module that a file imports, those within functions and `if TYPE_CHECKING` too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            # The name may be a room: `from tfgan_zoo import losses`.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_users_need_no_folder_that_is_not_installed():
    """Neither what is imported nor the commands that recipes give."""
    for path in FILES:
        assert not {name.split(".")[0] for name in imports(path)} & {"benchmarks", "tests"}, path
    for path in (ROOT.parent / "configs").glob("*.py"):
        assert "benchmarks" not in path.read_text(), path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    own = room(path)
    names = [name.split(".") for name in imports(path)]
    rooms = {parts[1] for parts in names if parts[0] == "tfgan_zoo" and len(parts) > 1} - {own}
    if own in ALLOWED:
        assert rooms <= ALLOWED[own]
        assert not {parts[0] for parts in names} & {"absl", "configs", "ml_collections"}
    if own in APART:
        assert not rooms & {*FLOW}
    if own in FLOW:
        assert not rooms & {*FLOW[FLOW.index(own) :]}
    if own not in COMMANDS:
        assert not rooms & COMMANDS
