import json

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import cli, evaluate
from tfgan_zoo.data import open_source
from tfgan_zoo.data.readers.voxel_files import as_vox
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import SourcesRequest, evaluate_sources
from tfgan_zoo.metrics import frechet_distance, sliced_wasserstein
from tfgan_zoo.metrics.features import open_features
from tfgan_zoo.pixels import to_unit_range


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def said(*argv, capsys):
    """Returns (status, standard output, standard error)."""
    with pytest.raises(SystemExit) as stop:
        cli.run(evaluate.main, list(argv))
    return (stop.value.code, *capsys.readouterr())


def write(folder, images):
    folder.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03}.png")
    return f"folder:{folder}"


def test_two_sources_are_compared_and_the_protocol_is_kept(tmp_path, capsys):
    # The second half is darker, so that the scores are not those of equal images.
    images = open_source("figures", num=160).array
    real, fake = images[:80], (images[80:] * 0.7).astype(np.uint8)
    sources = [f"--real={write(tmp_path / 'a', real)}", f"--fake={write(tmp_path / 'b', fake)}"]
    flags = [*sources, "--features=figures_v1", "--metrics=fid,swd,precision_recall"]
    status, out, err = said(*flags, capsys=capsys)
    assert (status, err) == (0, "")
    for part in (
        f"80 of 80 images of folder:{tmp_path / 'b'}, train, against\n80 of 80 images of folder:",
        "features figures_v1 (",
        "tensorflow 2.",
        "added to evaluation.jsonl",
    ):
        assert part in out
    # --num takes a fixed part; the order of the sources counts; scores are added to the file.
    assert said(*flags, "--num=40", "--output=evaluation.jsonl", capsys=capsys)[0] == 0
    lines = (tmp_path / "evaluation.jsonl").read_text().splitlines()
    found, part = map(json.loads, lines)
    features = open_features("figures_v1")
    moments = []
    for shown in (real, fake):
        values = features(shown)[0].astype(np.float64)
        moments += [values.mean(axis=0), np.cov(values, rowvar=False)]
    assert found["scores"]["fid[figures_v1]"] == pytest.approx(frechet_distance(*moments), rel=1e-5)
    swd = sliced_wasserstein(to_unit_range(fake), to_unit_range(real), projections=256)
    assert found["scores"]["swd"] == pytest.approx(swd, rel=0.1)
    assert found["reference"]["source"] == sources[0].removeprefix("--real=")
    assert found["fake"] == {
        "source": sources[1].removeprefix("--fake="),
        "split": "train",
        "samples": 80,
        "of": 80,
        "size": [32, 32, 3],
    }
    assert part["samples"] == part["reference"]["samples"] == 40
    assert "FID of 40 samples in 64 dimensions" in "\n".join(part["notes"])
    # A control: a source against itself.
    request = SourcesRequest("figures", "figures", ["fid", "precision_recall"], num=80)
    same = evaluate_sources(request)
    assert same.scores["fid[figures_v1]"] == pytest.approx(0, abs=1e-3)
    assert same.scores["recall[figures_v1]"] == 1 > found["scores"]["recall[figures_v1]"]


def test_images_of_other_sizes_are_resized_when_asked(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (12, 16, 16), np.uint8)
    real, fake = (
        tmp_path / "real.npz",
        write(tmp_path / "wide", np.pad(grey, [(0, 0)] * 2 + [(4, 4)])),
    )
    np.savez(real, images=grey)
    request = SourcesRequest(f"npz:{real}", fake, ["swd"], image_size=16)
    found = evaluate_sources(request)
    # The central square of a wide image is the image that was padded.
    assert found.scores["swd"] == pytest.approx(0, abs=1e-6)
    assert found.protocol["fake"]["size"] == [16, 16, 3]
    assert found.protocol["notes"] == [
        f"Central squares of {fake}, 24x16 pixels, were resized to 16."
    ]
    smaller = evaluate_sources(request._replace(image_size=8))
    assert [note.split(", ")[1] for note in smaller.protocol["notes"]] == [
        "16x16 pixels",
        "24x16 pixels",
    ]


def test_voxels_are_compared(tmp_path, capsys):
    solids = open_source("voxels/solids", num=24, resolution=16).array
    np.savez(tmp_path / "made.npz", voxels=(solids / 255).astype(np.float32))
    (tmp_path / "files").mkdir()
    for i, each in enumerate(solids[:12]):
        (tmp_path / "files" / f"{i:02}.vox").write_bytes(as_vox(each[..., 0] > 0))
    np.savez(tmp_path / "x.npz", solids)
    made, files = f"npz:{tmp_path}/made.npz", f"folder:{tmp_path}/files"
    found = evaluate_sources(SourcesRequest(made, made, ["swd", "solids"]))
    assert found.scores["swd"] == pytest.approx(0, abs=1e-6)
    assert found.scores["solids_validity"] == 1
    assert "24 of 24 objects of npz:" in found.report()
    flags = (f"--real={made}", f"--fake={files}", "--metrics=swd")
    status, out, err = said(*flags, capsys=capsys)
    assert (status, err) == (0, "")
    assert "12 of 12 objects of folder:" in out
    assert said(*flags[:2], capsys=capsys)[1].startswith("swd ")  # by default
    smaller = evaluate_sources(SourcesRequest(files, "voxels/solids", ["swd"], image_size=8, num=9))
    assert smaller.protocol["notes"] == [f"Voxels of {files}, 16x16x16 voxels, were resized to 8."]
    for others, sentence in (
        (
            (*flags[:2], "--metrics=fid"),
            "--metrics: expected swd or solids for voxels, got fid; add --metrics=swd.",
        ),
        ((*flags, "--white=1"), "--white: is for images, not for voxels"),
        (("--real=npz:x.npz", "--fake=figures", *flags[2:]), "holds voxels; expected images; call"),
        ((*flags, "--real=voxels/solids"), "--real: 32x32x32, --fake: 16x16x16); --image_size=16"),
        ((*flags, "--real=figures"), "figures: expected voxels, for which there are voxels/solids"),
        (("--real=figures", "--fake=figures", "--metrics=solids"), "figures: expected voxels, for"),
    ):
        status, out, err = said(*others, capsys=capsys)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert sentence in err


def test_mistakes_are_sentences(tmp_path, capsys):
    images = np.zeros((5, 16, 16), np.uint8)
    a, b = write(tmp_path / "a", images), write(tmp_path / "b", images[:, :8])
    both, square = [f"--real={a}", f"--fake={b}"], [f"--real={a}", f"--fake={a}"]
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "0.png").write_bytes(b"not a picture")
    for flags, sentence in (
        ([], "or give --real and --fake, two data sources"),
        (["--real=figures", "--workdir=runs/x"], "Give --workdir, --preset or --baseline"),
        (["--real=figures"], "--fake: expected a data source, such as folder:PATH, got none"),
        (["--fake=figures"], "--real: expected a data source"),
        (both, "(--real: 16x16, --fake: 16x8); --image_size=8 resizes"),
        ([*both, "--image_size=0"], "--image_size: expected a whole number from 1 up"),
        ([*square, "--metrics=fid,density_coverage"], "--real: expected 6 images or more for dens"),
        ([*square, "--metrics=ms_ssim_diversity", "--image_size=8"], "expected images of 11x11"),
        ([*square, "--metrics=mae"], "metrics: there is no 'mae'"),
        ([*square, "--metrics=swd", "--fake_split=test"], "has no split 'test'"),
        (["--real=points/ring", f"--fake={a}"], "--real: points/ring holds vectors"),
        ([f"--real={a}", "--fake=folder:nowhere"], "nowhere does not exist"),
        ([f"--real={a}", "--fake=folder:broken", "--metrics=swd"], "replace or delete it."),
        ([*square, "--seed=1"], "--seed: is not for --real and --fake"),
        ([*square, "--output=x.csv"], "--output: expected a .jsonl"),
        (["--baseline=bicubic", "--data=figures", "--image_size=8"], "--image_size: is for --real"),
    ):
        status, out, err = said(*flags, capsys=capsys)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert sentence in err
    assert not (tmp_path / "evaluation.jsonl").exists()


def test_sources_with_classes_are_compared_class_by_class(tmp_path):
    """Two sources number their classes in different ways; a third lacks them."""
    drawn = open_source("figures", num=480)
    names = np.array(drawn.class_names)[drawn.labels]
    folders = {}
    for source, wanted in (("a", ["red ring", "blue ring"]), ("b", ["aqua", "red ring"])):
        for name in wanted:
            shown = drawn.array[names == name]
            (tmp_path / source).mkdir(exist_ok=True)
            write(tmp_path / source / name, shown if len(shown) else drawn.array[:4])
        folders[source] = f"folder:{tmp_path / source}"
    metrics = ["class_accuracy", "intra_fid"]
    request = SourcesRequest(folders["a"], folders["a"], metrics, features="figures_v1")
    same = evaluate_sources(request)
    assert same.scores["class_accuracy[figures_v1]"] == 1
    assert same.scores["intra_fid[figures_v1]"] < 1e-6
    assert set(same.protocol["classes"]["intra_fid[figures_v1]"]) == {"red ring", "blue ring"}
    assert "the worst class is" in same.report()
    with pytest.raises(InputError, match=r"^--fake: expected the classes of --real, blue ring, "):
        evaluate_sources(request._replace(fake=folders["b"]))
    (tmp_path / "b" / "aqua").rename(tmp_path / "b" / "blue ring")
    # Under the name of a blue ring there are other figures.
    other = evaluate_sources(request._replace(fake=folders["b"]))
    by_class = other.protocol["classes"]["intra_fid[figures_v1]"]
    assert by_class["red ring"] < 1e-6 < 0.01 < by_class["blue ring"]
    assert other.protocol["classes"]["class_accuracy[figures_v1]"]["red ring"] == 1
    plain = write(tmp_path / "plain", drawn.array[:4])
    with pytest.raises(InputError, match=r"^--fake: expected labelled images for --metrics that"):
        evaluate_sources(request._replace(fake=plain))


def test_more_than_8_bits_are_compared_in_a_window(tmp_path, capsys):
    random, sources = np.random.default_rng(0), []
    for flag in ("real", "fake"):
        folder = tmp_path / flag
        folder.mkdir()
        for i in range(12):
            np.save(folder / f"{i:02}.npy", random.normal(size=(8, 8)).astype(np.float32))
        sources.append(f"--{flag}=folder:{folder}")
    flags = [*sources, "--metrics=swd"]
    status, _, err = said(*flags, capsys=capsys)
    assert status == 2
    assert "give it as --white, and that of black as --black unless it is 0." in err
    window = ["--white=2", "--black=-2"]
    assert said(*flags, *window, capsys=capsys)[0] == 0
    found = json.loads((tmp_path / "evaluation.jsonl").read_text())
    assert (found["white"], found["black"]) == (2, -2)
    opened = [open_source(each.split("=")[1], white=2, black=-2) for each in sources]
    # The images of a folder are compared in colour.
    images = [np.stack([source[i] for i in range(12)]) for source in opened]
    arrays = [to_unit_range(np.repeat(each, 3, axis=-1)) for each in images]
    expected = sliced_wasserstein(*arrays[::-1], projections=256)
    assert found["scores"]["swd"] == pytest.approx(expected, rel=1e-5)
    status, _, err = said("--workdir=x", *window, capsys=capsys)
    assert (status, "is for --real and --fake" in err) == (2, True)
