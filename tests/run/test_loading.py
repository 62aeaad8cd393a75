"""`tfgan_zoo.load_model` of whatever path."""

import pytest

import tfgan_zoo
from tests.models.changed import gan
from tests.models.tiny import assert_same, state
from tfgan_zoo.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished run's folder, as far as loading looks at it."""
    folder = tmp_path_factory.mktemp("run")
    model = gan(name="gan")
    model.compile()
    model.save(folder / "model.keras")
    model.export(folder / "export")
    model.save_weights(folder / "a.weights.h5")
    (folder / "old.h5").write_bytes(b"")
    (folder / "damaged.keras").write_bytes(b"PK")
    (folder / "begun" / "checkpoints").mkdir(parents=True)
    (folder / "begun" / "config.json").write_text("{}")
    for name in ("b", "a"):
        (folder / "runs" / name).mkdir(parents=True)
        (folder / "runs" / name / "model.keras").write_bytes(b"")
    (folder / "others").mkdir()
    model.generator.save(folder / "others" / "generator.keras")
    return folder


def test_a_run_folder_loads_its_model(folder):
    loaded = tfgan_zoo.load_model(folder)
    assert loaded.compiled
    assert_same(state(loaded), state(tfgan_zoo.load_model(str(folder / "model.keras"))))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("export", r"a SavedModel, which is for serving .*tf\.saved_model\.load"),
        ("modle.keras", r"does not exist; did you mean '.*model\.keras'\?"),
        ("nowhere/model.keras", "does not exist; check the path"),
        ("old.h5", r"expected a \.keras file, .*got '.*old\.h5'"),
        ("a.weights.h5", r"only weights; .*model\.load_weights"),
        ("damaged.keras", r"is damaged or not a \.keras file"),
        ("begun", r"written when training ends, .*tfgan_zoo\.run\.load_run\("),
        ("others", r"give one of its files, such as '.*generator\.keras'"),
        ("runs", r"give one of the run folders in it: '.*runs/a', '.*runs/b'\."),
        (None, "expected a path"),
    ],
)
def test_what_is_no_model_is_answered_with_what_it_is(folder, path, sentence):
    given = path if path is None else folder / path
    with pytest.raises(InputError, match=rf"^filepath: .*{sentence}"):
        tfgan_zoo.load_model(given)
