"""The presets that come with the library: whole, small, described, and as good as they say."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tfgan_zoo
from benchmarks import make_preset
from tests.marks import slow_except
from tfgan_zoo import pictures, presets
from tfgan_zoo.data import open_source
from tfgan_zoo.metrics.figures import figure_scores
from tfgan_zoo.models import MODELS
from tfgan_zoo.run import export_run

ROOT = Path(__file__).parents[2]
CARDS = list(tfgan_zoo.list_presets())
NAMES = [card.name for card in CARDS]
each = pytest.mark.parametrize("card", CARDS, ids=NAMES)


def test_the_table_prints(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    table = str(tfgan_zoo.list_presets())
    head, *rows = table.splitlines()
    assert head.split() == list(presets.cards.COLUMNS)
    assert [row.split()[0] for row in rows] == NAMES
    assert len({row.index(card.command) for row, card in zip(rows, CARDS, strict=True)}) == 1
    shown = tfgan_zoo.list_presets()._repr_html_()
    assert shown.count("<tr>") == len(NAMES) + 1
    assert "&lt;" not in shown


@pytest.mark.parametrize("columns", [80, 130])
def test_the_table_fits_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    head, *rows, last = str(tfgan_zoo.list_presets()).splitlines()
    assert max(map(len, (head, *rows, last))) <= columns
    assert [row.split()[0] for row in rows] == NAMES
    assert [*head.split(), *re.findall(r"\w+", last.partition(":")[2])] == list(
        presets.cards.COLUMNS
    )


def test_classes_have_the_names_of_their_numbers():
    # Zalando's list.
    clothes = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    wanted = {
        "biggan_fashion_mnist": clothes.split(","),
        "dcgan_figures": list(open_source("figures").class_names),
        "gan_3d_solids": ["box", "ball", "cylinder", "cone", "torus", "cross-bar"],
        "r3gan_fashion_mnist_classes": clothes.split(","),
    }
    found = {}
    for card in CARDS:
        with zipfile.ZipFile(presets.file_of(card)) as archive:
            config = json.loads(archive.read("config.json"))["config"]
            stored = json.loads(archive.read(presets.RUN))["config"]["data"]
        if names := config.get("class_names"):
            found[card.name] = names
        # Commands take those of the run's data.
        assert not stored.get("class_names") or stored["class_names"] == names
    assert found == wanted


@each
def test_a_card_is_complete(card):
    texts = (card.task, card.data, card.licence, card.score, card.command, card.limits)
    assert all(isinstance(text, str) and text for text in texts)
    assert card.model in MODELS
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", card.date)
    assert set(card.commands) <= {"generate", "translate", "encode", "reconstruct"}
    assert card.numbers < 900_000
    assert not make_preset.differ(card.scores_of_run, card.scores, 0.005)
    picture = ROOT / "docs" / "images" / f"preset_{card.name}.png"
    assert picture.stat().st_size < make_preset.MOST_BYTES_OF_PICTURE


@each
def test_a_file_is_whole_and_small(card):
    file = presets.file_of(card)
    assert file.stat().st_size <= make_preset.MOST_BYTES
    note = presets.note_of(file)
    for name in ("name", "data", "licence", "command", "date"):
        assert note[name] == getattr(card, name)
    with zipfile.ZipFile(file) as archive:
        stored = json.loads(archive.read(presets.RUN))
    assert stored["config"]["model"] == card.model
    assert not re.search(r'"(/|\w+:[/~])', json.dumps(stored))  # no path of some machine


def test_together_they_are_small():
    files = list(make_preset.FOLDER.glob("*.keras"))
    assert {file.stem for file in files} <= set(NAMES)
    assert sum(file.stat().st_size for file in files) <= make_preset.MOST_BYTES_OF_ALL


def test_the_documentation_has_every_preset():
    """`python -m benchmarks.make_preset --tables` writes it."""
    page, readme = ((ROOT / name).read_text("utf-8") for name in ("docs/presets.md", "README.md"))
    for card in CARDS:
        assert card.sha256[:16] in page
        assert f"### `{card.name}`" in page
        assert f"| `{card.name}` |" in readme
    assert len(re.findall("^### ", page, re.M)) == len(CARDS)


def test_samples_are_as_good_as_the_card_says():
    card = presets.find("r3gan_figures")
    model = tfgan_zoo.from_preset(card.name)
    wanted = card.scores["figures_validity"]

    def validity():
        return figure_scores(pictures.to_uint8(model.generate(64, seed=1)))["validity"]

    assert validity() > wanted - 0.1
    for weight in model.generator.weights[:4]:  # a control
        weight.assign(np.zeros(weight.shape, "float32"))
    for average, network in zip(model.averages, model.shown_networks(), strict=True):
        average.set_weights(network.get_weights())
    assert validity() < 0.5


@pytest.mark.parametrize("name", slow_except((), NAMES))
def test_the_score_of_the_card_is_reproduced(name):
    card = presets.find(name)
    found = make_preset.measured(presets.file_of(card), card.check)
    assert not make_preset.differ(card.check["scores"], found, card.check["tolerance"])
    others = {key: value + 0.05 * max(1, abs(value)) for key, value in found.items()}
    assert len(make_preset.differ(others, found, card.check["tolerance"])) == len(found)


@pytest.mark.parametrize("name", slow_except((), NAMES))
def test_a_preset_exports(name, tmp_path):
    # It compares the SavedModel's answers with the model's.
    path = export_run(presets.file_of(presets.find(name)), tmp_path / name)
    text = (path / "README.md").read_text()
    assert f"- preset: `{name}`, " in text
    assert all(f"- {score}: " in text for score in presets.find(name).scores)


@pytest.mark.slow
def test_a_conditional_preset_keeps_its_classes():
    model = tfgan_zoo.from_preset("dcgan_figures")
    image = pictures.to_uint8(model.generate(8, label="red circle", seed=0))
    scores = figure_scores(image)
    assert (scores["validity"], scores["modes"]) == (1.0, 1.0)
    red, green, blue = image[:, 12:20, 12:20].astype(float).mean(axis=(0, 1, 2))
    assert len(model.class_names) == 48
    assert red > max(green, blue)
