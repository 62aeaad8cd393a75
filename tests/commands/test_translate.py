"""Translating files: `tfgan_zoo.pictures.files` and the command on it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.marks import slow
from tests.tiny_runs import stepped_run, tiny_config, tiny_super_resolution, tiny_translation
from tfgan_zoo import cli, generate, pictures, translate
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files, tiling
from tfgan_zoo.pictures.labels import TITLES
from tfgan_zoo.run import experiment

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run of two steps: from grey images, a, to colour, b, and back."""
    return trained(tmp_path_factory.mktemp("runs"), "cyclegan")


@pytest.fixture(scope="module")
def one_way(tmp_path_factory):
    """A folder with a run of a model that translates from a to b alone."""
    return trained(tmp_path_factory.mktemp("one_way"), "pix2pix")


def trained(folder, model):
    stepped_run(tiny_translation(folder, model), folder / model, steps=2)
    return folder


@pytest.fixture(scope="module")
def cyclegan(runs):
    return experiment.load_run(runs / "cyclegan")


def pixels(height, width, channels=3, seed=0):
    """Smooth, so that a JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, channels), np.uint8)
    parts = [Image.fromarray(small[..., c]).resize((width, height)) for c in range(channels)]
    return np.stack([np.asarray(part) for part in parts], axis=-1)


def draw(path, height=18, width=23, channels=3, seed=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels(height, width, channels, seed)
    Image.fromarray(image[..., 0] if channels == 1 else image).save(path, **options)
    return path


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def expected(model, path, direction="a_to_b"):
    channels = {"a_to_b": 1, "b_to_a": 3}[direction]
    image = with_channels(decode(path), channels)
    return pictures.to_uint8(model.translate(image[np.newaxis], direction)[0])


def said(*argv, main=translate.main, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


# ---------------------------------------------------------------------- what it writes


def test_a_file_of_any_size_and_colour(runs, cyclegan, tmp_path, capsys):
    photo = draw(tmp_path / "photo.webp", 31, 45, lossless=True)
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={photo}"]
    there = tmp_path / "new" / "there.png"
    status, out, err = said(*command, f"--output={there}", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.startswith("1 image in ")
    assert out.endswith(f" images/s): {there}\n")
    assert read(there).shape == (31, 45, 3)
    np.testing.assert_array_equal(read(there), expected(cyclegan, photo))
    # The other way, to a folder: from colour to grey.
    back = ["--direction=b_to_a", "--checkpoint=last", f"--output={tmp_path / 'back'}"]
    assert said(*command, *back, capsys=capsys)[0] == 0
    came = read(tmp_path / "back" / "photo.png")
    np.testing.assert_array_equal(came, expected(cyclegan, photo, "b_to_a")[..., 0])
    assert names(tmp_path) == ["back/photo.png", "new/there.png", "photo.webp"]


def test_a_jpeg_gives_a_jpeg_of_its_size(runs, tmp_path):
    photo = draw(tmp_path / "photo.JPG", 451, 300, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    translate.main([f"--workdir={runs / 'cyclegan'}", f"--input={photo}", f"--output={tmp_path}/o"])
    with Image.open(tmp_path / "o" / "photo.JPG") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (300, 451))


def test_a_turned_photograph_is_upright(runs, cyclegan, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to look at it
    photo = draw(tmp_path / "photo.jpg", 20, 30, exif=exif)
    out = tmp_path / "out.png"
    translate.main([f"--workdir={runs / 'cyclegan'}", f"--input={photo}", f"--output={out}"])
    assert read(out).shape == (30, 20, 3)
    np.testing.assert_array_equal(read(out), expected(cyclegan, photo))


def test_a_folder_keeps_names_and_places(runs, cyclegan, tmp_path, capsys):
    given = tmp_path / "in"
    for i, name in enumerate(["a.png", "b/a.bmp", "b/c/d.tif", "b/e.jpeg"]):
        draw(given / name, 16 + i, 20, seed=i)
    (given / "b" / "notes.txt").write_text("no image")
    out = tmp_path / "out.v2"
    status, said_out, _ = said(
        f"--workdir={runs / 'cyclegan'}", f"--input={given}", f"--output={out}", capsys=capsys
    )
    assert status == 0
    assert said_out.startswith("4 images in ")
    assert names(out) == ["a.png", "b/a.png", "b/c/d.png", "b/e.jpeg"]
    for source, result in (("b/a.bmp", "b/a.png"), ("b/c/d.tif", "b/c/d.png")):
        np.testing.assert_array_equal(read(out / result), expected(cyclegan, given / source))
    difference = read(out / "b/e.jpeg") - expected(cyclegan, given / "b/e.jpeg").astype(float)
    assert np.abs(difference).mean() < 4


def test_alpha_is_kept(runs, cyclegan, tmp_path):
    given = tmp_path / "in"
    for name, channels in (("colour.png", 4), ("grey.png", 2)):
        draw(given / name, channels=channels)
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={given}"]
    for direction, channels in (("a_to_b", 3), ("b_to_a", 1)):
        out = tmp_path / direction
        translate.main([*command, f"--output={out}", f"--direction={direction}"])
        for name in ("colour.png", "grey.png"):
            came = read(out / name)
            np.testing.assert_array_equal(came[..., -1], decode(given / name)[..., -1])
            np.testing.assert_array_equal(
                came[..., :channels], expected(cyclegan, given / name, direction)
            )
            assert came.shape[-1] == channels + 1
    command[1] = f"--input={given / 'colour.png'}"
    translate.main([*command, f"--output={tmp_path / 'opaque.jpg'}"])
    assert read(tmp_path / "opaque.jpg").shape == (18, 23, 3)


def test_compare_shows_both(runs, cyclegan, tmp_path):
    drawing = draw(tmp_path / "in" / "x.jpg")
    out = tmp_path / "out"
    flags = ["--compare", f"--input={drawing}", f"--output={out}"]
    translate.main([f"--workdir={runs / 'cyclegan'}", *flags])
    assert names(out) == ["x.jpg", "x_compare.png"]
    sheet = read(out / "x_compare.png")[TITLES:]
    # The titles are wider than such small images.
    assert (sheet[:, 2 * 23 + 2 :] == 255).all()
    sheet = sheet[:, : 2 * 23 + 2]
    assert sheet.shape == (18, 2 * 23 + 2, 3)
    # What the model was given: grey.
    np.testing.assert_array_equal(sheet[:, :23, 1:2], with_channels(decode(drawing), 1))
    np.testing.assert_array_equal(sheet[:, 25:], expected(cyclegan, drawing))


@pytest.mark.slow
def test_tiles_that_fade_into_each_other(runs, cyclegan, tmp_path, capsys):
    drawing, out = draw(tmp_path / "x.png", 40, 21), tmp_path / "out.png"
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={drawing}", f"--output={out}"]
    status, _, err = said(*command, "--tile=16", "--overlap=2", capsys=capsys)
    assert status == 0
    assert err == (
        "warning: an image of 21x40 pixels in 6 tiles of 16x16: the generator's instance "
        "normalization treats each tile by itself, so colours may step from tile to tile; --blend "
        "fades tiles into each other, and --size or a larger --tile needs fewer of them.\n"
    )
    command += ["--tile=16", "--blend", "--overwrite"]
    for flags, overlap in (([], 8), (["--overlap=5"], 5)):
        status, _, err = said(*command, *flags, capsys=capsys)
        assert (status, err) == (0, "")
        given = with_channels(decode(drawing), 1)
        tiled = tiling.apply_tiled(
            lambda tile: cyclegan.translate(tile[np.newaxis])[0], given, 16, overlap, blend=overlap
        )
        np.testing.assert_array_equal(read(out), pictures.to_uint8(tiled))


def test_animations_and_16_bits(runs, cyclegan, tmp_path, capsys):
    frames = [pixels(18, 23, seed=i) for i in range(3)]
    first, *rest = map(Image.fromarray, frames)
    walk = tmp_path / "walk.webp"
    first.save(walk, save_all=True, append_images=rest, lossless=True, duration=50)
    command = [f"--workdir={runs / 'cyclegan'}", f"--output={tmp_path / 'out'}"]
    assert said(*command, f"--input={walk}", "--all_frames", capsys=capsys)[0] == 0
    numbered = [*command, f"--input={walk}", "--all_frames", "--frames_as=files"]
    assert said(*numbered, capsys=capsys)[0] == 0
    assert names(tmp_path / "out") == ["walk.webp", *(f"walk_00000{i}.png" for i in range(3))]
    with Image.open(tmp_path / "out" / "walk.webp") as made:
        for i, frame in enumerate(frames):
            grey = with_channels(frame, 1)[np.newaxis]
            result = pictures.to_uint8(cyclegan.translate(grey)[0])
            np.testing.assert_array_equal(read(tmp_path / "out" / f"walk_00000{i}.png"), result)
            made.seek(i)
            np.testing.assert_array_equal(np.asarray(made.convert("RGB")), result)
    # The other way, from 16-bit grey to 16-bit grey, needs no more than Pillow.
    deep = np.linspace(0, 65535, 18 * 23).astype(np.uint16).reshape(18, 23)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    back = [*command, f"--input={tmp_path / 'deep.png'}", "--direction=b_to_a", "--bits=16"]
    assert said(*back, capsys=capsys)[0] == 0
    given = np.repeat(
        (2 * (deep / 65535) - 1).astype(np.float32)[np.newaxis, ..., np.newaxis], 3, -1
    )
    expected_16 = (cyclegan.translate(given, "b_to_a")[0, ..., 0].astype(float) + 1) * 32767.5
    came = read(tmp_path / "out" / "deep.png")
    assert came.dtype in (np.uint16, np.int32)  # Pillow 10 opens 16-bit grey as 32 bits.
    assert np.abs(came - expected_16).max() <= 1
    assert len(np.unique(came)) > 256


@pytest.mark.parametrize("flag", [slow("--tile=16"), "--tile=0"])
def test_large_images_are_translated_in_tiles(runs, cyclegan, tmp_path, monkeypatch, flag):
    monkeypatch.setattr(tiling, "WHOLE", 20 * 20)
    monkeypatch.setattr(tiling, "TILE", 16)
    drawing = draw(tmp_path / "x.png", 40, 21)
    out = tmp_path / "out.png"
    flags = [flag, "--overlap=6", f"--input={drawing}", f"--output={out}"]
    translate.main([f"--workdir={runs / 'cyclegan'}", *flags])
    tiled = tiling.apply_tiled(
        lambda tile: cyclegan.translate(tile[np.newaxis])[0],
        with_channels(decode(drawing), 1),
        16,
        6,
    )
    np.testing.assert_array_equal(read(out), pictures.to_uint8(tiled))
    assert np.any(read(out) != expected(cyclegan, drawing))
    # One that is small enough is translated whole.
    small = draw(tmp_path / "small.png", 16 if flag == "--tile=16" else 25, 16)
    flags = [flag, "--overlap=6", f"--input={small}", f"--output={out}", "--overwrite"]
    translate.main([f"--workdir={runs / 'cyclegan'}", *flags])
    np.testing.assert_array_equal(read(out), expected(cyclegan, small))


def by_hand(model, path, side):
    """Translates an image at another size, with Pillow alone around the model."""
    with Image.open(path) as image:
        grey, (width, height) = image.convert("L"), image.size
    factor = side / min(width, height)
    small = grey.resize((round(width * factor), round(height * factor)), Image.Resampling.LANCZOS)
    made = model.translate(np.asarray(small)[np.newaxis, ..., np.newaxis])[0]
    back = [Image.fromarray(c).resize((width, height), Image.BICUBIC) for c in np.rollaxis(made, 2)]
    return pictures.to_uint8(np.stack([np.asarray(channel) for channel in back], axis=-1))


@pytest.mark.slow
def test_an_image_much_larger_than_those_of_training(runs, cyclegan, tmp_path, capsys):
    photo = draw(tmp_path / "photo.png", 48, 80)
    out = tmp_path / "out.png"
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={photo}", f"--output={out}"]
    status, _, err = said(*command, "--compare", capsys=capsys)
    assert status == 0
    assert err == (
        "Images with a shorter side above 32 pixels, 2 times that of training, are translated at "
        "16 pixels and resized back; --size=0 translates them at their own size.\n"
    )
    at_16 = by_hand(cyclegan, photo, 16)
    np.testing.assert_array_equal(read(out), at_16)
    assert read(tmp_path / "out_compare.png").shape == (TITLES + 48, 2 * 80 + 2, 3)
    # Asked for, in silence: another size, the same one, and the image's own, in tiles or not.
    for flag, result in (
        ("--size=24", by_hand(cyclegan, photo, 24)),
        ("--size=16", at_16),
        ("--size=0", expected(cyclegan, photo)),
        ("--tile=512", expected(cyclegan, photo)),
    ):
        status, _, err = said(*command, flag, "--overwrite", capsys=capsys)
        assert (status, err) == (0, "")
        np.testing.assert_array_equal(read(out), result)
    assert np.abs(at_16.astype(int) - expected(cyclegan, photo)).mean() > 1


def test_images_beyond_pillows_limit(tmp_path, monkeypatch):
    # From half of this on Pillow refuses, from this on it warns, which is an error in tests.
    for limit in (200, 400):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        planned = files.plan(draw(tmp_path / "x.png"), tmp_path / str(limit))
        assert files.convert(planned, pictures.from_uint8, 3) == 1
        kept = Image.MAX_IMAGE_PIXELS
        assert kept == limit
        monkeypatch.undo()
        np.testing.assert_array_equal(read(tmp_path / str(limit) / "x.png"), pixels(18, 23))


def test_a_function_may_enlarge(tmp_path):
    image = pixels(8, 8, 4)
    Image.fromarray(image).save(tmp_path / "x.png")
    planned = files.plan(tmp_path / "x.png", tmp_path / "out", compare=True)

    def enlarge(given):
        return pictures.from_uint8(np.repeat(np.repeat(given, 2, axis=0), 2, axis=1))

    assert files.convert(planned, enlarge, 3, compare=True) == 1
    came = read(tmp_path / "out" / "x.png")
    np.testing.assert_array_equal(came[::2, ::2, :3], with_channels(image, 3))
    alpha = Image.fromarray(image[..., 3]).resize((16, 16), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(came[..., 3], np.asarray(alpha))
    assert len(read(tmp_path / "out" / "x_compare.png")) == TITLES + 16


# ---------------------------------------------------------------------- what it refuses


def test_existing_results_are_refused_before_anything_is_written(runs, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    for name in ("a.png", "b.png", "c.png"):
        draw(given / name)
    for name in ("b.png", "c.png"):
        draw(out / name, channels=1)
    before = (out / "b.png").read_bytes()
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={given}", f"--output={out}"]
    status, _, err = said(*command, capsys=capsys)
    assert status == 2
    assert err == (
        f"error: --output: '{out / 'b.png'}' and 1 more of the results exist; add --overwrite to "
        "replace them, or --skip_existing to leave them out.\n"
    )
    assert names(out) == ["b.png", "c.png"]
    assert (out / "b.png").read_bytes() == before
    assert said(*command, "--overwrite", capsys=capsys)[0] == 0
    assert names(out) == ["a.png", "b.png", "c.png"]
    assert (out / "b.png").read_bytes() != before


def test_a_folder_that_was_cut_off_is_resumed(runs, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    for name in ("a.png", "b/c.png", "d.jpg"):
        draw(given / name)
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={given}", f"--output={out}"]
    command += ["--compare", "--skip_existing"]
    out.mkdir()
    (out / "d.jpg").write_bytes(b"earlier")
    (out / "a_compare.png").write_bytes(b"a sheet whose result is missing")
    status, printed, _ = said(*command, capsys=capsys)
    assert status == 0
    assert printed.startswith("2 images in ")
    assert printed.endswith(f", 1 there already: {out}\n")
    assert (out / "d.jpg").read_bytes() == b"earlier"
    assert len(read(out / "a_compare.png")) == TITLES + 18
    assert names(out) == ["a.png", "a_compare.png", "b/c.png", "b/c_compare.png", "d.jpg"]
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    status, printed, _ = said(*command, capsys=capsys)
    assert (status, printed) == (0, f"0 images, 3 there already: {out}\n")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_unreadable_images(runs, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    draw(given / "a.png")
    (given / "b.png").write_bytes((given / "a.png").read_bytes()[:60])
    draw(given / "c.png")
    command = [f"--workdir={runs / 'cyclegan'}", f"--input={given}", f"--output={out}"]
    status, printed, err = said(*command, capsys=capsys)
    assert (status, printed, err.count("\n")) == (2, "", 1)
    assert f"{given / 'b.png'} cannot be read as an image" in err
    assert err.endswith("or skip such files with --on_error=skip.\n")
    assert names(out) == ["a.png"]
    status, printed, err = said(*command, "--overwrite", "--on_error=skip", capsys=capsys)
    assert status == 0
    assert printed.startswith("2 images in ")
    assert printed.endswith(f", 1 left out: {out}\n")
    assert err.startswith(f"left out: {given / 'b.png'} cannot be read")
    assert "--on_error" not in err
    assert names(out) == ["a.png", "c.png"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to stand in, with images to speak of."""
    monkeypatch.chdir(tmp_path)
    for name in ("x.png", "many/a.png", "many/b.jpg", "same/a.png", "same/a.bmp"):
        draw(tmp_path / name)
    for name in ("up/in/a.png", "up/in/in/a.png", "sheets/a.png", "sheets/a.jpg"):
        draw(tmp_path / name)
    (tmp_path / "none").mkdir()
    (tmp_path / "text").write_text("no folder")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "output", "sentence"),
    [
        ("no.png", "y.png", "--input: 'no.png' does not exist; check the path."),
        ("none", "out", "--input has no images in none; put files there that end in .avif"),
        ("x.png", "y.webp", "--output: expected a .png, a .jpg or a folder, got 'y.webp'."),
        ("x.png", "y.tga", "--output: expected a .png, a .jpg or a folder, got 'y.tga'."),
        ("many", "y.tga", "expected a folder, as the input is one, got the file name 'y.tga'."),
        ("x.png", "text", "expected a .png, a .jpg or a folder, got 'text', another file."),
        ("x.png", "x.png", "--output: 'x.png' is itself an input image"),
        ("x.png", ".", "--output: 'x.png' is itself an input image"),
        ("x.png", "many/a.png", "'many/a.png' exists; add --overwrite to replace it."),
        ("many", "text", "--output: expected a folder, got 'text', a file."),
        ("many", "y.png", "expected a folder, as the input is one, got the file name 'y.png'."),
        ("many", "many", "--output: 'many' is inside the input folder 'many'"),
        ("many", "many/out", "--output: 'many/out' is inside the input folder 'many'"),
        ("up/in", "up", "--output: 'up/in/a.png' is itself an input image"),
        ("same", "out", "'same/a.bmp' and 'same/a.png' would both be written to 'out/a.png'"),
    ],
)
def test_unusable_paths_are_a_sentence(place, source, output, sentence):
    before = names(place)
    with pytest.raises(InputError) as refused:
        files.plan(source, output)
    assert sentence in str(refused.value)
    assert names(place) == before


@pytest.mark.parametrize("output", ["y.png", "y.jpg", "new/y.JPEG"])
def test_one_image_has_the_name_it_is_given(place, output):
    (result,) = files.plan("x.png", output).values()
    assert result == Path(output)


def test_sheets_are_results_too(place):
    assert len(files.plan("sheets", "out")) == 2
    with pytest.raises(InputError, match=r"both be written to 'out/a_compare.png'"):
        files.plan("sheets", "out", compare=True)
    (place / "x_compare.png").touch()
    assert len(files.plan("x.png", "y.png")) == 1
    (place / "y_compare.png").touch()
    assert len(files.plan("x.png", "y.png", compare=True, overwrite=True)) == 1
    with pytest.raises(InputError, match=r"'y_compare.png' exists"):
        files.plan("x.png", "y.png", compare=True)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "--output: expected a value, got none; --help shows all."),
        (["--output=y", "--size=-1"], "--size: expected a number of pixels or 0, got -1."),
        (
            ["--output=y", "--skip_existing", "--overwrite"],
            "expected without --overwrite, got both",
        ),
        (["--output=y", "--tile=-1"], "--tile: expected a number of pixels or 0, got -1."),
        (["--output=y", "--overlap=1024"], "--overlap: expected 0 to 1023, less than a tile, got"),
        (
            ["--output=y", "--blend", "--overlap=0"],
            "expected pixels that tiles share beside --blend",
        ),
        (["--output=y", "--tile=64"], "--overlap: expected 0 to 63, less than a tile, got 64."),
        (["--output=y", "--on_error=stop"], "value should be one of <raise|skip>"),
        (["--output=y"], "is no run folder"),
        (["--output=y", "--input=no"], "--input: 'no' does not exist"),
    ],
    ids=str,
)
def test_unusable_flags_are_a_sentence(place, capsys, flags, sentence):
    before = names(place)
    status, out, err = said("--workdir=.", "--input=x.png", *flags, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert names(place) == before


@pytest.mark.parametrize(
    ("run", "direction", "known"),
    [
        ("runs/cyclegan", "up", "a_to_b or b_to_a"),
        slow("one_way/pix2pix", "b_to_a", "a_to_b"),
    ],
)
def test_the_direction_has_to_be_the_models(request, tmp_path, capsys, run, direction, known):
    fixture, model = run.split("/")
    workdir = request.getfixturevalue(fixture) / model
    capsys.readouterr()  # what training said
    flags = [f"--input={draw(tmp_path / 'x.png')}", f"--output={tmp_path / 'y.png'}"]
    flags.append(f"--workdir={workdir}")
    status, _, err = said(*flags, f"--direction={direction}", capsys=capsys)
    assert status == 2
    assert err == f"error: --direction: expected {known}, got {direction!r}.\n"
    status, _, err = said(*flags, "--ensemble", capsys=capsys)
    assert status == 2
    assert err.startswith("error: --ensemble: expected a model that enlarges, got ")
    assert names(tmp_path) == ["x.png"]


@pytest.mark.slow
def test_an_overlap_is_less_than_the_tile_of_a_model_that_enlarges(tmp_path, capsys):
    config = tiny_super_resolution(tmp_path)
    config.train.steps = 1
    config.pretraining.steps = 1
    config.evaluate.metrics = ()
    run = tmp_path / "srgan"
    experiment.train(config, run, lambda _: None)
    capsys.readouterr()
    draw(tmp_path / "in" / "x.png", 8, 8)
    command = [f"--workdir={run}", f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"]
    status, out, err = said(*command, "--overlap=512", capsys=capsys)
    assert (status, out) == (2, "")
    assert err == "error: --overlap: expected 0 to 511, less than a tile, got 512.\n"
    status, out, err = said(*command, "--size=16", capsys=capsys)
    assert (status, out) == (2, "")
    assert err == "error: --size: expected none for a model that enlarges, got 16; leave it out.\n"
    assert not (tmp_path / "out").exists()
    assert said(*command, "--overlap=511", capsys=capsys)[0] == 0


@pytest.mark.slow
def test_each_command_names_the_other(one_way, tmp_path, capsys):
    config = tiny_config(tmp_path)
    config.train.steps = 2
    config.evaluate.metrics = ()
    noise = tmp_path / "dcgan"
    experiment.train(config, noise, lambda _: None)
    capsys.readouterr()
    flags = [f"--input={draw(tmp_path / 'x.png')}", f"--output={tmp_path / 'y.png'}"]
    status, _, err = said(f"--workdir={noise}", *flags, capsys=capsys)
    assert status == 2
    assert err == (
        f"error: --workdir: '{noise}' draws samples from noise, and translates and encodes no "
        "images; use tfgan_zoo.generate.\n"
    )
    command = [f"--workdir={one_way / 'pix2pix'}", flags[1]]
    status, _, err = said(*command, main=generate.main, capsys=capsys)
    assert status == 2
    assert err == (
        f"error: --workdir: '{one_way / 'pix2pix'}' translates images; use tfgan_zoo.translate.\n"
    )
    assert not (tmp_path / "y.png").exists()
