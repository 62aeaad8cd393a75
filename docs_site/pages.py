"""All pages that are made, and the navigation."""

from typing import Any

from docs_site import api, commands, links, models, readme, recipes, source, text
from docs_site.source import ROOT

FOLDER = ROOT / "docs_site"


def generated(repository: str = "") -> dict[str, str]:
    """Returns the pages that are not in `docs/`: path on the site -> Markdown.

    Args:
        repository: Address of the repository, for links to files that are not on the site.
    """
    pages = {
        "index.md": (FOLDER / "index.md")
        .read_text("utf-8")
        .replace("{install}", readme.installation()),
        "lectures.md": _lectures(),
        "getting_started.md": _getting_started(),
        "commands.md": commands.page(),
        "recipes.md": recipes.page(),
        "models/index.md": models.index(),
        "api/index.md": api.index(),
    }
    pages |= {f"models/{key}.md": models.page(key) for key in source.models()}
    pages |= {f"api/{name}.md": api.page(name) for name in source.packages()}
    for file, page in links.PAGES.items():
        pages[page] = (ROOT / file).read_text("utf-8")
    return {
        page: links.rewritten(markdown, page, "", repository) for page, markdown in pages.items()
    }


def _lectures() -> str:
    """Returns the page of lectures, and at its end the models that no row names."""
    written = (FOLDER / "lectures.md").read_text("utf-8")
    table = readme.models()
    rows = [
        [f"[{model.name}](models/{key}.md)", *table.get(key, ("", ""))]
        for key, model in source.models().items()
        if f"models/{key}.md" not in written
    ]
    if not rows:
        return written
    return f"{written}\n## Further models\n\n{text.table(['model', 'paper', ''], rows)}\n"


def _getting_started() -> str:
    """Returns README's first steps."""
    parts = [
        "# Getting started\n",
        "On Linux with Python 3.11 or later, install the package from a checkout of its "
        "repository, and train a first model on drawn figures:\n",
        f"```\n{readme.installation()}\n```\n",
        "This takes under ten minutes on two CPU cores, and needs no download. For an NVIDIA GPU, "
        "also run `.venv/bin/pip install 'tensorflow[and-cuda]'`. With the environment activated "
        "(`source .venv/bin/activate`), `python -m tfgan_zoo.train` and all commands below work as "
        "they are written. Ctrl-C saves a run; the same command [resumes]"
        "(training.md#stopping-and-resuming) it.\n",
    ]
    for title, page in readme.SECTIONS.items():
        if page == "getting_started.md":
            parts.append(f"## {title}\n\n{readme.section(title)}\n")
    return "\n".join(parts)


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
            filled.append({title: ["models/index.md", *groups]})
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
