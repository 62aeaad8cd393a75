import configparser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_is_installed():
    """A folder that setup.cfg does not name would be missing from the wheel."""
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    named = set(options["options"]["packages"].split())
    folders = {p.parent.relative_to(ROOT) for p in (ROOT / "tfgan_zoo").rglob("__init__.py")}
    assert named == {".".join(folder.parts) for folder in folders} | {"tfgan_zoo.configs"}
