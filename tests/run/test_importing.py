"""Models made from weights of PyTorch: run folders and files, in every use."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfgan_zoo
from tests.importing import authors
from tests.marks import slow
from tests.weight_files.torch_files import write_arrays
from tfgan_zoo import cli, evaluate, import_weights, pictures, train, translate
from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import note_of
from tfgan_zoo.run import export_run, load_run
from tfgan_zoo.run.starting import start_from
from tfgan_zoo.serving.convert import convert

SRVGG = authors.srvgg_state()
RANDOM = np.random.default_rng(0)


def said(*argv, main=import_weights.main, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with files of weights, and `srvgg`, a run made of one."""
    folder = tmp_path_factory.mktemp("imported")
    write_arrays(folder / "srvgg.pth", {"params": SRVGG})
    write_arrays(folder / "there.pth", authors.cyclegan_state(3, 1, blocks=1))
    write_arrays(folder / "back.pth", authors.cyclegan_state(1, 3, blocks=1, seed=1))
    write_arrays(folder / "unet.pth", authors.pix2pix_state())
    tfgan_zoo.run.import_weights("srvgg", folder / "srvgg.pth", folder / "srvgg")
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return load_run(folder / "srvgg")


def expected(image):
    """Returns what the authors' network makes of a uint8 image, as floats in [-1, 1]."""
    made = authors.srvgg(SRVGG, image.transpose(2, 0, 1) / 255)
    return 2 * made.transpose(1, 2, 0) - 1


def drawn(*size, channels=3):
    return RANDOM.integers(0, 256, (*size, channels), np.uint8)


def test_a_run_loads_in_every_way(folder, model):
    image = drawn(7, 9)
    np.testing.assert_allclose(model.upscale(image[None])[0], expected(image), atol=2e-5)
    loaded = tfgan_zoo.load_model(folder / "srvgg")
    np.testing.assert_array_equal(loaded.upscale(image[None]), model.upscale(image[None]))
    assert isinstance(loaded, tfgan_zoo.SRGAN)
    assert (loaded.scale, loaded.steps_done) == (4, 0)
    hidden = {path.name for path in (folder / "srvgg").iterdir() if path.name != ".lock"}
    assert hidden == {"checkpoints", "config.json", "imported.json", "model.keras"}
    digest = hashlib.sha256((folder / "srvgg.pth").read_bytes()).hexdigest()
    files = [{"file": "srvgg.pth", "sha256": digest, "key": "params"}]
    assert note_of(folder / "srvgg") == {"family": "srvgg", "files": files}


def test_the_command_translates_whole_and_in_tiles(folder, tmp_path, capsys):
    image = drawn(40, 33)
    Image.fromarray(image).save(tmp_path / "small.png")
    command = [f"--workdir={folder / 'srvgg'}", f"--input={tmp_path / 'small.png'}"]
    # The network sees 5 pixels around each one: tiles that share more give the same.
    for name, tiles in (("whole", []), ("tiled", ["--tile=24", "--overlap=20"])):
        flags = [*command, f"--output={tmp_path / name}.png", *tiles]
        status, out, err = said(*flags, main=translate.main, capsys=capsys)
        assert (status, err) == (0, "")
        assert out.startswith("1 image in ")
        with Image.open(tmp_path / f"{name}.png") as made:
            assert made.size == (4 * 33, 4 * 40)
            wanted = pictures.to_uint8(np.clip(expected(image), -1, 1)).astype(int)
            assert np.max(np.abs(np.asarray(made).astype(int) - wanted)) <= 1
    Image.fromarray(image).convert("L").save(tmp_path / "grey.png")
    flags = [command[0], f"--input={tmp_path / 'grey.png'}", f"--output={tmp_path / 'large.png'}"]
    assert said(*flags, main=translate.main, capsys=capsys)[0] == 0
    with Image.open(tmp_path / "large.png") as made:
        assert (made.mode, made.size) == ("L", (4 * 33, 4 * 40))


def test_an_export_has_every_form_and_names_the_file(folder, model, tmp_path):
    path = export_run(folder / "srvgg", tmp_path / "served")
    signatures = tf.saved_model.load(str(path)).signatures
    image = drawn(6, 8)
    floats = tf.constant(image[None] / np.float32(127.5) - 1)
    made = signatures["upscale"](images=floats)["images"].numpy()[0]
    np.testing.assert_allclose(made, expected(image), atol=2e-5)
    wanted = pictures.to_uint8(np.clip(made, -1, 1))
    whole = signatures["upscale_uint8"](images_uint8=tf.constant(image[None]))
    np.testing.assert_array_equal(whole["images_uint8"][0], wanted)
    png = tf.io.encode_png(image)[None]
    answer = signatures["upscale_png"](images_bytes=png)["images_bytes"].numpy()[0]
    np.testing.assert_array_equal(tf.io.decode_png(answer), wanted)
    card = (path / "README.md").read_text()
    digest = note_of(folder / "srvgg")["files"][0]["sha256"]
    assert f"- imported weights: `srvgg.pth`, SHA-256 {digest}, family `srvgg`\n" in card
    assert "- step: " not in card


@pytest.mark.parametrize(
    ("family", "state"),
    [
        slow("srvgg", lambda: SRVGG),
        slow("msrresnet", lambda: authors.msrresnet_state(2)),
        slow("realesrgan", lambda: authors.rrdb_state(2)),
        slow("cyclegan", authors.cyclegan_state),
        slow("pix2pix", authors.pix2pix_state),
    ],
)
@pytest.mark.parametrize("kind", ["tflite", slow("onnx")])
def test_conversions_of_any_size_agree(tmp_path, family, state, kind):
    if kind == "onnx":
        pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    file = write_arrays(tmp_path / "x.pth", state())
    tfgan_zoo.run.import_weights(family, file, tmp_path / "run")
    # It compares what it writes with the model, at another size as well.
    (path,) = convert(load_run(tmp_path / "run").endpoints(), tmp_path, kind, size=(None, None))
    assert path.name == ("upscale" if family not in ("cyclegan", "pix2pix") else "a_to_b") + (
        f".{kind}"
    )


def test_two_generators_make_a_cyclegan(folder, tmp_path, capsys):
    out = tmp_path / "new" / "both"
    status, printed, err = said(
        "--family=cyclegan",
        f"--input={folder / 'there.pth'}",
        f"--input_b_to_a={folder / 'back.pth'}",
        f"--output={out}",
        capsys=capsys,
    )
    assert (status, err) == (0, "")
    text = "a ResNet of 1 block and 4 maps, instance normalisation, from"
    assert printed.startswith(f"CycleGAN: {text} there.pth; {text} back.pth; ")
    assert printed.endswith(f" numbers: {out}\n")
    both = load_run(out)
    assert isinstance(both, tfgan_zoo.CycleGAN)
    image = drawn(16, 20)
    for state, direction, channels in (
        (authors.cyclegan_state(3, 1, blocks=1), "a_to_b", slice(0, 3)),
        (authors.cyclegan_state(1, 3, blocks=1, seed=1), "b_to_a", slice(0, 1)),
    ):
        given = image[..., channels]
        wanted = authors.cyclegan(state, given.transpose(2, 0, 1) / 127.5 - 1)
        made = both.translate(given[None], direction)[0]
        np.testing.assert_allclose(made, wanted.transpose(1, 2, 0), atol=2e-5)
    assert [file["file"] for file in note_of(out)["files"]] == ["there.pth", "back.pth"]


@pytest.mark.slow
def test_one_generator_makes_a_model_of_one_direction(folder, tmp_path):
    tfgan_zoo.run.import_weights("cyclegan", folder / "there.pth", tmp_path / "one")
    one = load_run(tmp_path / "one")
    assert list(one.endpoints()) == ["a_to_b"]
    assert isinstance(one, tfgan_zoo.Pix2Pix)


def test_a_file_for_load_model(folder, tmp_path, capsys):
    out = tmp_path / "unet.keras"
    command = ["--family=pix2pix", f"--input={folder / 'unet.pth'}", f"--output={out}"]
    assert said(*command, capsys=capsys)[0] == 0
    loaded = tfgan_zoo.load_model(out)
    image = drawn(32, 32)
    wanted = authors.pix2pix(authors.pix2pix_state(), image.transpose(2, 0, 1) / 127.5 - 1)
    made = loaded.translate(image[None])[0]
    np.testing.assert_allclose(made, wanted.transpose(1, 2, 0), atol=2e-5)
    assert loaded.inference == "frozen"
    assert note_of(out)["family"] == "pix2pix"
    # The commands take it, too.
    Image.fromarray(image).save(tmp_path / "a.png")
    flags = [f"--workdir={out}", f"--input={tmp_path / 'a.png'}", f"--output={tmp_path / 'b.png'}"]
    assert said(*flags, main=translate.main, capsys=capsys)[0] == 0
    with Image.open(tmp_path / "b.png") as result:
        np.testing.assert_array_equal(result, pictures.to_uint8(made))
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").unlink()
    status, _, err = said(*command, capsys=capsys)
    assert (status, "exists; add --overwrite" in err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["unet.keras"]


@pytest.mark.slow
def test_a_file_is_replaced_by_one_that_infers_as_in_the_paper(folder, tmp_path):
    given = ("pix2pix", folder / "unet.pth", tmp_path / "unet.keras")
    tfgan_zoo.run.import_weights(*given)
    tfgan_zoo.run.import_weights(*given, inference="paper", overwrite=True)
    assert tfgan_zoo.load_model(given[-1]).inference == "paper"


@pytest.mark.parametrize(("side", "levels"), [(256, [7, 6, 5]), (128, [6, 5]), (32, [])])
def test_dropout_is_where_the_authors_have_it(side, levels):
    shape = (side, side, 3)
    network = tfgan_zoo.networks.unet_generator(shape, filters=2, innermost_dropout=False)
    noisy = [layer.name for layer in network.layers if layer.name.endswith("_dropout")]
    assert noisy == [f"up_{level}_dropout" for level in levels]


def test_an_imported_generator_is_fine_tuned(folder, model):
    shape = (16, 16, 3)
    generator = tfgan_zoo.networks.srvgg_generator((4, 4, 3), filters=4, convs=3)
    discriminator = tfgan_zoo.networks.srgan_discriminator(shape, filters=2, dense_units=4)
    new = tfgan_zoo.SRGAN(shape, 4, generator, discriminator, content="pixel")
    new.compile()
    report = start_from(folder / "srvgg", new)
    assert "generator: all 14 arrays" in report
    image = drawn(5, 6)
    np.testing.assert_allclose(new.upscale(image[None])[0], expected(image), atol=2e-5)


def test_numbers_that_are_not_finite(folder, tmp_path, capsys):
    state = SRVGG | {"body.4.bias": np.array([0, np.inf, 0, 0], "float32")}
    file = write_arrays(tmp_path / "x.pth", state)
    status, out, err = said(
        "--family=srvgg", f"--input={file}", f"--output={tmp_path / 'out'}", capsys=capsys
    )
    assert (status, out) == (2, "")
    assert err.endswith(
        "error: --input: expected finite numbers, got 'x.pth' with others in body.4.bias.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["x.pth"]


@pytest.mark.slow
def test_an_export_of_a_file(folder, model, tmp_path):
    out = tmp_path / "x.keras"
    tfgan_zoo.run.import_weights("srvgg", folder / "srvgg.pth", out)
    card = (export_run(out, tmp_path / "served") / "README.md").read_text()
    assert "- model: `x.keras`\n- imported weights: `srvgg.pth`, SHA-256 " in card
    model.generator.save(tmp_path / "network.keras")
    with pytest.raises(InputError, match="--workdir: expected a model of tfgan_zoo, got a Func"):
        load_run(tmp_path / "network.keras")
    with pytest.raises(InputError, match=r"^--checkpoint: expected none for a .keras file"):
        load_run(tmp_path / "network.keras", "500")
    (tmp_path / "bad.keras").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"^--workdir: .* is damaged or not a \.keras file"):
        load_run(tmp_path / "bad.keras")


def test_a_run_is_replaced_whole_or_not_at_all(folder, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(folder / "srvgg", out)
    own = shutil.copy(folder / "srvgg.pth", out / "own.pth")
    with pytest.raises(InputError, match=r"also holds 'own\.pth'"):
        tfgan_zoo.run.import_weights("srvgg", own, out, overwrite=True)
    assert own.exists()
    own.unlink()
    (out / "model.keras").write_text("of an earlier import")
    tfgan_zoo.run.import_weights("srvgg", folder / "srvgg.pth", out, overwrite=True)
    assert (out / "model.keras").stat().st_size > 1000
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    bad = write_arrays(tmp_path / "x.pth", SRVGG | {"body.1.weight": np.full(4, np.nan, "f4")})
    with pytest.raises(InputError, match="finite"):
        tfgan_zoo.run.import_weights("srvgg", bad, out, overwrite=True)
    assert note_of(out)["files"][0]["file"] == "srvgg.pth"
    assert json.loads((out / "config.json").read_text())["config"]["generator"]["convs"] == 3


def test_a_run_and_its_export_in_volumes(folder, volume):
    for overwrite in (False, True):
        tfgan_zoo.run.import_weights("srvgg", folder / "srvgg.pth", volume, overwrite=overwrite)
        kept = {path.name for path in volume.iterdir() if not path.name.startswith(".")}
        assert kept == {path.name for path in (folder / "srvgg").iterdir() if path.name[0] != "."}
        assert {".lock"} >= {path.name for path in volume.iterdir()} - kept
        load_run(volume)


def test_an_export_into_a_volume(folder, volume):
    assert export_run(folder / "srvgg", volume) == volume / "1"
    assert export_run(folder / "srvgg", volume) == volume / "2"
    assert not [path.name for path in volume.iterdir() if path.name.startswith(".")]


def test_what_an_imported_run_is_not_for(folder, tmp_path, capsys):
    run = folder / "srvgg"
    status, _, err = said(f"--workdir={run}", main=train.main, capsys=capsys)
    assert status == 2
    assert err.endswith(f"with --config.train.start_from={run}.\n")
    status, _, err = said(f"--workdir={run}", main=evaluate.main, capsys=capsys)
    assert (status, err.startswith("error: --data: expected a data source, as ")) == (2, True)


@pytest.mark.slow
def test_an_imported_run_is_scored_on_given_data(folder, model, tmp_path, capsys):
    large = drawn(48, 48)
    Image.fromarray(large).save(tmp_path / "a.png")
    flags = [f"--workdir={folder / 'srvgg'}", f"--data=folder:{tmp_path}", "--metrics=psnr"]
    status, out, _ = said(*flags, main=evaluate.main, capsys=capsys)
    assert status == 0
    assert "psnr" in out
