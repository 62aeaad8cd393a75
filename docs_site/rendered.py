"""Pages in HTML: where lines break, and what tables need on a narrow screen."""

import re

#: As many letters in a cell make it a sentence, and its table one that need not stay a grid.
SENTENCE = 30

_TABLE = re.compile(r"<table>.*?</table>", re.S)
_CELL = re.compile(r"<td(?P<attributes>[^>]*)>(?P<content>.*?)</td>", re.S)


def with_whole_flags(html: str) -> str:
    """Returns a page whose flags stay in one line: browsers would break them after a hyphen."""

    def in_line(match: re.Match) -> str:
        return re.sub(r"(?<![^\s>])(--[^\s<]+)", r'<span class="flag">\1</span>', match[0])

    def in_block(match: re.Match) -> str:
        code = re.sub(r"(?<![\w-])(--\w[\w.]*)", r'<span class="flag">\1</span>', match[2])
        return match[1] + _in_lines(code) + match[3]

    html = re.sub(
        r'(<div class="language-sh highlight">.*?<code>)(.*?)(</code>)', in_block, html, flags=re.S
    )
    return re.sub(r"(?<=<code>)[^<]* --[^<]*|(?<=<code>)--[^<]*", in_line, html)


def _in_lines(code: str) -> str:
    """Returns code whose lines are elements, unless a coloured word spans several lines."""
    lines = code.split("\n")
    if any(line.count("<span") != line.count("</span>") for line in lines):
        return code
    return "\n".join(f'<span class="line">{line}</span>' if line else "" for line in lines)


def with_whole_dates(html: str) -> str:
    """Returns a page whose dates do not break at their hyphens, outside code."""
    parts = re.split(r"(<pre.*?</pre>|<code.*?</code>|<[^>]*>)", html, flags=re.S)
    return "".join(
        part
        if number % 2
        else re.sub(r"\b(\d{4}-\d\d-\d\d)\b", r'<span class="date">\1</span>', part)
        for number, part in enumerate(parts)
    )


def with_named_cells(html: str) -> str:
    """Returns a page whose cells name their columns, in wide tables with sentences.

    These have three columns or more, or are those of arguments and errors. If the screen is
    narrow, the style sheet shows a row of such a table as a card. A table of numbers stays a grid,
    in which they can be compared.
    """
    return _TABLE.sub(lambda match: _named(match[0]), html)


def _named(table: str) -> str:
    heads = [plain(head) for head in re.findall(r"<th(?:\s[^>]*)?>(.*?)</th>", table, re.S)]
    longest = max((len(plain(cell["content"])) for cell in _CELL.finditer(table)), default=0)
    wide = "Description" in heads or (len(heads) > 2 and longest >= SENTENCE)
    if not wide or "<img" in table:
        return table
    return re.sub(r"<tr[^>]*>.*?</tr>", lambda row: _row(row[0], heads), table, flags=re.S)


def _row(row: str, heads: list[str]) -> str:
    names = iter(heads)

    def cell(match: re.Match) -> str:
        head = next(names, "").replace('"', "&quot;")
        content = match["content"].strip()
        content = f"<div>{content}</div>" if content else ""
        return f'<td{match["attributes"]} data-head="{head}">{content}</td>'

    return _CELL.sub(cell, row)


def plain(html: str) -> str:
    """Returns what a reader sees of HTML, in one line."""
    return " ".join(re.sub(r"<[^>]*>", "", html).split())
