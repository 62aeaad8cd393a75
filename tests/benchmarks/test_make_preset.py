"""The command that makes a preset, on tiny runs: nothing but a row more, whatever the model."""

import json

import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from benchmarks import make_preset
from tests.tiny_runs import stepped_run, tiny_super_resolution, tiny_text_to_image, tiny_voxels
from tfgan_zoo import pictures, presets
from tfgan_zoo.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A repository with an empty page of presets."""
    for owner in (make_preset, presets.cards, presets.files):
        monkeypatch.setattr(owner, "FOLDER", tmp_path)
    monkeypatch.setattr(make_preset, "ROOT", tmp_path)
    (tmp_path / "docs" / "images").mkdir(parents=True)
    for page in ("docs/presets.md", "README.md"):
        (tmp_path / page).write_text("<!-- presets:begin -->\n<!-- presets:end -->\n")
    return tmp_path


def finished(config, run):
    stepped_run(config, run)
    (run / "result.json").write_text(json.dumps({"step": 1, "scores": {}, "ended": ""}))
    (run / "samples").mkdir()
    pictures.save_png(run / "samples" / "final.png", np.zeros((60, 90, 3), np.uint8))
    return run


def made(run, name, *argv):
    given = {"workdir": str(run), "name": name, "data": "noise", "licence": "CC0", "limits": "All."}
    make_preset.main([*(f"--{key}={value}" for key, value in given.items()), *argv])
    return presets.find(name)


@pytest.mark.slow
def test_a_preset_of_larger_images(folder):
    config = tiny_super_resolution(folder, pretraining__steps="0", evaluate__split="train[-2:]")
    run = finished(config, folder / "run")
    card = made(run, "larger", "--metrics=psnr,ssim", "--score=psnr")
    assert (card.task, card.commands) == ("enlarges images 2 times", ["translate"])
    assert not make_preset.differ(card.scores_of_run, card.scores, 0.005)
    file = presets.file_of(card)
    assert make_preset.measured(file, card.check) == pytest.approx(card.check["scores"])
    assert str(folder) not in json.dumps(tfgan_zoo.config.stored_config(file))
    page = (folder / "docs" / "presets.md").read_text()
    assert "| [`larger`](#larger) | enlarges images 2 times | noise | CC0 | psnr " in page
    assert (folder / "docs" / "images" / "preset_larger.png").is_file()
    with pytest.raises(InputError, match="--name: 'larger' exists; add --overwrite"):
        made(run, "larger", "--metrics=psnr")
    # Scores of sets that training has not seen.
    source = config["data"]["source"]
    sets = f"--sets=One={source},Two={source}"
    card = made(run, "two", "--metrics=psnr", sets)
    assert card.protocol["images"] == 2 * 12  # all, whatever part the run was scored on
    assert list(card.scores) == ["psnr[One]", "psnr[Two]"]
    assert card.scores["psnr[One]"] == card.scores["psnr[Two]"]
    assert card.score.endswith(" in One")
    assert card.protocol["source"] == "One and Two"
    # A file that does not come with the library.
    away = folder / "away.keras"
    card = made(
        run, "away", "--metrics=psnr", "--url=https://nowhere.invalid/a", f"--output={away}"
    )
    assert (card.bytes, card.url) == (away.stat().st_size, "https://nowhere.invalid/a")
    assert not (folder / "away").exists()


@pytest.mark.slow
def test_a_preset_of_voxels(folder):
    run = finished(tiny_voxels(folder, evaluate__metrics="('solids',)"), folder / "run")
    card = made(run, "solids", "--metrics=solids", "--num=20", "--check_num=12")
    assert (card.task, card.commands) == ("generates voxels of 6 classes", ["generate"])
    assert len(tfgan_zoo.from_preset("solids").class_names) == 6
    with pytest.raises(
        InputError, match=r"--score: expected one of solids_validity, .*, got 'iou'"
    ):
        made(run, "other", "--metrics=solids", "--num=20", "--score=iou")
    assert not list(folder.rglob("other.*"))


@pytest.mark.slow
def test_a_preset_of_texts(folder):
    config = tiny_text_to_image(folder, evaluate__metrics="('swd',)")
    run = finished(config, folder / "run")
    texts = "--texts=a red ring,a blue circle"
    card = made(run, "texts", "--metrics=swd", "--num=16", "--split=train", texts)
    assert (card.task, card.commands) == ("generates images from texts", ["generate"])
    assert card.check["texts"] == ["a red ring", "a blue circle"]
    file = presets.file_of(card)
    assert make_preset.measured(file, card.check) == pytest.approx(card.check["scores"])
    assert str(folder) not in json.dumps(tfgan_zoo.config.stored_config(file))
    with Image.open(folder / "docs" / "images" / "preset_texts.png") as picture:
        assert picture.width // picture.height == 1  # a column for each text, two images high
    with pytest.raises(InputError, match="--texts: expected some for gan_cls, got none"):
        made(run, "other", "--metrics=swd")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "--metrics: expected a value, got none."),
        (["--metrics=swd", "--name=A b"], "--name: expected lower case letters, digits and _"),
        (["--metrics=swd", "--url=x"], "--url, --output: expected both or neither."),
    ],
)
def test_what_is_refused(folder, argv, sentence):
    with pytest.raises(InputError, match=sentence):
        made(folder, "x", *argv)
