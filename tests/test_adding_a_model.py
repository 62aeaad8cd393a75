"""docs/adding_a_model.md, followed to the letter in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding_a_model.md").read_text()
#: Path and code of each block of Python that names its file.
BLOCKS = re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

#: What shows within seconds that the model trains, and has a recipe.
QUICK = (
    "tests/models/test_counts.py::test_passes_and_operations[hinge_gan]",
    "tests/models/test_balance.py::test_critics_are_never_right[hinge_gan]",
    "tests/models/test_suite.py::test_fit_evaluate_predict[hinge_gan]",
    "tests/config/test_configs_folder.py::test_loads_and_says_what_it_does[hinge_gan]",
    "tests/config/test_configs_folder.py::test_lists_every_argument_of_its_model[hinge_gan]",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository with the page's files, and its line in MODELS."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("tfgan_zoo", "configs", "tests", "docs", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.cfg", "README.md"):
        shutil.copy(ROOT / name, folder)
    # Where an installed package has its recipes; otherwise an editable one would be found.
    (folder / "tfgan_zoo" / "configs").symlink_to(folder / "configs")
    for path, code in BLOCKS:
        if path.endswith("__init__.py"):
            code = with_its_lines((ROOT / path).read_text(), code)
        (folder / path).write_text(code)
    return folder


def with_its_lines(text, code):
    """Adds the lines of an excerpt: imports to the imports, an entry to its dict."""
    before, dict_name, entry = re.fullmatch(
        r"(.*\n)\n(\w+)[^\n]*= \{\n    \.\.\.\n(.*)\}\n", code, re.DOTALL
    ).groups()
    start = re.search(rf"^{dict_name}\b.*\{{\n", text, re.MULTILINE).end()
    end = text.index("}\n", start)
    return f"{text[: text.index('from tfgan_zoo')]}{before}" + (
        text[text.index("from tfgan_zoo") : end] + entry + text[end:]
    )


def run_pytest(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def test_the_page_shows_every_file():
    assert [path for path, _ in BLOCKS] == [
        "tfgan_zoo/models/hinge_gan.py",
        "tfgan_zoo/models/__init__.py",
        "configs/hinge_gan.py",
        "tests/models/test_hinge_gan.py",
    ]


def test_every_file_that_the_page_names_is_there():
    made = {path for path, _ in BLOCKS}
    named = set(re.findall(r"`((?:tfgan_zoo|tests|configs|docs)/[\w/.]*)`", PAGE))
    assert len(named) > 8
    missing = [path for path in named - made if not (ROOT / path).exists()]
    assert not missing
    for name in re.findall(r"`(\w+\.py)`", PAGE):
        assert (ROOT / "tfgan_zoo" / "models" / name).exists(), name


def test_the_model_of_the_page_passes_its_test_and_the_suites(copy):
    said = run_pytest(copy, "tests/models/test_hinge_gan.py", *QUICK)
    assert f"{3 + len(QUICK)} passed" in said, said


@pytest.mark.slow
def test_the_model_of_the_page_passes_all_suites(copy):
    said = run_pytest(copy, "-k", "hinge_gan or quick_recipe")
    assert int(re.search(r"(\d+) passed", said)[1]) > 25, said
