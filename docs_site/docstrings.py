"""Docstrings as MkDocs shows them: formulas stay as they are, and names become links.

`mkdocs.yml` names this file as an extension of Griffe, which parses the package for mkdocstrings.
"""

import functools
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # `mkdocs` does not add the current folder.

from docs_site import source, text

#: Sections whose lines are `name: Sentence.`
ENTRIES = ("Args", "Attributes", "Raises", "Warns")

#: Functions that prose names without their package.
_FUNCTION = re.compile(
    r"\w+_(classifier|decoder|discriminator|encoder|generator|loss|penalty|resnet)"
)


def converted(docstring: str, own_name: str = "") -> str:
    """Returns a docstring in the style that Griffe parses, its prose as Markdown.

    Args:
        docstring: As written.
        own_name: The name of what it describes, which is not linked.
    """
    parts = re.split(r"^(?=[A-Z][\w ]*:\n    )", docstring, flags=re.M)
    found = []
    for part in parts:
        title, _, body = part.partition(":\n")
        if title in ENTRIES:
            found.append(f"{title}:\n{_entries(body, own_name)}")
        elif title in ("Returns", "Yields"):
            # Griffe takes what stands before a colon for a type.
            sentence = re.sub(r":(?=\s)", "&#58;", _prose(body, own_name))
            found.append(f"{title}:\n{sentence}")
        elif title in ("Example", "Examples"):
            found.append(f"Examples:\n{_example(body)}")
        elif title in ("Input shape", "Output shape"):
            found.append(f"**{title}.** {_prose(body.strip(), own_name)}\n\n")
        else:
            found.append(_linked(text.from_docstring(part), own_name) + "\n")
    return "".join(found)


def _entries(body: str, own_name: str) -> str:
    """Escapes the sentences of entries, and not their names."""
    entries = re.split(r"^(?=    \S)", body, flags=re.M)
    found = []
    for entry in entries:
        name, colon, sentence = entry.partition(": ")
        found.append(name + colon + _prose(sentence, own_name))
    return "".join(found)


def _example(body: str) -> str:
    if ">>>" in body:
        return body + "\n"
    return "    ```python\n" + body.rstrip() + "\n    ```\n\n"


def _prose(words: str, own_name: str) -> str:
    return _linked(text.prose(words), own_name)


def _linked(markdown: str, own_name: str) -> str:
    """Links names in backticks to what they name, outside code that is indented."""

    def link(match: re.Match) -> str:
        target = identifiers().get(match[1])
        if target is None or match[1].rpartition(".")[2] == own_name:
            return match[0]
        return f"[`{match[1]}`][{target}]"

    # Pages of the reference are one folder below those of `docs/`.
    markdown = re.sub(r"\]\((\w+\.md)\)", r"](../\1)", markdown)
    lines = markdown.split("\n")
    return "\n".join(
        line if line.startswith("    ") and ">>>" in line else re.sub(r"`([\w.]+)`", link, line)
        for line in lines
    )


@functools.cache
def lines_of(path: Path) -> list[str]:
    """Returns the lines of a file."""
    return path.read_text("utf-8").splitlines()


def comment_above(path: Path, line: int) -> str:
    """Returns the comment that starts with `#:` above a line, which documents what follows."""
    found: list[str] = []
    for each in reversed(lines_of(path)[: line - 1]):
        if not each.lstrip().startswith("#: "):
            break
        found.insert(0, each.lstrip()[3:])
    return "\n".join(found)


@functools.cache
def identifiers() -> dict[str, str]:
    """Returns what names in prose stand for: "networks.dcgan_generator", `DCGAN`, and so on."""
    found: dict[str, str] = {}
    for package in reversed(source.packages()):
        for name in source.public_names(f"tfgan_zoo.{package}"):
            target = source.identifier(f"tfgan_zoo.{package}", name)
            found[f"{package}.{name}"] = found[f"tfgan_zoo.{package}.{name}"] = target
            if re.search("[A-Z]", name) or _FUNCTION.fullmatch(name):
                found[name] = target
    for name in source.public_names("tfgan_zoo"):
        if name[0].isupper():
            found[name] = found[f"tfgan_zoo.{name}"] = f"tfgan_zoo.models.{name}"
    return found


try:
    import griffe
except ImportError:  # The functions above are tested without it.
    pass
else:

    class Docstrings(griffe.Extension):
        """Converts every docstring before it is parsed."""

        def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
            """Converts the docstring of a module, class, function or attribute."""
            if obj.is_attribute and not obj.docstring and isinstance(obj.filepath, Path):
                words = comment_above(obj.filepath, obj.lineno or 1)
                obj.docstring = griffe.Docstring(words, parent=obj) if words else None
            if obj.docstring:
                obj.docstring.value = converted(obj.docstring.value, obj.name)
