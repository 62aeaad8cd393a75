import configparser
import re
import runpy
from pathlib import Path

import yaml

import tfgan_zoo

ROOT = Path(__file__).parents[1]


def test_every_package_is_installed():
    """A folder that setup.cfg does not name would be missing from the wheel."""
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    named = set(options["options"]["packages"].split())
    folders = {p.parent.relative_to(ROOT) for p in (ROOT / "tfgan_zoo").rglob("__init__.py")}
    assert named == {".".join(folder.parts) for folder in folders} | {"tfgan_zoo.configs"}


def test_the_floors_that_are_tested_are_those_that_are_declared():
    """tests/floor.txt pins what setup.cfg names as the oldest version of each dependency."""
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    asked = "\n".join(
        [
            options["options"]["install_requires"],
            options.get("options.extras_require", "test", raw=True),
        ]
    )
    declared = dict(re.findall(r"^([\w-]+)>=([\d.]+)", asked, re.MULTILINE))
    floor = (ROOT / "tests" / "floor.txt").read_text()
    tested = dict(re.findall(r"^([\w-]+)==([\d.]+)$", floor, re.MULTILINE))
    assert {"keras", "tensorflow", "numpy", "pillow"} < declared.keys() == tested.keys()
    for name, version in declared.items():
        assert re.fullmatch(re.escape(version) + r"(\.0)*", tested[name]), name


def test_everything_but_code_is_package_data():
    """A file that setup.cfg does not name would be missing from the wheel too."""
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    named = {
        path
        for package, patterns in options["options.package_data"].items()
        for pattern in patterns.split()
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    files = {p for p in (ROOT / "tfgan_zoo").rglob("*.*") if p.suffix not in (".py", ".pyc")}
    assert named == {path for path in files if path.is_file()}
    assert {"py.typed", "mnist_v1.npz"} <= {path.name for path in named}


def test_readme_shows_on_pypi():
    """Files of the repository do not exist there."""
    readme = (ROOT / "README.md").read_text("utf-8")
    description = runpy.run_path(str(ROOT / "setup.py"))["description"]
    relative = r'\]\((?!https?:)[^)]*\)|src="(?!https?:)[^"]*"'
    assert re.search(relative, readme)
    shown = description(readme)
    assert not re.search(relative, shown)
    assert "*[Picture: DCGAN on figures, a titled row for each class" in shown
    assert "- How-to: training, data" in shown
    linked = description(readme, "https://example.org/a/b/")
    assert not re.search(relative, linked)
    files = re.findall(r"https://example.org/a/b/(?:raw|blob)/HEAD/([^)\"]+)", linked)
    assert len(files) > 15
    assert all((ROOT / file).is_file() for file in files)
    # Nothing else changes: the same words in the same lines.
    assert re.sub(r"\[([^]]+)\]\([^)]+\)|<img[^>]*>", r"\1", readme) == re.sub(
        r"\[([^]]+)\]\(https?:[^)]+\)|\*\[Picture: [^]]*\]\*", r"\1", shown
    )


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    assert citation["version"] == tfgan_zoo.__version__
    assert citation["license"] == options["metadata"]["license_expression"]
    assert citation["authors"] == [{"name": options["metadata"]["author"]}]
    required = {"cff-version", "message", "title", "authors"}
    assert required <= citation.keys()


def test_the_changelog_starts_with_this_version_and_the_citation_has_its_date():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version, date = re.search(
        r"^## \[(.+)\] - (unreleased|20\d\d-\d\d-\d\d)$", changelog, re.M
    ).groups()
    assert re.search("^## .*", changelog, re.M)[0] == f"## [{version}] - {date}"
    assert version == tfgan_zoo.__version__
    assert str(citation.get("date-released", "unreleased")) == date


def test_the_dockerfile_copies_what_a_build_needs():
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}
    assert {"setup.cfg", "setup.py", "pyproject.toml", "README.md", "tfgan_zoo"} <= copied
    assert all((ROOT / name).exists() and name not in ignored for name in copied)
