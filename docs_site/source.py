"""The package as text: public names, classes, docstrings and code, parsed without importing it."""

import ast
import dataclasses
import functools
import inspect
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tfgan_zoo"


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Returns the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def path_of(module: str) -> Path:
    """Returns the file of a module, given as "tfgan_zoo.models"."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def public_names(module: str) -> list[str]:
    """Returns the names that a module offers: `__all__`, or its public functions and classes."""
    tree = parsed(path_of(module))
    for node in tree.body:
        if isinstance(node, ast.Assign) and _target(node) == "__all__":
            return [ast.literal_eval(each) for each in node.value.elts]  # type: ignore[attr-defined]
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n.name for n in tree.body if isinstance(n, kinds) and n.name[0] != "_"]


def identifier(module: str, name: str) -> str:
    """Returns what the API reference calls a name: a module that is called like it hides it."""
    found = f"{module}.{name}"
    return f"{found}.{name}" if path_of(found).is_file() else found


def packages() -> list[str]:
    """Returns the public modules and packages of `tfgan_zoo`, without its classes and functions."""
    return [n for n in public_names("tfgan_zoo") if path_of(f"tfgan_zoo.{n}").is_file()]


def modules(package: str) -> list[str]:
    """Returns the names of the modules in a package."""
    return sorted(p.stem for p in path_of(package).parent.glob("*.py") if p.stem[0] != "_")


def docstring(module: str) -> str:
    """Returns the docstring of a module, or ""."""
    return ast.get_docstring(parsed(path_of(module))) or ""


def registry(module: str, name: str) -> dict[str, str]:
    """Returns a dictionary that a module defines: its keys, and what stands for the values."""
    for node in parsed(path_of(module)).body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and _target(node) == name:
            assert isinstance(node.value, ast.Dict)
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {ast.literal_eval(key): ast.unparse(value) for key, value in pairs if key}
    raise KeyError(f"{module} defines no {name}.")


@dataclasses.dataclass(frozen=True)
class Class:
    """A class of `tfgan_zoo.models`, as written."""

    path: Path
    node: ast.ClassDef

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name

    @property
    def docstring(self) -> str:
        """Its docstring, or ""."""
        return ast.get_docstring(self.node) or ""

    def lineage(self) -> Iterator["Class"]:
        """Yields the class and those that it derives from, the nearest first, each once."""
        seen, waiting = set(), [self.name]
        while waiting:
            found = model_classes().get(waiting.pop(0))
            if found and found.name not in seen:
                seen.add(found.name)
                yield found
                waiting += [ast.unparse(base) for base in found.node.bases]

    def methods(self) -> dict[str, ast.FunctionDef]:
        """Returns the methods that the class itself defines."""
        return {n.name: n for n in self.node.body if isinstance(n, ast.FunctionDef)}

    def attribute(self, name: str) -> str:
        """Returns a string that the class or its nearest ancestor sets, or ""."""
        for each in self.lineage():
            for node in each.node.body:
                if isinstance(node, ast.Assign | ast.AnnAssign) and _target(node) == name:
                    return ast.literal_eval(node.value) if node.value else ""
        return ""

    def code(self, method: str) -> str:
        """Returns the code of a method, without indentation, or ""."""
        node = self.methods().get(method)
        if node is None:
            return ""
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        lines = self.path.read_text("utf-8").splitlines()[first - 1 : node.end_lineno]
        return inspect.cleandoc("\n" + "\n".join(lines))


@functools.cache
def model_classes() -> dict[str, Class]:
    """Returns the classes in `tfgan_zoo/models/`, by name."""
    return {
        node.name: Class(path, node)
        for path in sorted((PACKAGE / "models").rglob("*.py"))
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef)
    }


def models() -> dict[str, Class]:
    """Returns the class of every entry of `MODELS`, by key."""
    entries = registry("tfgan_zoo.models", "MODELS")
    return {key: model_classes()[name] for key, name in entries.items()}


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return target.id if isinstance(target, ast.Name) else ""
