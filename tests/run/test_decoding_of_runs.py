"""A run decodes by the rules it began with: in training, resumed, and in what is read for it."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.data.test_decoding import DISPLAY_P3
from tests.tiny_runs import quiet, tiny_config, tiny_translation
from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures, translate
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import images
from tfgan_zoo.tasks.base import open_source_for


def as_of_an_earlier_version(run):
    """Takes out of a run's config what earlier versions did not have."""
    file = run / "config.json"
    written = json.loads(file.read_text())
    for entry in ("white", "color_profiles"):
        del written["config"]["data"][entry]
    file.write_text(json.dumps(written))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Images in Display P3, and dark ones of 16 and of 32 bits, which earlier versions took."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for i in range(12):
        image = Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8))
        image.save(folder / f"{i:02d}.png", icc_profile=DISPLAY_P3)
    dark = random.integers(0, 4096, (2, 16, 16))
    Image.fromarray(dark[0].astype(np.uint16)).save(folder / "dark.png")
    Image.fromarray(dark[1].astype(np.int32)).save(folder / "deep.tif")
    return folder


def of_photos(folder, photos, **overrides):
    return tiny_config(folder, data__source=f"folder:{photos}", evaluate__metrics="()", **overrides)


EARLIER = {"data__white": "0", "data__color_profiles": "ignore"}


@pytest.mark.slow
def test_an_earlier_run_goes_on_with_its_rules(tmp_path, photos, monkeypatch):
    opened = []
    real = images.open_source
    monkeypatch.setattr(images, "open_source", lambda *a, **k: opened.append(k) or real(*a, **k))
    # Of the same steps in one go, as an earlier version would have run them.
    whole = of_photos(tmp_path, photos, **EARLIER)
    experiment.train(whole, tmp_path / "whole", quiet)
    experiment.train(
        of_photos(tmp_path, photos, **EARLIER, train__steps="4"), tmp_path / "run", quiet
    )
    as_of_an_earlier_version(tmp_path / "run")
    for _ in range(2):  # The second time with the entries in its config.
        experiment.train(of_photos(tmp_path, photos), tmp_path / "run", quiet)
        run = Run(tmp_path / "run")
        earlier = {"white": 0, "black": None, "color_profiles": "ignore", "pages": "first"}
        assert run.decoding() == earlier
    assert {(o["white"], o["color_profiles"]) for o in opened} == {(0, "ignore")}
    first, second = (
        Run(tmp_path / name).checkpoints.state(10)["means"] for name in ("whole", "run")
    )
    assert first == second


def test_a_new_run_has_the_new_rules(tmp_path, photos):
    config = of_photos(tmp_path, photos)
    assert config_lib.decoding(config.data) == {
        "white": None,
        "color_profiles": "srgb",
        "black": None,
        "pages": "first",
    }
    with (
        pytest.raises(ValueError, match=r"deep.tif has 32-bit pixels .*--config.data.white"),
        pytest.warns(UserWarning, match="nearly black"),
    ):
        experiment.train(config, tmp_path / "run", quiet)


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translator")
    config = tiny_translation(folder, "pix2pix")
    config.train.steps = 2
    config.evaluate.metrics = ()
    experiment.train(config, folder / "run", quiet)
    return folder / "run"


def translated(run, source, output, *flags):
    translate.main(
        [f"--workdir={run}", f"--input={source}", f"--output={output}", "--overwrite", *flags]
    )
    return decode(output)


@pytest.mark.slow
def test_translate_reads_by_the_rules_of_the_run_and_takes_white(translator, photos, tmp_path):
    model = experiment.load_run(translator)

    def expected(source, **rules):
        image = with_channels(decode(source, **rules), 1)
        return pictures.to_uint8(model.translate(image[np.newaxis])[0])

    photo, output = photos / "00.png", tmp_path / "out.png"
    new, old = expected(photo), expected(photo, color_profiles="ignore")
    assert (new != old).any()
    np.testing.assert_array_equal(translated(translator, photo, output), new)
    deep = photos / "deep.tif"
    with pytest.raises(ValueError, match=r"32-bit pixels .*give it as --white"):
        translated(translator, deep, output)
    with pytest.warns(UserWarning, match=r"nearly black.*give its value as --white"):
        translated(translator, photos / "dark.png", output)
    bright = translated(translator, deep, output, "--white=4095")
    np.testing.assert_array_equal(bright, expected(deep, white=4095))
    as_of_an_earlier_version(translator)
    np.testing.assert_array_equal(translated(translator, photo, output), old)
    np.testing.assert_array_equal(translated(translator, deep, output), expected(deep, white=0))


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        ({"white": 4095, "color_profiles": "srgb"}, {"white": 4095, "color_profiles": "srgb"}),
        ({"formats": "all"}, {"formats": "all"}),
        ({}, {"white": 0, "color_profiles": "ignore", "formats": "common"}),
    ],
)
def test_evaluate_opens_data_by_the_rules_of_the_run(monkeypatch, data, rules):
    config = config_lib.default_config()
    config.data = config_lib.with_earlier_meaning({"data": {"source": "x", **data}})["data"]
    opened = []
    open_source_for(
        lambda *_, **options: opened.append(options), "folder:x", "train", 16, config.data
    )
    assert {name: opened[0][name] for name in rules} == rules


def test_white_is_a_config_entry_of_every_task():
    for make in (
        config_lib.noise_to_image_config,
        config_lib.image_to_image_config,
        config_lib.super_resolution_config,
        config_lib.text_to_image_config,
    ):
        config = make("x")
        config_lib.override(config, "data.white", "4095")
        config_lib.override(config, "data.color_profiles", "ignore")
        config_lib.override(config, "data.black", "-1000")
        config_lib.override(config, "data.pages", "channels")
        assert config_lib.decoding(config.data) == {
            "white": 4095,
            "color_profiles": "ignore",
            "black": -1000,
            "pages": "channels",
        }
        config_lib.override(config, "data.white", "0.5")
        assert config_lib.decoding(config.data)["white"] == 0.5
        config.data.white = 255  # as in stored configs
        assert config_lib.decoding(config.data)["white"] == 255
        config_lib.override(config, "data.white", "none")
        assert config.data.white is None
