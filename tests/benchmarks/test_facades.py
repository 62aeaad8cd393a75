"""What `benchmarks.facades` trains, and how it scores."""

import json
import types

import numpy as np
import pytest
from PIL import Image

from benchmarks import common, facades, segmenter
from tfgan_zoo import networks
from tfgan_zoo.config import load_config
from tfgan_zoo.data.label_maps import PALETTES
from tfgan_zoo.models import Pix2Pix, Pix2PixHD
from tfgan_zoo.run import experiment

SIDE = 64
COLOURS = np.uint8(PALETTES["cmp_facades"])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Eight pairs: bands of classes, and photographs that are as bright as the class number."""
    folder = tmp_path_factory.mktemp("facades")
    random = np.random.default_rng(0)
    for i in range(8):
        bands = np.repeat(random.permutation(12), SIDE // 8)[:SIDE]
        maps = np.repeat(bands[:, np.newaxis], SIDE, axis=1)
        photograph = np.repeat((20 * maps + 10)[..., np.newaxis], 3, axis=-1).astype(np.uint8)
        pair = np.concatenate([photograph, COLOURS[maps]], axis=1)
        Image.fromarray(pair).save(folder / f"{i}.png")
    return f"folder:{folder}"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(facades, "_SIDE", SIDE)
    monkeypatch.setattr(facades, "_LOAD", SIDE)


def pix2pix():
    generator = networks.unet_generator((SIDE, SIDE, 3), filters=2, depth=2)
    return Pix2Pix((SIDE, SIDE, 3), generator=generator)


def pix2pix_hd():
    given = (SIDE, SIDE, 12)
    generator = networks.global_generator(given, 3, filters=2, downsamplings=2, blocks=1)
    options = {"num_classes": 12, "boundaries": False, "features": None}
    return Pix2PixHD((SIDE, SIDE, 3), generator=generator, **options)


def test_classes_are_those_of_the_colours(source):
    found = facades.load(source, "train[:2]", SIDE)
    assert found.maps.shape == (2, SIDE, SIDE, 1)
    np.testing.assert_array_equal(found.labels, COLOURS[found.maps[..., 0]])
    np.testing.assert_array_equal(found.photographs[..., 0], 20 * found.maps[..., 0] + 10)
    seen = facades.load(source, "train", SIDE)
    np.testing.assert_array_equal(facades.one_colour_a_class(found.maps, seen), found.photographs)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", facades.CONTENDERS)
def test_contenders_differ_in_what_they_say(name, wide):
    given = types.SimpleNamespace(
        facades="folder:f", train_split="train[:2]", test_split="train[2:]", minutes=0.5, wide=wide
    )
    config, minutes, *others = facades.flags_of(name, given, 7)
    assert minutes == "--minutes=0.5"
    entries = dict(flag.removeprefix("--config.").split("=", 1) for flag in others)
    resolved = load_config(config.partition("=")[2], entries)
    args = resolved.model_args
    assert tuple(args.image_shape) == (128, 128, 3)
    assert resolved.data.load_size == 143
    assert not resolved.evaluate.best
    assert resolved.evaluate.samples == 7
    assert bool(args.get("perceptual_weight")) == (name == "hd_perceptual")
    assert (resolved.generator.filters > 16) == wide


def exact(x, training):
    """Reads the class from the brightness, as a segmenter would that knew all about them."""
    classes = np.clip(np.rint((127.5 * (np.mean(x, axis=-1) + 1) - 10) / 20), 0, 11)
    return np.eye(12)[classes.astype(int)]


class Features:
    """Mean colours, in place of a network's features."""

    name, dim, expects = "means", 3, None

    def __call__(self, images):
        return np.asarray(images, np.float32).mean((1, 2)), None


def test_finished_runs_are_scored(source, small, tmp_path, monkeypatch):
    models = {"pix2pix": pix2pix(), "hd": pix2pix_hd()}
    for name in models:
        folder = tmp_path / f"facades_{name}_3min"
        folder.mkdir()
        (folder / "result.json").write_text("{}")
        (folder / "wall_seconds.json").write_text("180")
        (folder / "metrics.jsonl").write_text(json.dumps({"images_per_second": 5.0}))
    monkeypatch.setattr(experiment, "load_run", lambda path: models[path.name.split("_")[1]])
    monkeypatch.setattr("tfgan_zoo.metrics.features.open_features", lambda name: Features())
    monkeypatch.setattr(segmenter, "trained", lambda *args, **options: exact)
    monkeypatch.setattr(common, "clocked", None)
    page, sheet = tmp_path / "page.md", tmp_path / "images" / "sheet.png"
    page.write_text("<!-- facades:begin -->\nNot measured.\n<!-- facades:end -->\n")
    flags = [f"--facades={source}", f"--workdir={tmp_path}", "--minutes=3", "--epochs=1"]
    flags += ["--train_split=train[:4]", "--test_split=train[4:]", "--contenders=pix2pix,hd"]
    facades.main([*flags, f"--output={page}", f"--sheet={sheet}"])
    table = common.shown(page, "facades").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if line[:1] == "|"]
    assert {len(row) for row in rows} == {len(facades._COLUMNS)}
    assert [row[0] for row in rows[2:]] == [
        "`pix2pix`",
        "`pix2pix_hd` without the perceptual term",
        "one colour a class",
        "photographs of other facades",
        "the photographs",
    ]
    assert rows[2][-3:] == ["0", "3.0 min", "5"]
    columns = {name: [row[i] for row in rows[2:]] for i, name in enumerate(rows[0])}
    # In these photographs each class has one colour.
    assert float(columns["MAE"][2]) == 0 < float(columns["MAE"][3])
    assert columns["IoU"][2] == columns["IoU"][4] == "1.000"
    assert max(float(columns["pixels"][i]) for i in (0, 1, 3)) < 0.5
    assert columns["SWD"][4] == "—"
    assert table[-1].endswith("(images/sheet.png)")
    assert sheet.exists()


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--contenders=cyclegan", "--contenders: expected some of pix2pix, hd, hd_perceptual"),
        ("--epochs=0", "--epochs: expected 1 or more, got 0"),
    ],
)
def test_wrong_flags_are_refused(flag, expected):
    with pytest.raises(SystemExit, match=expected):
        facades.main([flag])
