import json
import re
import shutil
import warnings

import numpy as np
import pytest

from tests.tiny_runs import stepped_run, tiny_config, tiny_text_to_image, tiny_translation
from tfgan_zoo import cli, evaluate
from tfgan_zoo.config import (
    image_to_image_config,
    load_config,
    noise_to_image_config,
    text_to_image_config,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import experiment
from tfgan_zoo.run.building import build_model, model_class
from tfgan_zoo.run.evaluation import default_metrics, evaluate_run
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import Request, task_of

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))


def run_of(config, folder):
    experiment.train(config, folder, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated")
    return stepped_run(tiny_config(folder, train__steps="4"), folder / "run", steps=4)


@pytest.fixture
def run(trained, tmp_path):
    """A copy of a finished run, to write to."""
    return shutil.copytree(trained, tmp_path / "run")


def said(*argv, capsys):
    """Returns (status, standard output, standard error)."""
    with pytest.raises(SystemExit) as stop:
        cli.run(evaluate.main, list(argv))
    return (stop.value.code, *capsys.readouterr())


def lines(folder):
    return [json.loads(line) for line in (folder / "evaluation.jsonl").read_text().splitlines()]


def test_noise_to_images(run, capsys):
    capsys.readouterr()
    flags = [f"--workdir={run}", "--split=train", "--num=20", "--features=fashion_mnist_v1"]
    status, out, err = said(*flags, capsys=capsys)
    assert (status, err) == (0, "")
    for part in (
        "fid[fashion_mnist_v1]",
        "coverage[fashion_mnist_v1]",
        "20 samples of dcgan at step 4, moving average, seed 0",
        "20 of 50 images of npz:",
        "features fashion_mnist_v1 (",
        "resizer antialiased",
        "tensorflow 2.",
        "FID of 20 samples in 64 dimensions is far too high",
        f"added to {run}/evaluation.jsonl",
    ):
        assert part in out
    for more in ([], ["--seed=1"], ["--raw_weights"]):
        assert said(*flags, *more, "--metrics=fid,swd", capsys=capsys)[0] == 0
    first, same, seed, raw = lines(run)
    assert first["scores"]["fid[fashion_mnist_v1]"] == same["scores"]["fid[fashion_mnist_v1]"]
    assert set(same["scores"]) == {"fid[fashion_mnist_v1]", "swd"}
    assert len({line["scores"]["swd"] for line in (same, seed, raw)}) == 3
    assert [line["weights"] for line in (same, raw)] == ["moving average", "as trained"]
    assert (seed["seed"], seed["samples"], seed["step"]) == (1, 20, 4)
    assert seed["reference"]["samples"] == 20
    assert seed["reference"]["split"] == "train"
    assert seed["reference"]["size"] == [16, 16, 3]


def test_scores_that_cannot_be_added_to_the_run_are_told(run, read_only, capsys):
    with read_only(run):
        flags = [f"--workdir={run}", "--split=train", "--num=20", "--metrics=swd"]
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            status, out, err = said(*flags, capsys=capsys)
    assert status == 0, err
    assert re.search(r"not added to '.*/evaluation\.jsonl': (Read-only|Permission)", err)
    assert re.match(r"swd +0\.\d+\n", out)
    assert "added to" not in out


@pytest.mark.slow
def test_texts_and_translations(tmp_path):
    texts = tiny_text_to_image(tmp_path, train__steps="4", evaluate__split="train")
    run = run_of(texts, tmp_path / "texts")
    # Small drawings are no clothes: said at once, and kept with the numbers.
    with pytest.warns(UserWarning, match="features: expected images like those that fashion_mnist"):
        found = evaluate_run(run, Request(["swd", "kid"], features="fashion_mnist_v1"))
    assert "The images are unlike those that fashion_mnist_v1 was trained on." in found.report()
    assert found.protocol["samples"] == found.protocol["reference"]["samples"] == 20
    assert {"swd", "kid[fashion_mnist_v1]", "kid_std[fashion_mnist_v1]"} == set(found.scores)
    config = tiny_translation(tmp_path, "cyclegan", train__steps="4", evaluate__split="train")
    run = run_of(config, tmp_path / "translations")
    request = Request(["swd"], num=15)
    there = evaluate_run(run, request)
    back = evaluate_run(run, request._replace(direction="b_to_a"))
    assert ", seed 0, b_to_a\n" in back.report()
    sizes = [each.protocol["reference"]["size"] for each in (there, back)]
    assert sizes == [[16, 16, 3], [16, 16, 1]]
    assert there.protocol["features"] is None
    assert there.protocol["samples"] == 15


@pytest.mark.slow
def test_mean_absolute_error_of_pairs_is_scored_as_in_training(tmp_path, capsys):
    config = tiny_translation(tmp_path, "pix2pix", train__steps="4", evaluate__split="train")
    config.evaluate.metrics = ("mae",)
    config.evaluate.samples = 20
    trained = experiment.train(config, tmp_path / "run", lambda _: None)
    request = Request(["mae"], num=20)
    found = evaluate_run(tmp_path / "run", request)
    assert found.scores == pytest.approx({"mae": trained.scores["mae"]}, abs=1e-5)
    # Of a part of the pairs, each image is held against its own target.
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (32, 32, 3)
    config.generator = {"name": "unet_generator", "filters": 4, "depth": 3}
    config.discriminator = {"name": "patchgan_discriminator", "filters": 4, "receptive_field": 16}
    request = Request(source="figures/paired", split="test", num=30)
    work = evaluation(config, request)
    images = images_of(work)
    assert work.also["mae"](images) == work.also["l1"](images) == {"": 0.0}
    assert work.also["psnr"](255 - images)[""] < 20 < work.also["psnr"](images ^ 1)[""]
    assert work.also["ssim"](images)[""] == pytest.approx(1)
    config.model_args.image_shape = (8, 8, 3)
    config.discriminator["receptive_field"] = 1
    with pytest.raises(InputError, match="--metrics: ssim needs images of 11x11 pixels or more"):
        evaluation(config, request._replace(metrics=["ssim"]))


def evaluation(config, request):
    model = build_model(config)
    return task_of(model).evaluation(model, config, request)


def images_of(work):
    return np.concatenate(list(work.reference.batches()))


@pytest.mark.slow
def test_figures_are_held_against_what_was_asked_for():
    """What real images show is what their own captions, and translations, ask for."""
    config = text_to_image_config("gan_cls")
    config.model_args.image_shape = (32, 32, 3)
    config.text_encoder.vocabulary = ("a", "circle")
    config.generator = {"name": "text_conditional_generator", "filters": 4, "projected": 4}
    config.discriminator = {"name": "text_conditional_discriminator", "filters": 4, "projected": 4}
    request = Request(source="figures/captions", split="test", num=60)
    with pytest.warns(UserWarning, match=r"^--data: .* of all words are unknown: "):
        work = evaluation(config, request)
    assert work.also["figures"](images_of(work))["seen_all"] == 1
    config.text_encoder.vocabulary = ("птица",)
    with pytest.raises(InputError, match=r"^--data: expected captions that the text encoder can"):
        evaluation(config, request)
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (32, 32, 3)
    config.generator = {"name": "unet_generator", "filters": 4, "depth": 3}
    config.discriminator = {"name": "patchgan_discriminator", "filters": 4, "receptive_field": 16}
    for direction in ("a_to_b", "b_to_a"):
        config.data.direction = direction
        work = evaluation(config, request._replace(source="figures/paired"))
        assert work.also["figures"](images_of(work))["all"] > 0.98
    config = noise_to_image_config("dcgan")
    config.generator = {"name": "dcgan_generator", "filters": 4}
    config.discriminator = {"name": "dcgan_discriminator", "filters": 4}
    work = evaluation(config, request._replace(source="figures"))
    assert work.also["figures"](images_of(work))["validity"] == 1
    assert work.reference.what["of"] == 2000


@pytest.mark.parametrize(
    ("trained_on", "evaluated_on", "sentence"),
    [
        ("train", "train", "the run's training images are used, which favours a model that"),
        ("train[:30]", "train[30:]", "what the run has not trained on is used instead"),
    ],
)
def test_a_missing_split_is_replaced_by_what_there_is(tmp_path, trained_on, evaluated_on, sentence):
    config = tiny_config(tmp_path, data__split=trained_on)
    run = tmp_path / "run"
    model = build_model(config)
    with Run(run).claim(config):
        Run(run).checkpoints.save(model, 0, None, None, {})
    with pytest.warns(UserWarning, match="--split: npz:.* has no array for split 'test'") as told:
        found = evaluate_run(run, Request(["swd"], num=10, checkpoint="0"))
    assert sentence in str(told[0].message)
    assert str(told[0].message).endswith(f"(--split={evaluated_on}).")
    assert found.protocol["reference"]["split"] == evaluated_on
    assert found.protocol["notes"] == [str(told[0].message)]
    named = evaluate_run(run, Request(["swd"], split=evaluated_on, num=10, checkpoint="0"))
    assert named.scores == found.scores
    assert not named.protocol["notes"]


def test_mistakes_are_sentences_before_anything_is_made(run, capsys, offline):
    capsys.readouterr()
    train = "--split=train"
    for flags, sentence in (
        (["--metrics=fidd"], "metrics: there is no 'fidd'; did you mean fid"),
        (["--metrics=psnr", train], "--metrics: psnr compares translations with their"),
        (["--metrics=mae", train], "--metrics: mae compares translations with their targets"),
        (["--samples=200"], "There is no flag --samples; did you mean --num?"),
        (["--metrics=fid", train, "--features=inception"], "cannot be downloaded"),
        (["--metrics=fid", "--inception=no.pb"], "inception: there is no file 'no.pb'"),
        (["--features=mnist", train], "features: there is no 'mnist'; did you mean mnist_v1?"),
        (
            ["--features=fashion_mnist_v1", "--inception=x.pb"],
            "inception: expected none with features=fashion_mnist_v1",
        ),
        (["--metrics=swd", "--features=mnist_v1"], "--features: is for metrics in features, such"),
        (["--direction=a_to_b"], "--direction: is for a model that translates"),
        (["--features=fashion_mnist_v1", "--split=tests"], "has no array for split 'tests'"),
        (["--metrics=figures", train], "--metrics: figures reads whole splits of the drawn"),
        (["--metrics=swd", "--num=9"], "--num: expected a whole number from 10 up, got 9"),
        (["--metrics=swd", train, "--output=x.csv"], "--output: is for enlarged images"),
        (["--metrics=swd", train, "--checkpoint=7"], "--checkpoint: expected best, last or"),
        (["--metrics=swd", "--data=points/ring", train], "holds vectors"),
    ):
        status, out, err = said(f"--workdir={run}", *flags, capsys=capsys)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert sentence in err
    assert not (run / "evaluation.jsonl").exists()
    config = noise_to_image_config("gan")
    config.model_args.image_shape = (2,)
    with pytest.raises(InputError, match="expected a run of a model that makes images, got points"):
        evaluation(config, Request(source="points/ring", split="test"))


def test_metrics_of_pairs_need_no_download(tmp_path, monkeypatch, capsys, offline):
    monkeypatch.setattr("tfgan_zoo.metrics.features.is_installed", lambda: False)
    run = stepped_run(tiny_translation(tmp_path, "pix2pix"), tmp_path / "pix2pix", steps=1)
    capsys.readouterr()
    status, out, _ = said(f"--workdir={run}", "--split=train", "--num=10", capsys=capsys)
    assert status == 0
    assert "\nScored by l1, psnr, ssim, swd, which need no network; for fid, kid, " in out
    (found,) = lines(run)
    assert {"l1", "psnr", "ssim", "swd"} == set(found["scores"])
    where = str(tmp_path / "pix2pix")
    assert default_metrics(where, "figures/glyphs").metrics[0] == "fid"
    monkeypatch.setattr("tfgan_zoo.metrics.features.is_installed", lambda: True)
    assert default_metrics(where).metrics[0] == "fid"


@pytest.mark.parametrize(
    ("model", "source", "metrics"),
    [
        ("gan_3d", "voxels/solids", ["solids", "swd"]),
        ("gan_3d", "npz:chairs.npz", ["swd"]),
        ("cyclegan", "folder:x", []),
        ("dcgan", "folder:x", []),
        ("pix2pix_hd", "folder:x", ["l1", "psnr", "ssim", "swd"]),
        ("vae", "folder:x", ["l1", "psnr", "ssim", "swd"]),
    ],
)
def test_metrics_without_features_are_those_of_the_task(model, source, metrics):
    config = load_config(model)
    cls = model_class(config.model)
    assert task_of(cls).offline_metrics(cls, config, source) == metrics


def test_a_stopped_evaluation_is_resumed(run, monkeypatch, capsys):
    flags = [f"--workdir={run}", "--split=train", "--num=20", "--metrics=swd"]
    assert said(*flags, capsys=capsys)[0] == 0
    monkeypatch.setattr("tfgan_zoo.tasks.drawing._BATCH", 8)
    model = type(experiment.load_run(run))
    generate, calls = model.generate, []

    def stopped(self, *args, **kwargs):
        calls.append(len(kwargs["latents"]))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return generate(self, *args, **kwargs)

    monkeypatch.setattr(model, "generate", stopped)
    assert said(*flags, capsys=capsys)[0] != 0
    assert len(list(run.glob("evaluation-*.part.npz"))) == 1
    status, _, err = said(*flags, capsys=capsys)
    assert (status, err) == (0, "Resumed after 8 of 20 images.\n")
    assert calls == [8, 8, 8, 4]
    assert not list(run.glob("evaluation-*.part.npz"))
    before, after = lines(run)
    assert before["scores"] == after["scores"]
