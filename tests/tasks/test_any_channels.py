"""Images of any number of channels, wherever they are drawn or written."""

import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from tests.marks import slow
from tests.tiny_runs import tiny_config, tiny_super_resolution
from tfgan_zoo import generate, pictures
from tfgan_zoo.callbacks import SampleSheet
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files, grids
from tfgan_zoo.run import experiment
from tfgan_zoo.run.building import build_model
from tfgan_zoo.tasks import open_task

CHANNELS = (1, 2, 3, 4, 5)


@pytest.fixture(autouse=True)
def say_again():
    grids._warn_of_first_three.cache_clear()


def noise(channels, num=4):
    return np.random.default_rng(channels).integers(0, 256, (num, 6, 8, channels), np.uint8)


def drawn(make, channels):
    """What is drawn, with the one warning that belongs to more than three channels."""
    if channels <= 3:
        return make()
    with pytest.warns(UserWarning, match=f"Images with {channels} channels: .*first three") as said:
        made = make()
    assert len(said) == 1
    return made


@pytest.mark.parametrize("channels", CHANNELS)
def test_every_sheet_draws_any_number_of_channels(channels):
    images, labels = noise(channels), list("abcd")

    def sheets():
        return [
            pictures.grid(images),
            pictures.rows([images, noise(1), noise(3)]),
            pictures.labelled_rows(labels, images[:, np.newaxis]),
            pictures.labelled_grid(labels, images, 2),
            pictures.sheet(pictures.from_uint8(images)),
        ]

    for sheet in drawn(sheets, channels):
        assert sheet.dtype == np.uint8
        assert sheet.ndim == 3
        assert sheet.shape[-1] == 3


def test_two_channels_are_two_grey_panels_and_four_lie_on_white_where_they_have_alpha():
    (two,) = noise(2, 1)
    panels = pictures.as_colour(two)
    assert panels.shape == (6, 16, 3)
    np.testing.assert_array_equal(panels[:, :8, 1], two[..., 0])
    np.testing.assert_array_equal(panels[:, 8:, 2], two[..., 1])
    clear = np.zeros((6, 8, 4), np.uint8)
    assert pictures.as_colour(clear, alpha=True).min() == 255
    (three,) = noise(3, 1)
    assert pictures.as_colour(three) is not None
    np.testing.assert_array_equal(pictures.as_colour(three), three)


@pytest.mark.parametrize("channels", CHANNELS)
def test_files_hold_all_channels_that_they_can(tmp_path, channels):
    images = noise(channels)
    drawn(lambda: pictures.save_folder(tmp_path / "all", images), channels if channels > 4 else 1)
    read = decode(tmp_path / "all" / "000001.png")
    np.testing.assert_array_equal(read, images[1] if channels < 5 else images[1, ..., :3])
    grids._warn_of_first_three.cache_clear()
    drawn(lambda: pictures.save_gif(tmp_path / "a.gif", images), channels)
    with Image.open(tmp_path / "a.gif") as walk:
        assert walk.n_frames == 4
    pictures.save_image(tmp_path / "a.jpg", images[0])
    assert decode(tmp_path / "a.jpg").shape[:2] == (6, 8)


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_translations_to_any_number_of_channels_are_written_and_compared(tmp_path, channels):
    source = tmp_path / "in.png"
    pictures.save_png(source, noise(4)[0])  # Its alpha is not put among the others.
    target = pictures.from_uint8(noise(channels)[0])
    planned = files.plan(source, tmp_path / "out.png", compare=True)
    drawn(lambda: files.convert(planned, lambda _: target, 3, compare=True), channels)
    assert decode(tmp_path / "out.png").shape == (6, 8, channels if channels < 5 else 3)
    assert decode(tmp_path / "out_compare.png").shape[-1] == 3


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_16_bits_write_what_8_bits_write(tmp_path, channels):
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    source, made = tmp_path / "in.png", noise(channels)[0]
    pictures.save_png(source, noise(3)[0])
    planned = files.plan(source, tmp_path / "out.png", bits=16)

    def convert():
        files.convert(planned, lambda _: pictures.from_uint8(made), 3, bits=16)

    drawn(convert, 5) if channels == 5 else convert()
    # PNG of OpenCV has no grey with alpha.
    expected = made[..., :3] if channels == 5 else with_channels(made, 4)
    np.testing.assert_allclose(decode(tmp_path / "out.png"), expected, atol=1)


@pytest.mark.parametrize("channels", [2, slow(4), slow(5)])
def test_a_model_of_any_number_of_channels_trains_draws_and_exports(tmp_path, channels):
    model = tfgan_zoo.GAN((4, 4, channels), latent_dim=2)
    model.compile()
    data = np.zeros((8, 4, 4, channels), np.uint8)
    sheet = SampleSheet(tmp_path / "samples")
    drawn(lambda: model.fit(data, batch_size=4, verbose=0, callbacks=[sheet]), channels)
    (file,) = (tmp_path / "samples").iterdir()
    assert decode(file).shape[-1] == 3
    forms = model.signatures()
    assert "generate_uint8" in forms
    assert "generate_png" not in forms


def test_a_run_from_files_takes_any_number_of_channels_but_converts_none_of_five(tmp_path):
    config = tiny_config(tmp_path, "gan")
    np.savez(tmp_path / "five.npz", image=np.zeros((8, 16, 16, 5), np.uint8))
    config.data.source = f"npz:{tmp_path}/five.npz"
    for channels in (2, 5):
        config.model_args.image_shape = (16, 16, channels)
        model = build_model(config)
        if channels == 5:
            (batch,) = open_task(config, model).batches(0).take(1)
            assert batch.shape == (8, 16, 16, 5)
        else:
            with pytest.raises(InputError, match=r"has 5 channels where 2 are expected"):
                open_task(config, model)
    config = tiny_super_resolution(tmp_path)
    config.model_args.image_shape = (16, 16, 2)
    with pytest.raises(InputError, match=r"image_shape: expected 1 \(grey\) or 3 .*16, 2"):
        open_task(config, build_model(config))


@pytest.mark.parametrize("output", ["grid.png", "images", "walk.gif"])
def test_generate_writes_any_number_of_channels(tmp_path, monkeypatch, output):
    model = tfgan_zoo.GAN((4, 4, 2), latent_dim=2)
    monkeypatch.setattr(experiment, "load_run", lambda *_: model)
    walk = ["--interpolate"] if output.endswith(".gif") else []
    generate.main([f"--workdir={tmp_path}", f"--output={tmp_path / output}", "--num=3", *walk])
    if output == "images":
        assert decode(tmp_path / output / "000002.png").shape == (4, 4, 2)
    else:
        height, width = decode(tmp_path / output).shape[:2]
        assert width > height  # two panels
