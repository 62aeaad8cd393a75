"""The page of all commands: what `--help` says of each."""

import ast
import re
from collections.abc import Iterator

from docs_site import source, text
from docs_site.source import PACKAGE


def names() -> list[str]:
    """Returns the names of the commands."""
    for node in source.parsed(PACKAGE / "__main__.py").body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS":
            return list(ast.literal_eval(node.value))
    raise KeyError("COMMANDS")


def module_of(command: str) -> str:
    """Returns the module of a command; that of a folder is its `__main__`."""
    module = f"{PACKAGE.name}.{command}"
    return f"{module}.__main__" if (PACKAGE / command).is_dir() else module


def flags(command: str) -> Iterator[tuple[str, str, str]]:
    """Yields (flag, default, help) for each flag that a command defines."""
    for node in ast.walk(source.parsed(source.path_of(module_of(command)))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        kind = node.func.attr.removeprefix("define_")
        if kind == node.func.attr:
            continue
        values = [_literal(argument) for argument in node.args]
        keywords = {word.arg: _literal(word.value) for word in node.keywords}
        name, words = values[0], values[-1]
        default = None
        if len(values) > 2 and isinstance(node.args[1], ast.Constant):
            default = values[1]
        if keywords.get("required"):
            default = "required"
        if kind == "bool":
            flag = f"--{name}"
        elif kind == "enum" and isinstance(values[2], list):
            flag = f"--{name}={'|'.join(map(str, values[2]))}"
        else:
            flag = f"--{name}={HINTS.get(kind, 'VALUE')}"
        yield flag, "" if default is None else str(default), str(words)


#: What stands for a flag's value, by the kind of its definition.
HINTS = {
    "enum": "NAME",
    "float": "X",
    "integer": "N",
    "path": "PATH",
    "string": "TEXT",
    "strings": "TEXT",
}


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def page() -> str:
    """Returns the page."""
    parts = [
        "# Commands\n",
        "Each command prints its flags with `--help`. An installed package also has them as "
        "`tfgan_zoo train`, `tfgan_zoo generate` and so on. [Getting started]"
        "(getting_started.md#on-the-command-line) shows what they are for.\n",
    ]
    for command in names():
        doc = source.docstring(module_of(command))
        parts += [f"## {command}\n", _help(doc), ""]
        rows = [
            [f"`{text.cell(flag)}`", f"`{default}`" if default else "", text.prose(words)]
            for flag, default, words in flags(command)
        ]
        parts.append(text.table(["flag", "default", ""], rows) + "\n")
    return "\n".join(parts)


def _help(doc: str) -> str:
    """Returns a command's docstring, in which examples are indented by two spaces."""
    parts, code = [], []
    for line in [*doc.splitlines(), ""]:
        if line.startswith("  "):
            code.append(line[2:])
            continue
        if code:
            parts.append(text.fenced("\n".join(code), "sh"))
            code = []
        # Flags are code, so that they stay in one line.
        parts.append(text.prose(re.sub(r"(?<![\w`/-])--\w[\w.=]*\w", r"`\g<0>`", line)))
    return "\n".join(parts).strip() + "\n"
