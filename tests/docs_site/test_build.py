"""The site is built with the extra `docs`, as `.ci/extras` installs it."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("material", reason="pip install 'tfgan_zoo[docs]'")
pytest.importorskip("mkdocstrings_handlers.python", reason="pip install 'tfgan_zoo[docs]'")

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Sources(HTMLParser):
    """Collects the pictures and the ids of a page."""

    def __init__(self, page):
        super().__init__()
        self.pictures, self.ids, self.outside = [], set(), []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        if tag == "img":
            self.pictures.append(attributes["src"])
        if tag in ("script", "link"):
            address = attributes.get("src") or attributes.get("href") or ""
            self.outside += [address] if address.startswith(("http", "//")) else []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", f"--site-dir={folder}"],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    assert "WARNING" not in built.stderr, built.stderr[-4000:]
    return folder


def test_pictures_are_there_and_nothing_is_loaded_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        found = Sources(page)
        missing = [
            each for each in found.pictures if not each.startswith("data:")
            if page.name != "404.html" and not (page.parent / each).resolve().is_file()
        ]  # fmt: skip
        assert not missing, (page, missing)
        assert not found.outside, (page, found.outside)


def test_the_reference_shows_arguments_and_formulas(site):
    losses = site / "api" / "losses.html"
    found = Sources(losses)
    assert {"tfgan_zoo.losses.l1", "tfgan_zoo.losses.wgan_gp_penalty"} <= found.ids
    text = losses.read_text("utf-8")
    assert "Raises:" in text
    assert "Parameters:" in text
    assert "Returns:" in text
    page = (site / "models" / "biggan.html").read_text("utf-8")
    assert "L_G = -E[C(G(z, y), y)] + beta sum |W^T W * (1 - I)|^2." in page
    assert "<em>discriminator" not in page
