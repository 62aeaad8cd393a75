import csv
import math

import numpy as np
import pytest
from PIL import Image

from tests.tiny_runs import stepped_run, tiny_super_resolution
from tfgan_zoo import cli, evaluate, evaluation
from tfgan_zoo.data import imresize, load_pair, open_super_resolution
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import upscaled
from tfgan_zoo.evaluation.pairs import score_targets
from tfgan_zoo.metrics.checkerboard import checkerboard
from tfgan_zoo.metrics.psnr import psnr
from tfgan_zoo.metrics.ssim import ssim
from tfgan_zoo.pictures import to_uint8
from tfgan_zoo.run import evaluation as run_evaluation
from tfgan_zoo.run import experiment


def picture(seed, height=48, width=40, channels=3):
    coarse = np.random.default_rng(seed).random((6, 5, channels)) * 255
    return np.rint(np.clip(imresize(coarse, size=(height, width)), 0, 255)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Three pairs, the last in grey."""
    root = tmp_path / "set3"
    root.mkdir()
    for i, channels in enumerate((3, 3, 1)):
        hr = picture(i, channels=channels)
        for name, image in (("HR", hr), ("LR", imresize(hr, 0.25))):
            Image.fromarray(image.squeeze()).save(root / f"{i}_{name}.png")
    return root


def said(*argv, capsys):
    """Returns (status, standard output, standard error)."""
    with pytest.raises(SystemExit) as stop:
        cli.run(evaluate.main, list(argv))
    return (stop.value.code, *capsys.readouterr())


def expected(kernel="bicubic", **options):
    pairs = []
    for i, channels in enumerate((3, 3, 1)):
        hr = picture(i, channels=channels)
        pairs.append((imresize(imresize(hr, 0.25), 4, kernel=kernel), hr))
    return np.array([[psnr(*pair, **options), ssim(*pair, **options)] for pair in pairs])


def test_a_baseline_s_grid_is_printed_in_decibels(folder, capsys):
    flags = [f"--data=folder:{folder}", "--baseline=bicubic", "--metrics=psnr,checkerboard"]
    status, out, _ = said(*flags, capsys=capsys)
    hr = picture(0)
    value = checkerboard(imresize(imresize(hr, 0.25), 4), hr)
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert lines[0] == ["image", "psnr", "checkerboard"]
    assert lines[1][2] == f"{value:.2f}"


@pytest.mark.parametrize("kernel", ["bicubic", "nearest"])
def test_a_baseline_is_scored_printed_and_written(folder, tmp_path, capsys, kernel):
    output = tmp_path / "new" / "table.csv"
    flags = [f"--data=folder:{folder}", f"--baseline={kernel}", "--metrics=psnr,ssim"]
    status, out, err = said(*flags, f"--output={output}", capsys=capsys)
    assert (status, err) == (0, "")
    values = expected(kernel)
    values = np.vstack([values, values.mean(axis=0)])
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["image", "psnr", "ssim"]
    assert [line[0] for line in lines[1:5]] == ["0_HR.png", "1_HR.png", "2_HR.png", "mean"]
    assert [line[1:] for line in lines[1:5]] == [[f"{p:.2f}", f"{s:.4f}"] for p, s in values]
    assert out.endswith(f"3 images: {output}\n")
    rows = list(csv.reader(output.read_text().splitlines()))
    assert rows[0] == ["image", "psnr", "ssim"]
    np.testing.assert_array_equal(np.array([row[1:] for row in rows[1:]], float), values)
    assert [file.name for file in output.parent.iterdir()] == ["table.csv"]


def test_options_reach_the_scores(folder, tmp_path, capsys):
    output = tmp_path / "table.csv"
    output.write_text("of before")
    flags = [f"--data=folder:{folder}", "--baseline=bicubic", "--metrics=ssim,psnr"]
    status, _, err = said(*flags, f"--output={output}", capsys=capsys)
    assert (status, err.count("\n")) == (2, 1)
    assert "exists; add --overwrite to replace it" in err
    assert output.read_text() == "of before"
    flags += ["--channel=rgb", "--border=2", "--split=train[1:]", "--overwrite"]
    status, _, _ = said(*flags, f"--output={output}", capsys=capsys)
    assert status == 0
    rows = list(csv.reader(output.read_text().splitlines()))
    assert [row[0] for row in rows] == ["image", "1_HR.png", "2_HR.png", "mean"]
    values = expected(border=2, channel="rgb")[1:, ::-1]
    np.testing.assert_array_equal(np.array([row[1:] for row in rows[1:3]], float), values)


def test_the_border_is_the_scale(folder, capsys):
    flags = [f"--data=folder:{folder}", "--baseline=bicubic", "--metrics=psnr", "--scale=2"]
    for file in folder.glob("*_LR.png"):
        file.unlink()
    outputs = [
        said(*flags, *more, capsys=capsys)[1] for more in ([], ["--border=2"], ["--border=4"])
    ]
    assert outputs[0] == outputs[1] != outputs[2]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--baseline=bicubic"], "--data: expected a data source whose images to enlarge"),
        (
            ["--data=figures"],
            "Give --workdir, --preset or --baseline: a run, a pretrained model, or ",
        ),
        (["--data=figures", "--baseline=cubic"], "--baseline: expected bicubic or nearest, got 'c"),
        (
            ["--data=figures", "--baseline=nearest", "--metrics=psmr"],
            "no 'psmr'; did you mean psnr",
        ),
        (["--data=figures", "--baseline=nearest", "--metrics="], "expected some of psnr, ssim, ss"),
        (["--data=figures", "--baseline=nearest", "--scale=1"], "--scale: expected a whole number"),
        (["--data=figures", "--baseline=nearest", "--border=-1"], "--border: expected a whole num"),
        (
            ["--data=figures", "--baseline=nearest", "--output=x.txt"],
            "expected a .csv, got 'x.txt'",
        ),
        (["--data=figures", "--baseline=nearest", "--channel=Y"], "should be one of <y|rgb>"),
        (["--data=points/ring", "--baseline=nearest"], "holds vectors"),
        (["--data=folder:/no/such", "--baseline=nearest"], "does not exist"),
        (["--data=figures", "--baseline=nearest", "--border=16"], "figures[0]: border: expected"),
    ],
    ids=str,
)
def test_unusable_flags_are_a_sentence(capsys, flags, sentence):
    status, out, err = said(*flags, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


def test_anything_that_enlarges_can_be_scored(folder):
    opened = open_super_resolution(f"folder:{folder}")
    seen = []

    def upscale(image):
        seen.append(image.shape)
        colour = np.repeat(image, 3, -1) if image.shape[-1] == 1 else image
        return imresize(colour, 4)

    scores = evaluation.score_images(evaluation.enlarged(opened, upscale), ["psnr", "ssim"])
    assert seen == [(12, 10, 3), (12, 10, 3), (12, 10, 1)]
    np.testing.assert_array_equal(scores.values, expected())
    assert scores.means() == pytest.approx(
        dict(zip(scores.metrics, expected().mean(0), strict=True))
    )


def test_the_mean_is_that_of_decibels():
    grey = picture(0, channels=1)
    other = grey ^ 1
    scores = evaluation.score_images([("a", other, grey), ("b", grey ^ 2, grey)], ["psnr"])
    assert scores.means()["psnr"] == pytest.approx(10 * math.log10(255**2) - 10 * math.log10(4) / 2)
    scores = evaluation.score_images([("a", other, grey), ("b", grey, grey)], ["psnr"])
    assert scores.means()["psnr"] == math.inf
    assert evaluation.table(scores).splitlines()[-1].split() == ["mean", "inf"]


def test_a_blank_image_leaves_the_mean_finite():
    """An infinite mean cannot rise any more, so an early checkpoint would stay the best."""
    blank, made = np.zeros((2, 12, 12, 1), np.uint8), np.zeros((2, 12, 12, 1), np.uint8)
    made[1] = 2
    best = 10 * math.log10(255**2 * 144)
    expected = (best + 10 * math.log10(255**2 / 4)) / 2
    assert score_targets(["psnr"], made, blank)["psnr"] == pytest.approx(expected)
    closer = made.copy()
    closer[1, 0] = 0
    assert score_targets(["psnr"], closer, blank)["psnr"] > expected
    assert score_targets(["psnr"], blank, blank)["psnr"] == math.inf


def test_errors_name_the_image():
    image = picture(0)
    with pytest.raises(InputError, match=r"second: image: expected the reference's shape"):
        evaluation.score_images([("first", image, image), ("second", image[1:], image)])
    with pytest.raises(InputError, match="images: expected one or more, got none"):
        evaluation.score_images([])
    with pytest.raises(InputError, match="metrics: there is no 'fid'"):
        evaluation.score_images([], ["fid"])
    with pytest.raises(InputError, match="kernel: expected bicubic or nearest, got 'bilinear'"):
        evaluation.baseline("bilinear", 4)


def test_names_lose_the_folder_they_share():
    image = picture(0)
    for names, short in (
        (["/a/b/1.png", "/a/b/2.png"], ("1.png", "2.png")),
        (["/a/b/1.png", "/a/c/1.png"], ("b/1.png", "c/1.png")),
        (["/a/b/1.png"], ("1.png",)),
        (["x[0]", "x[1]"], ("x[0]", "x[1]")),
        (["/a/1.png", "b/1.png"], ("/a/1.png", "b/1.png")),
    ):
        scores = evaluation.score_images([(name, image, image) for name in names], ["ssim"])
        assert scores.images == short


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The config and the folder of a run of one step."""
    made = tmp_path_factory.mktemp("super_resolution")
    config = tiny_super_resolution(made, pretraining__steps="0", train__steps="1")
    config.evaluate.metrics = ()
    return config, stepped_run(config, made / "run")


def test_scores_of_a_run(trained, tmp_path, capsys):
    config, run = trained
    capsys.readouterr()
    data = f"--data={config.data.source}"
    evaluate.main([data, f"--workdir={run}", "--metrics=psnr", f"--output={tmp_path / 's.csv'}"])
    assert "mean" in capsys.readouterr().out
    model = experiment.load_run(run)
    opened = open_super_resolution(config.data.source, scale=2)
    small, large = load_pair(opened, 3)
    expected = psnr(to_uint8(model.upscale(small[None])[0]), large, border=2)
    with (tmp_path / "s.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 12 + 1
    assert float(rows[4][1]) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InputError, match="--scale: expected 2, the model's, got 4"):
        evaluate.main([data, f"--workdir={run}", "--scale=4"])
    # The mean of the results of eight flips and turns, turned back.
    turned = [np.rot90(small, k)[:, ::step] for k in range(4) for step in (1, -1)]
    made = [np.asarray(model.upscale(each[None])[0]) for each in turned]
    back = [np.rot90(made[i][:, :: (1, -1)[i % 2]], -(i // 2)) for i in range(8)]
    request = upscaled.PairsRequest(source=config.data.source, metrics=("psnr",))
    scores = run_evaluation.evaluate_pairs(run, request, ensemble=True)
    shared = psnr(to_uint8(np.mean(back, axis=0)), large, border=2)
    assert scores.rows()[3][1][0] == pytest.approx(shared, abs=1e-6)
    assert shared != pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_a_run_is_scored_on_what_its_config_says(tmp_path, capsys):
    config = tiny_super_resolution(
        tmp_path,
        pretraining__steps="0",
        train__steps="4",
        evaluate__split="train[:5]",
        generator_optimizer__learning_rate="0.01",
        model_args__ema_half_life="1000.0",
        model_args__ema_ramp_up="100.0",
    )
    run = f"--workdir={tmp_path / 'run'}"
    experiment.train(config, tmp_path / "run", lambda _: None)
    capsys.readouterr()
    shown = {}
    for name, more in {
        "own": [],
        "same": ["--split=train[:5]", f"--data={config.data.source}"],
        "raw": ["--raw_weights"],
    }.items():
        evaluate.main([run, "--metrics=psnr", *more])
        shown[name] = capsys.readouterr().out.splitlines()
    assert len(shown["own"]) == 1 + 5 + 1
    assert shown["own"] == shown["same"]
    assert shown["own"] != shown["raw"]


def test_flags_that_would_have_no_effect(folder, trained):
    enlarged, baseline = f"--workdir={trained[1]}", "--baseline=bicubic"
    for flags, message in (
        ([enlarged, "--num=5"], "--num: is for samples and translations"),
        ([enlarged, "--features=inception"], "--features: is for samples and translations"),
        ([baseline, "--seed=0"], "--seed: is for samples and translations"),
        ([baseline, "--overwrite"], "--overwrite: expected --output beside it, got none"),
        ([baseline, "--raw_weights"], "--raw_weights: is for a run"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate.main([f"--data=folder:{folder}", *flags])
