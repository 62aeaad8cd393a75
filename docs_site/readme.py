"""README's sections and its table of models, and links to where they stand on the site."""

import functools
import re

from docs_site.source import ROOT

#: Sections of README that pages of the site take over: the section -> the page.
SECTIONS = {
    "In Python": "getting_started.md",
    "On the command line": "getting_started.md",
    "What has been run, and what has not": "getting_started.md",
    "Models": "models/index.md",
}


@functools.cache
def text() -> str:
    """Returns README."""
    return (ROOT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """Returns a section of README, without its heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text(), re.M | re.S)
    if not found:
        raise KeyError(f"README has no section {title!r}.")
    return found[1].strip()


def installation() -> str:
    """Returns the first block of code of README: the line that installs the package."""
    found = re.search(r"^```\n(.*?)```", text(), re.M | re.S)
    assert found
    return found[1].strip()


def models() -> dict[str, tuple[str, str]]:
    """Returns the table of models: key -> (paper, what it adds), in Markdown."""
    rows = re.findall(r"^\| `(\w+)` \| `\w+` \|(.*?)\| (.*) \|$", section("Models"), re.M)
    return {key: (paper.strip(), adds) for key, paper, adds in rows}


@functools.cache
def descriptions() -> dict[str, str]:
    """Returns the description of each picture that README or a page describes, by file name."""
    found: dict[str, str] = {}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        source = path.read_text("utf-8")
        for tag in re.findall(r"<img [^>]*>", source):
            name = re.search(r'src="[^"]*?([^/"]+)"', tag)
            words = re.search(r'alt="([^"]*)"', tag)
            if name and words:
                found.setdefault(name[1], " ".join(words[1].split()))
        for words, name in re.findall(r"!\[([^\]]+)\]\([^)]*?([^/)]+)\)", source):
            found.setdefault(name, " ".join(words.split()))
    return found
