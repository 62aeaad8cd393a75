"""Links between pages, and from pages to files that are not on the site."""

import posixpath
import re
from collections.abc import Callable

from docs_site import recipes, source
from docs_site.source import ROOT

#: Files of the repository that are pages of the site.
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}

#: Pages that are made, besides those of models and of the API.
MADE = (
    "commands.md",
    "index.md",
    "lectures.md",
    "recipes.md",
    *PAGES.values(),
)

#: A link or a picture in Markdown, and a picture in HTML. Code is matched first, and left alone.
_LINK = re.compile(
    r"^ *```.*?^ *```$|``.+?``|`(?:[^`\n]|\n(?!\n))*`"
    r"|(?P<before>\]\(\s*)(?P<target>[^)\s]+)(?P<after>\s*\))"
    r'|(?P<start><img src=")(?P<source>[^"]+)(?P<end>")',
    re.M | re.S,
)
_LABEL = re.compile(r"\[(?P<label>(?:[^\[\]]|\[[^\]]*\])*)\]\(\s*MISSING\s*\)")


def rewritten(markdown: str, page: str, folder: str = "docs", repository: str = "") -> str:
    """Returns a page with links that lead to pages of the site.

    A link to a file that is not on the site leads to the repository, if its address is known;
    otherwise only its text stays.

    Args:
        markdown: The page.
        page: Its path on the site.
        folder: The folder of the repository in which the text stands: "docs", or "" for README.
        repository: Address of the repository, on a host with GitHub's paths.
    """

    def target_of(target: str) -> str:
        if re.match(r"[a-z]+:|#|/", target):
            return target
        path, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(folder, path))
        found = on_site(path, anchor)
        if found is None:
            return f"{repository.rstrip('/')}/blob/HEAD/{path}" if repository else "MISSING"
        name, anchor = found
        relative = posixpath.relpath(name, posixpath.dirname(page) or ".")
        return relative + (f"#{anchor}" if anchor else "")

    changed = _LINK.sub(lambda match: _with(match, target_of), markdown)
    return _LABEL.sub(lambda match: match["label"], changed)


def _with(match: re.Match, target_of: Callable[[str], str]) -> str:
    if match["target"]:
        return match["before"] + target_of(match["target"]) + match["after"]
    if match["source"]:
        return match["start"] + target_of(match["source"]) + match["end"]
    return match[0]


def on_site(path: str, anchor: str = "") -> tuple[str, str] | None:
    """Returns where a file of the repository, or a page that is made, stands on the site.

    Args:
        path: The file, relative to the repository; or the page.
        anchor: A heading in it.

    Returns:
        A path on the site and an anchor; None if the file is not there.
    """
    if path in PAGES:
        return PAGES[path], anchor
    if path == "README.md":
        return "index.md", anchor
    if path.startswith("configs"):
        name = path.removeprefix("configs").strip("/").removesuffix(".py")
        return recipes.place_of(name) if name else ("recipes.md", "")
    model = re.fullmatch(r"tfgan_zoo/models/(\w+)\.py", path)
    if model and model[1] in source.models():
        return f"models/{model[1]}.md", ""
    for file in (path.removeprefix("docs/"), path):
        if (ROOT / "docs" / file).is_file():
            return file, anchor
    if path in MADE or re.fullmatch(r"(models|api)/\w+\.md", path):
        return path, anchor
    return None


def slug(heading: str) -> str:
    """Returns the anchor of a heading, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
    return kept.strip().replace(" ", "-")
