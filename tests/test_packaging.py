import configparser
import re
from pathlib import Path

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
