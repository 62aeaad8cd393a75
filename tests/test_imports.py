"""Imports run one way: a room uses what stands below it, never what is built on it."""

from collections import Counter

import pytest

from tests import house

#: Rooms that know no models: these meet in `tasks` and `run`.
APART = ("callbacks", "config", "data", "metrics", "pictures", "reporting")
#: Rooms that users of a model need without a run: no flags, no recipes.
WITHOUT_RUNS = ("layers", "losses", "networks", "models", "serving", "data", "metrics")


def test_every_room_stands_on_one_floor():
    rooms = {house.room_of(path) for path in house.files()}
    standing = Counter(room for floor in house.FLOORS for room in floor)
    assert rooms == set(standing)
    assert set(standing.values()) == {1}


def test_no_import_goes_up():
    assert house.upward() == []


def test_no_modules_import_one_another_in_a_circle():
    assert house.circles() == []


@pytest.mark.parametrize("room", APART)
def test_models_meet_data_scores_and_pictures_only_in_tasks_and_runs(room):
    for path in house.files():
        if house.room_of(path) == room:
            assert "models" not in house.rooms_used(path), path


@pytest.mark.parametrize("room", WITHOUT_RUNS)
def test_models_and_data_need_neither_flags_nor_recipes(room):
    for path in house.files():
        if house.room_of(path) == room:
            packages = {name.split(".")[0] for name in house.imports(path)}
            assert not packages & {"absl", "configs", "ml_collections"}, path


def test_users_need_no_folder_that_is_not_installed():
    """Neither what is imported nor the commands that recipes give."""
    for path in house.files():
        packages = {name.split(".")[0] for name in house.imports(path)}
        assert not packages & {"benchmarks", "tests"}, path
    for path in (house.ROOT.parent / "configs").glob("*.py"):
        assert "benchmarks" not in path.read_text(), path


def test_a_circle_and_an_import_that_goes_up_are_found(tmp_path):
    root = tmp_path / "tfgan_zoo"
    for name, text in {
        "losses.py": "from tfgan_zoo.models import a",
        "models/__init__.py": "",
        "models/a.py": "import tfgan_zoo.models.b",
        "models/b.py": "def f():\n    from tfgan_zoo.models import a",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert house.upward(root) == ["losses.py -> models"]
    assert house.circles(root) == [["tfgan_zoo.models.a", "tfgan_zoo.models.b"]]
