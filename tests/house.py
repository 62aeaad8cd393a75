"""Measures how the package is laid out: `python -m tests.house [FOLDER]`.

Prints the longest files and classes, the methods of the base class of all models, the circles
among modules, and the imports that go up: from a room to one that is built on it.
"""

import ast
import functools
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "tfgan_zoo"

#: The rooms of the package, files or folders in `tfgan_zoo`, from the ground up. A room imports
#: from the floors below its own.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {"hashes", "kernels", "keras_internals", "lazy", "moved", "noise", "pixels", "progress"}
    ),
    frozenset({"samples", "suggestions"}),
    frozenset({"errors"}),
    frozenset({"atomic", "attributes", "backend", "memory", "schedules", "sizes", "weight_files"}),
    frozenset({"downloads"}),
    frozenset({"presets"}),
    frozenset({"data", "layers", "losses", "serving"}),
    frozenset({"networks", "pictures"}),
    frozenset({"metrics", "models"}),
    frozenset({"config", "evaluation", "importing"}),
    frozenset({"callbacks", "reporting"}),
    frozenset({"tasks"}),
    frozenset({"run"}),
    frozenset({"cli", "commands"}),
    frozenset(
        {"encode", "evaluate", "export", "generate", "import_weights", "invert", "predict"}
        | {"prepare", "presets.__main__", "reconstruct", "report", "train", "translate"}
    ),
)


def files(root: Path = ROOT) -> list[Path]:
    """Returns every file of the package but its front door."""
    return sorted(path for path in root.rglob("*.py") if path.parent != root or path.stem[0] != "_")


def room_of(path: Path, root: Path = ROOT) -> str:
    """Returns the room of a file: the folder below the package, or the file itself.

    A `__main__.py` is a command, wherever it is.
    """
    room = path.relative_to(root).parts[0].removesuffix(".py")
    return f"{room}.__main__" if path.stem == "__main__" else room


def parsed(path: Path) -> ast.Module:
    """Returns the syntax tree of a file.

    In Python 3.11 before 3.11.8, a collection of garbage in between can let another thread parse,
    upon which this raises SystemError (https://github.com/python/cpython/issues/106905).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text("utf-8"))
    finally:
        if collects:
            gc.enable()


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Returns every name that a file imports, within functions and `if TYPE_CHECKING` too."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            # The name may be a module: `from tfgan_zoo import losses`.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_used(path: Path, root: Path = ROOT) -> set[str]:
    """Returns the other rooms that a file imports from."""
    names = (name.split(".") for name in imports(path))
    used = {parts[1] for parts in names if parts[0] == root.name and len(parts) > 1}
    return {room for room in used if _is_room(room, root)} - {room_of(path, root)}


def _is_room(name: str, root: Path) -> bool:
    return (root / name).is_dir() or (root / f"{name}.py").is_file()


def floor_of(room: str) -> int:
    """Returns the number of a room's floor.

    Raises:
        ValueError: If the room stands on none.
    """
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    raise ValueError(f"{room} stands on no floor; add it to FLOORS in {__file__}.")


def upward(root: Path = ROOT) -> list[str]:
    """Returns the imports from a room to one on its own floor or above, as "file -> room"."""
    return [
        f"{path.relative_to(root)} -> {room}"
        for path in files(root)
        for room in sorted(rooms_used(path, root))
        if floor_of(room) >= floor_of(room_of(path, root))
    ]


def module_of(path: Path, root: Path = ROOT) -> str:
    """Returns a file's name for `import`."""
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(root: Path = ROOT) -> list[list[str]]:
    """Returns the groups of modules that import one another in a circle.

    A package's `__init__` that offers the names of its modules is left out, unless one of them
    imports a name from it.
    """
    by_name = {module_of(path, root): path for path in files(root)}
    edges: dict[str, set[str]] = {}
    for name, path in by_name.items():
        edges[name] = set()
        for target in imports(path):
            while target and target not in by_name:
                target = target.rpartition(".")[0]
            if target and target != name:
                edges[name].add(target)
    return _strongly_connected(edges)


def _strongly_connected(edges: dict[str, set[str]]) -> list[list[str]]:
    """Returns the components of more than one node (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def classes(root: Path = ROOT) -> list[tuple[int, int, str]]:
    """Returns (lines, methods, "file:class") of every class, the longest first."""
    found = []
    for path in files(root):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                found.append((lines, len(methods), f"{path.relative_to(root)}:{node.name}"))
    return sorted(found, reverse=True)


def main(root: Path) -> None:
    """Prints the measures."""
    lines = sorted(
        ((len(path.read_text("utf-8").splitlines()), path) for path in files(root)), reverse=True
    )
    print(f"files: {len(lines)}, lines: {sum(n for n, _ in lines):,}")
    print("longest files:  ", ", ".join(f"{p.relative_to(root)} {n}" for n, p in lines[:5]))
    by_length = classes(root)
    print("longest classes:", ", ".join(f"{name} {n}" for n, _, name in by_length[:5]))
    for n, methods, name in by_length:
        if name in ("models/base.py:ZooModel", "models/game.py:Game"):
            print(f"base class:      {name} {methods} methods, {n} lines")
    together = circles(root)
    print(f"circles:         {len(together)}", *(f"\n  {' <-> '.join(c)}" for c in together))
    if {room_of(path, root) for path in files(root)} <= frozenset.union(*FLOORS):
        wrong = upward(root)
        print(f"imports upward:  {len(wrong)}", *(f"\n  {each}" for each in wrong))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
