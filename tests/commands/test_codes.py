"""`tfgan_zoo.encode`, `tfgan_zoo.reconstruct`, and walks between images."""

import shutil

import numpy as np
import pytest
from PIL import Image

from tests.tiny_runs import tiny_autoencoder
from tfgan_zoo import cli, encode, generate, pictures, reconstruct
from tfgan_zoo.data import Fit
from tfgan_zoo.data.images import decode
from tfgan_zoo.run import experiment

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run of an autoencoder, and images of two classes in several sizes."""
    folder = tmp_path_factory.mktemp("coded")
    config = tiny_autoencoder(folder)
    config.train.steps = 2
    config.evaluate.metrics = ()
    experiment.train(config, folder / "run", lambda _: None)
    random = np.random.default_rng(0)
    for i, (name, size) in enumerate([("cat", (16, 16)), ("cat", (20, 30)), ("dog", (18, 16))]):
        path = folder / "photos" / name / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return experiment.load_run(folder / "run")


def fitted(path):
    return Fit(16, 3)(decode(path), str(path))[np.newaxis]


def said(main, *argv, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


def test_encode(folder, model, tmp_path, capsys):
    run, photos, output = folder / "run", folder / "photos", tmp_path / "codes.npz"
    flags = (f"--workdir={run}", f"--input={photos}", f"--output={output}")
    status, out, _ = said(encode.main, *flags, capsys=capsys)
    assert status == 0
    assert out.splitlines()[-1] == f"3 codes of 4 numbers, of 2 classes: {output}"
    with np.load(output) as found:
        assert found["names"].tolist() == ["cat/0.png", "cat/1.png", "dog/2.png"]
        assert found["labels"].tolist() == [0, 0, 1]
        assert found["class_names"].tolist() == ["cat", "dog"]
        codes = found["codes"]
    expected = [
        model.encode(fitted(photos / name))[0] for name in ("cat/0.png", "cat/1.png", "dog/2.png")
    ]
    np.testing.assert_allclose(codes, expected, atol=1e-5)
    assert np.abs(codes[0] - codes[1]).max() > 1e-3
    status, _, error = said(encode.main, *flags, capsys=capsys)
    assert status == 2
    assert "exists; add --overwrite" in error
    single = (f"--workdir={run}", f"--input={photos / 'cat/1.png'}", f"--output={output}")
    assert "--split: expected none" in said(encode.main, *single, "--split=a", capsys=capsys)[2]
    assert said(encode.main, *single, "--overwrite", capsys=capsys)[0] == 0
    with np.load(output) as found:
        np.testing.assert_allclose(found["codes"], codes[1:2], atol=1e-5)
        assert "labels" not in found


def test_encode_a_data_source_and_what_cannot_be_read(folder, model, tmp_path, capsys):
    output = tmp_path / "codes.npz"
    flags = (f"--workdir={folder / 'run'}", f"--output={output}")
    source = f"npz:{folder / 'pictures.npz'}"
    assert said(encode.main, *flags, f"--input={source}", capsys=capsys)[0] == 0
    with np.load(folder / "pictures.npz") as data, np.load(output) as found:
        np.testing.assert_allclose(found["codes"], model.encode(data["images"]), atol=1e-5)
    archive = shutil.make_archive(tmp_path / "photos", "zip", folder / "photos")
    for kind, path in (("zip", archive), ("folder", folder / "photos")):
        again = (*flags, f"--input={kind}:{path}", "--overwrite")
        assert said(encode.main, *again, capsys=capsys)[0] == 0
        with np.load(output) as found:  # as those of the folder itself
            assert found["names"].tolist() == ["cat/0.png", "cat/1.png", "dog/2.png"]
    error = said(encode.main, *flags, f"--input={archive}", "--overwrite", capsys=capsys)[2]
    assert f"a data source, got '{archive}'; write zip:{archive}." in error
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.png").write_bytes(b"no picture")
    Image.new("RGB", (16, 16), "red").save(broken / "b.png")
    status, _, error = said(encode.main, *flags, f"--input={broken}", "--overwrite", capsys=capsys)
    assert status == 2
    assert "a.png" in error
    assert error.endswith(" replace or delete it, or skip such files with --on_error=skip.\n")
    skipping = (*flags, f"--input={broken}", "--overwrite", "--on_error=skip")
    assert said(encode.main, *skipping, capsys=capsys)[0] == 0
    with np.load(output) as found:
        assert found["names"].tolist() == ["b.png"]
    walk = ["--interpolate", f"--output={tmp_path / 'walk.png'}", f"--input={broken / 'b.png'}"]
    walk += [flags[0], f"--input={broken / 'a.png'}"]
    error = said(generate.main, *walk, capsys=capsys)[2]
    assert error.endswith("; replace or delete it.\n")  # It has no flag for that.


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"output": "codes.csv"}, "--output: expected the name of an .npz file, got"),
        ({"input": "nowhere"}, "--input: 'nowhere' does not exist; check the path."),
        ({"workdir": "nowhere"}, "--workdir: 'nowhere'"),
        ({"checkpoint": "7"}, "--checkpoint: expected best, last or one of"),
    ],
    ids=str,
)
def test_what_encode_is_given(folder, tmp_path, capsys, given, sentence, monkeypatch):
    monkeypatch.chdir(tmp_path)
    usual = {"workdir": folder / "run", "input": folder / "photos", "output": "codes.npz"}
    flags = [f"--{name}={value}" for name, value in (usual | given).items()]
    status, _, error = said(encode.main, *flags, capsys=capsys)
    assert status == 2
    assert sentence in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_reconstruct(folder, model, tmp_path, capsys):
    photos, output = folder / "photos", tmp_path / "again"
    flags = (f"--workdir={folder / 'run'}", f"--input={photos}", f"--output={output}")
    status, out, _ = said(reconstruct.main, *flags, "--compare", capsys=capsys)
    assert status == 0
    assert out.splitlines()[-1] == f"3 images: {output}"
    for name in ("cat/0", "cat/1", "dog/2"):
        expected = pictures.to_uint8(model.reconstruct(fitted(photos / f"{name}.png")))[0]
        made = decode(output / f"{name}.png").astype(int)
        assert np.abs(made - expected).max() <= 1
        assert (output / f"{name}_compare.png").exists()
    assert "exist; add --overwrite" in said(reconstruct.main, *flags, capsys=capsys)[2]


def test_walks_between_images(folder, model, tmp_path, capsys):
    a, b = folder / "photos/cat/0.png", folder / "photos/dog/2.png"
    flags = (f"--workdir={folder / 'run'}", "--interpolate", "--frames=4")
    inputs = (f"--input={a}", f"--input={b}")
    output = tmp_path / "walk"
    status, out, _ = said(generate.main, *flags, *inputs, f"--output={output}", capsys=capsys)
    assert status == 0
    assert out.splitlines()[-1] == f"4 images: {output}"
    frames = [decode(path).astype(int) for path in sorted(output.glob("*.png"))]
    expected = pictures.to_uint8(model.interpolate(fitted(a)[0], fitted(b)[0], 4))
    assert np.abs(np.stack(frames) - expected).max() <= 1
    # Of three images, the second is once on the walk; an animation goes back to the first.
    more = (*flags, *inputs, f"--input={a}", f"--output={tmp_path / 'three.png'}")
    assert "7 images" in said(generate.main, *more, capsys=capsys)[1]
    animation = (*flags, *inputs, f"--output={tmp_path / 'walk.gif'}")
    assert "6 images" in said(generate.main, *animation, capsys=capsys)[1]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "has codes without a prior to draw from; add --interpolate --input=a.png"),
        (("--input={a}", "--input={a}"), "--input: expected --interpolate beside it, got none."),
        (("--interpolate", "--input={a}"), "--input: expected two images or more to walk between"),
        (("--interpolate", "--input={a}", "--input={a}", "--num=3"), "--num: expected none beside"),
        (
            ("--interpolate", "--input={a}", "--input={a}", "--truncation=0.5"),
            "--truncation: expected none beside --input",
        ),
        (
            ("--interpolate", "--input={a}", "--input={a}", "--path=spherical"),
            "--path: expected linear, the only way between images, got spherical.",
        ),
        (("--interpolate", "--input={a}", "--input=no.png"), "--input: expected an image file, 'n"),
        (("--interpolate", "--input={a}", "--input={a}", "--seed=3"), "--seed: expected none bes"),
        (("--text=red",), "--text: expected none for"),
    ],
    ids=str,
)
def test_what_generate_is_given(folder, tmp_path, capsys, flags, sentence):
    a = folder / "photos/cat/0.png"
    given = [flag.format(a=a) for flag in flags]
    output = tmp_path / "out.png"
    status, _, error = said(
        generate.main, f"--workdir={folder / 'run'}", f"--output={output}", *given, capsys=capsys
    )
    assert status == 2
    assert sentence in error
    assert not output.exists()
