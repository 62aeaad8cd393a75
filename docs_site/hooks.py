"""Hooks of MkDocs: pages that are made, and links of pages in `docs/`."""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # `mkdocs` does not add the current folder.

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

from docs_site import links, pages, rendered, text

#: The repository's address, as in `setup.py`, for links to files that are not on the site.
REPOSITORY = os.environ.get("TFGAN_ZOO_URL", "")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Completes the navigation, and makes anchors as GitHub does."""
    config.nav = pages.navigation(config.nav or [])
    config.repo_url = REPOSITORY or None
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made, and the style sheet."""
    for path, markdown in pages.generated(REPOSITORY).items():
        files.append(File.generated(config, path, content=markdown))
    sheet = pages.FOLDER / "extra.css"
    files.append(File.generated(config, "assets/extra.css", abs_src_path=str(sheet)))
    return files


def on_page_content(html: str, **kwargs: Any) -> str:
    """Keeps flags and dates in one line, and names the cells of tables for narrow screens."""
    return rendered.with_named_cells(rendered.with_whole_dates(rendered.with_whole_flags(html)))


def on_page_markdown(markdown: str, page: Page, **kwargs: Any) -> str:
    """Adapts a page: links that leave `docs/`, bars, commands, and what is shown and found."""
    if page.parent is None:  # A tab of its own, with no other page to name at the left.
        page.meta["hide"] = [*page.meta.get("hide", ()), "navigation"]
    if page.file.src_uri.startswith(("api/", "changes")):  # What explains comes before lists.
        page.meta["search"] = {"boost": 0.2}
    markdown = text.with_shells(text.plain_bars(markdown))
    if page.file.generated_by:
        return markdown
    return links.rewritten(markdown, page.file.src_uri, "docs", REPOSITORY)
