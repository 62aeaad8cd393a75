"""All pages that are made, and the navigation."""

import re
from typing import Any

from docs_site import api, commands, links, models, recipes, source, text
from docs_site.source import ROOT

FOLDER = ROOT / "docs_site"


def generated(repository: str = "") -> dict[str, str]:
    """Returns the pages that are not in `docs/`: path on the site -> Markdown.

    Args:
        repository: Address of the repository, for links to files that are not on the site.
    """
    pages = {
        "index.md": _home(),
        "lectures.md": _lectures(),
        "commands.md": commands.page(),
        "recipes.md": recipes.page(),
        "api/index.md": api.index(),
    }
    pages |= {f"models/{key}.md": models.page(key) for key in source.models()}
    pages |= {f"api/{name}.md": api.page(name) for name in source.packages()}
    for file, page in links.PAGES.items():
        pages[page] = (ROOT / file).read_text("utf-8")
    return {
        page: links.rewritten(markdown, page, "", repository) for page, markdown in pages.items()
    }


def _home() -> str:
    """Returns the first page, with README's first command and its section on what has been run."""
    readme = (ROOT / "README.md").read_text("utf-8")
    install = re.search(r"^```\n(.*?)\n```", readme, re.M | re.S)
    limits = re.search(r"^## What has been run.*?(?=\n## )", readme, re.M | re.S)
    assert install, "README: begin with a command"
    assert limits, "README: add a section on what has been run"
    page = (FOLDER / "index.md").read_text("utf-8")
    return page.replace("{install}", install[1]).replace("{limits}", limits[0])


def _lectures() -> str:
    """Returns the page of lectures, and at its end the models that no row names."""
    written = (FOLDER / "lectures.md").read_text("utf-8")
    table = models.table()
    rows = [
        [f"[{model.name}](models/{key}.md)", *table.get(key, ("", ""))]
        for key, model in source.models().items()
        if f"models/{key}.md" not in written
    ]
    if not rows:
        return written
    return f"{written}\n## Further models\n\n{text.table(['model', 'paper', ''], rows)}\n"


def navigation(nav: list[Any]) -> list[Any]:
    """Returns the navigation of `mkdocs.yml` with the made pages of models and of the API.

    Args:
        nav: As written there, in which "models" and "api" stand for these pages.
    """
    filled = []
    for entry in nav:
        title, value = next(iter(entry.items())) if isinstance(entry, dict) else ("", entry)
        if value == "models":
            groups = [
                {kind: [{source.models()[k].name: f"models/{k}.md"} for k in keys]}
                for kind, keys in recipes.models_by_kind().items()
            ]
            filled.append({title: ["models.md", *groups]})
        elif value == "api":
            pages = [{f"tfgan_zoo.{n}": f"api/{n}.md"} for n in source.packages()]
            filled.append({title: ["api/index.md", *pages]})
        elif isinstance(value, list):
            filled.append({title: navigation(value)})
        else:
            filled.append(entry)
    return filled


def in_navigation(nav: list[Any]) -> list[str]:
    """Returns the pages that a navigation names."""
    found: list[str] = []
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            found += in_navigation(value) if isinstance(value, list) else [value]
    return found
