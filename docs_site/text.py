"""Markdown: docstrings, tables, and links that lead out of `docs/`."""

import functools
import re

from docs_site.source import ROOT

#: Code in a line, and addresses: neither is escaped.
_LITERAL = re.compile(r"(``.+?``|`[^`]+`|https?://[^\s)>\]]+)")


def escaped(prose: str) -> str:
    """Returns prose in which formulas stay what they are: no emphasis, no links, no tags.

    Example:
        >>> escaped("E[max(0, 1 - C(x))] and W^T * W_1, see `a_b`")
        'E\\\\[max(0, 1 - C(x))\\\\] and W^T \\\\* W\\\\_1, see `a_b`'
    """
    parts = _LITERAL.split(prose)
    return "".join(
        part if number % 2 else re.sub(r"([\\*_\[\]|#])", r"\\\1", part).replace("<", "&lt;")
        for number, part in enumerate(parts)
    )


def from_docstring(docstring: str) -> str:
    """Returns a docstring's prose as Markdown; blocks indented by four spaces stay code.

    Continued items of lists are indented as Python-Markdown expects them.
    """
    parts: list[str] = []
    in_list = False
    for block in re.split(r"(\n\s*\n)", docstring):
        if not block.strip() or (block.startswith("    ") and not in_list):
            parts.append(block)
            continue
        if block.startswith(">>>"):
            parts.append(fenced(block, "pycon"))
            continue
        items = re.split(r"\n(?=- )", block)
        in_list = block.startswith("- ") or (in_list and block.startswith("  "))
        parts.append("\n".join(_item(item) if in_list else _paragraph(item) for item in items))
    return "".join(parts)


def _item(lines: str) -> str:
    """Returns an item of a list, or a further paragraph of one."""
    mark = "- " if lines.startswith("- ") else "    "
    stripped = "\n".join(line.strip() for line in lines.removeprefix("- ").splitlines())
    return mark + prose(stripped).replace("\n", "\n    ")


def _paragraph(lines: str) -> str:
    """Returns a paragraph; a formula that goes on in a new line is no list."""
    return re.sub(r"^([-+] )", r"\\\1", prose(lines), flags=re.M)


def prose(words: str) -> str:
    """Returns a plain sentence as Markdown: escaped, its addresses and pages of `docs/` linked."""

    def link(match: re.Match) -> str:
        if match["page"] is None:
            return match[0]
        return "[{}]({}.md)".format(*titled(match["page"].replace("\\", "")))

    return re.sub(r"`?\bdocs/(?P<page>[\w\\]+)\.md`?(?![)#])|`[^`]*`", link, linked(escaped(words)))


@functools.cache
def titled(page: str) -> tuple[str, str]:
    """Returns the title of a page in `docs/`, and its name."""
    first = (ROOT / "docs" / f"{page}.md").read_text("utf-8").partition("\n")[0]
    return first.removeprefix("# "), page


def linked(prose: str) -> str:
    """Returns prose whose bare addresses are links."""
    return re.sub(r"(?<!\]\()(?<![<`])(https?://[^\s)>\]`]*[^\s)>\]`.,;:])", r"<\1>", prose)


def cell(text: str) -> str:
    """Returns text for a cell of a table: one line, without bars that would end it."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def plain_bars(markdown: str) -> str:
    """Returns a page without backslashes in the code of tables.

    GitHub needs them before bars; Python-Markdown shows them.
    """
    return re.sub(
        r"^\|.*\|$",
        lambda row: re.sub(r"`[^`]*`", lambda code: code[0].replace("\\|", "|"), row[0]),
        markdown,
        flags=re.M,
    )


#: What a block of commands begins with.
_COMMAND = re.compile(
    r"\s*(?:\w+=\S+ +)*(?:\S*/)?"
    r"(?:python3?|pip|pytest|mkdocs|docker|curl|echo|git|taskset|tfgan_zoo) "
)


def with_shells(markdown: str) -> str:
    """Returns a page in which blocks of commands say so, for their colours and their lines."""

    def named(match: re.Match) -> str:
        shell = _COMMAND.match(match["code"]) is not None
        return f"{match['fence']}{'sh' if shell else ''}\n{match['code']}{match['end']}"

    return re.sub(
        r"^(?P<fence> *```)(?P<language>.*)\n(?P<code>(?:.*\n)*?)(?P<end> *```)$",
        lambda match: match[0] if match["language"] else named(match),
        markdown,
        flags=re.M,
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """Returns a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def fenced(code: str, language: str = "") -> str:
    """Returns a block of code."""
    return f"```{language}\n{code.rstrip()}\n```"
