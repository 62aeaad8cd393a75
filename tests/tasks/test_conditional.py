"""A run of a model that is conditional on classes."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.commands.test_commands import said
from tests.tasks.conditional import NAMES, animals
from tests.tiny_runs import lines, tiny_config
from tfgan_zoo import generate
from tfgan_zoo.data import open_captioned
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import ClassifierFeatures
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.drawing import walk_run
from tfgan_zoo.run.evaluation import evaluate_run, task_of_run
from tfgan_zoo.tasks import Request, open_task, task_of
from tfgan_zoo.tasks.drawing import generate as draw


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("conditional")
    experiment.train(animals(folder), folder / "run", lambda _: None)
    return folder / "run"


def test_batches_and_scores_have_the_labels_of_the_images(tmp_path):
    config = animals(tmp_path)
    task = open_task(config, building.build_model(config))
    batch = next(task.batches(0).as_numpy_iterator())
    np.testing.assert_array_equal(batch["label"], batch["image"][:, 0, 0, 0] // 100)
    assert task.describe().endswith(": 30 samples of 3 classes")
    real = task.real_samples(16)

    class Copies:
        def generate(self, num, seed, label):
            np.testing.assert_array_equal(label, np.rint((real[:, 0, 0, 0] + 1) * 127.5) // 100)
            return real

    assert task.score(Copies()) == {"swd": pytest.approx(0, abs=1e-6)}


def test_a_source_without_labels_is_refused(tmp_path):
    config = animals(tmp_path)
    config.data.source = tiny_config(tmp_path).data.source
    with pytest.raises(
        InputError, match=r"^data.source: expected labels in npz:\S+, got none; put"
    ):
        open_task(config, building.build_model(config))


def test_a_run_knows_the_names_of_its_classes_and_draws_a_row_of_each(run):
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["data"]["class_names"] == list(NAMES)
    assert '"fox"' in next((run / "export").glob("*/1/README.md")).read_text()
    assert "swd" in lines(run)[-1]
    with Image.open(run / "samples" / "final.png") as sheet:
        assert sheet.height == 3 * (64 + 22)  # four samples in all: one of each class


@pytest.mark.slow
def test_a_run_with_classes_goes_on(run, tmp_path):
    resumed = animals(run.parent)
    resumed.train.steps = 8
    copy = shutil.copytree(run, tmp_path / "run")
    experiment.train(resumed, copy, lambda _: None)
    assert [row["step"] for row in lines(copy)] == [4, 8]


def test_generate_draws_classes_by_name_or_number_or_in_turn(run, tmp_path, capsys):
    model = experiment.load_run(run)
    flags = [f"--workdir={run}", "--num=2"]
    generate.main([*flags, "--label=fox", "--label=0", f"--output={tmp_path / 'two'}"])
    made = open_captioned(f"folder:{tmp_path / 'two'}")
    assert [caption for (caption,) in made.captions] == ["fox", "fox", "cat", "cat"]
    expected = model.generate(label=[2, 2, 0, 0], latents=np.tile(model.sample_latents(2), (2, 1)))
    for i, image in enumerate(expected):
        np.testing.assert_array_equal(made.images[i], np.rint((image + 1) * 127.5))
    generate.main([*flags, "--num=4", f"--output={tmp_path / 'four'}"])
    with Image.open(tmp_path / "four" / "000003.png") as image:
        expected = model.generate(4, label=[0, 1, 2, 0])[3]
        np.testing.assert_array_equal(np.asarray(image), np.rint((expected + 1) * 127.5))
    _, walks = walk_run(str(run), [], 0, num=3, frames=4)
    assert walks.shape == (3, 4, 16, 16, 3)
    output = f"--output={tmp_path / 'x.png'}"
    status, _, error = said(generate.main, *flags, "--label=fxo", output, capsys=capsys)
    assert (status, error) == (2, "error: --label: there is no class 'fxo'; did you mean fox?\n")


def test_samples_are_evaluated_under_the_labels_of_real_images(run):
    request = Request(("swd",), split="train", num=40)
    found = evaluate_run(run, request)
    assert (found.protocol["samples"], found.protocol["reference"]["samples"]) == (40, 30)


def of_classes(folder, names):
    for name in names:
        (folder / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (16, 16), (100,) * 3).save(folder / name / f"{i}.png")
    return f"folder:{folder}"


def test_classes_of_other_data_are_known_by_their_names(run, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "tfgan_zoo.tasks.noise_to_image.generate",
        lambda model, latents, label: drawn.append(label) or draw(model, latents, label=label),
    )
    source = of_classes(tmp_path / "some", ["dog", "fox"])
    evaluate_run(run, Request(("swd",), source=source, split="train", num=20))
    np.testing.assert_array_equal(np.concatenate(drawn), np.repeat([1, 2], 10))
    source = of_classes(tmp_path / "strange", ["dog", "eel"])
    with pytest.raises(InputError, match=r"^--data: expected classes of the run.*got 'eel'"):
        evaluate_run(run, Request(("swd",), source=source, split="train", num=20))


def test_a_run_does_not_go_on_with_classes_of_other_numbers(tmp_path):
    config = animals(tmp_path)
    model = building.build_model(config)
    with config.unlocked():
        config.data.class_names = ("ant", "cat", "dog")
    with pytest.raises(InputError, match=r"^data.source: expected the classes ant, cat, dog, as"):
        open_task(config, model)


@pytest.mark.slow
def test_labels_are_refused_where_the_model_knows_no_classes(tmp_path, capsys):
    config = tiny_config(tmp_path, train__steps="4")
    experiment.train(config, tmp_path / "run", lambda _: None)
    capsys.readouterr()
    flags = [f"--workdir={tmp_path / 'run'}", "--label=cat", f"--output={tmp_path / 'x.png'}"]
    status, _, error = said(generate.main, *flags, capsys=capsys)
    assert status == 2
    assert "--label: expected no label for" in error


def test_classes_that_the_networks_do_not_know_are_refused_before_training(tmp_path):
    config = animals(tmp_path)
    config.data.source = of_classes(tmp_path / "five", ["ant", "bee", "cat", "dog", "eel"])
    with pytest.raises(
        InputError,
        match=r"^data\.source, label: expected the 3 classes that layer .* knows, got classes from "
        r"0 to 4, of which it does not know 3; make networks for all of them, or leave the others",
    ):
        experiment.train(config, tmp_path / "run", lambda _: None)
    assert not (tmp_path / "run").exists()


def test_unnamed_classes_of_other_data_are_checked(run, tmp_path):
    """A run of an earlier version does not know the names of its classes."""
    config = animals(tmp_path)
    config.data.source = of_classes(tmp_path / "more", ["a", "b", "c", "d"])
    request = Request(("swd",), source=config.data.source, split="train", num=20)
    with pytest.raises(InputError, match=r"^--data, label: expected the 3 classes .* know 3;"):
        task_of_run(run).evaluation(experiment.load_run(run), config, request)


# ---------------------------------------------------------------------- scores of classes


def test_samples_are_compared_class_by_class(run):
    """Against the samples of each class, drawn and compared here."""
    metrics = ("intra_fid", "intra_precision_recall")
    request = Request(metrics, split="train", num=40, features="mnist_v1")
    with pytest.warns(UserWarning, match="features: expected images like those that mnist_v1"):
        found = evaluate_run(run, request)
    model, features = experiment.load_run(run), ClassifierFeatures("mnist_v1")
    labels = np.resize(np.repeat([0, 1, 2], 10), 40)
    made = features(model.generate(label=labels, latents=model.sample_latents(40)))[0]
    by_class = found.protocol["classes"]["intra_fid[mnist_v1]"]
    for number, name in enumerate(NAMES):
        shades = np.add.outer(100 * number + np.arange(10), np.zeros((16, 16, 3)))
        real = features(shades.astype(np.uint8))[0].astype(float)
        samples = made[labels == number].astype(float)
        shift = real.mean(0) - samples.mean(0)
        covariances = np.cov(real.T), np.cov(samples.T)
        roots = np.sqrt(np.maximum(np.linalg.eigvals(covariances[0] @ covariances[1]).real, 0))
        expected = shift @ shift + sum(map(np.trace, covariances)) - 2 * roots.sum()
        assert by_class[name] == pytest.approx(expected, rel=1e-3)
    assert found.scores["intra_fid[mnist_v1]"] == pytest.approx(np.mean(list(by_class.values())))
    worst = max(by_class, key=by_class.get)
    assert f"intra_fid[mnist_v1]: the worst class is {worst} (" in found.report()
    assert "intra_fid: 3 of 3 classes have no more than 64 images, the number" in found.report()
    assert set(found.protocol["classes"]) > {"intra_recall[mnist_v1]"}
    for name, sentence in (
        ("class_accuracy", r"mnist_v1, which knows 0, 1, .*, 9 and not 'cat'; use features"),
        ("figures", "^--metrics: figures reads whole splits of the drawn figures"),
    ):
        with pytest.raises(InputError, match=sentence):
            evaluate_run(run, request._replace(metrics=(name,)))


def test_training_compares_class_by_class(tmp_path):
    config = animals(tmp_path)
    config.evaluate.metrics = ("intra_fid", "intra_precision_recall")
    config.evaluate.features = "mnist_v1"
    model = building.build_model(config)
    task = open_task(config, model)
    assert [(main, sign) for _, main, sign in task.scores] == [
        ("intra_fid[mnist_v1]", -1),
        ("intra_precision[mnist_v1]", 1),
    ]
    with pytest.warns(UserWarning, match=r"^evaluate.samples: intra_fid: 3 of 3 classes have no"):
        task.rehearse(model)
    real = task.real_samples(16)
    order = np.argsort(-real[:, 0, 0, 0])

    class Copies:
        def generate(self, num, seed, label):
            return real[:num]

    class Others:
        def generate(self, num, seed, label):
            return real[order]

    with pytest.warns(UserWarning, match="features: expected images like those that mnist_v1"):
        same, other = task.score(Copies()), task.score(Others())
    with pytest.warns(UserWarning, match="Their scores are NaN"):
        lost = task.score(SimpleNamespace(generate=lambda *_, **__: real * np.nan))
    assert lost.keys() == same.keys()
    assert np.isnan(list(lost.values())).all()
    assert same["intra_fid[mnist_v1]"] == pytest.approx(0, abs=1e-6)
    assert same["intra_recall[mnist_v1]"] == 1
    assert other["intra_fid_worst[mnist_v1]"] > 0.1 > same["intra_fid_worst[mnist_v1]"]
    config.evaluate.samples = 4
    few = open_task(config, model)
    with pytest.raises(
        InputError, match=r"evaluate.metrics=intra_\w+: .* expected \d images or more of each cl"
    ):
        few.rehearse(model)
    config.evaluate.metrics = ("class_accuracy",)
    with pytest.raises(InputError, match=r"mnist_v1, which knows 0, 1, .*, 9 and not 'cat'"):
        open_task(config, model)
    plain = tiny_config(tmp_path)
    plain.evaluate.metrics = ("intra_fid",)
    with pytest.raises(InputError, match=r"^evaluate.metrics: intra_fid compares samples class by"):
        open_task(plain, building.build_model(plain))


def test_figures_are_those_that_were_asked_for(tmp_path):
    """The reference images are such: each is asked for by its own label."""
    config = animals(tmp_path)
    config.model, config.data.source = "tests.tasks.conditional:FiguresGAN", "figures"
    config.model_args.image_shape = (32, 32, 3)
    model = building.build_model(config)
    request = Request(source="figures", split="test", num=480)
    compared = task_of(model).evaluation(model, config, request)
    images = np.concatenate(list(compared.reference.batches()))
    found = compared.also["figures"](images)
    assert (found["validity"], found["obedience"], found["obedience_worst"]) == (1, 1, 1)
    assert compared.also["figures"](np.roll(images, 1, axis=0))["obedience"] < 0.1

    def accuracy(images):
        scores, _ = distributions.compare(
            ["class_accuracy"],
            [images],
            compared.reference,
            ClassifierFeatures("figures_v1"),
            classes=compared.classes,
        )
        return scores["class_accuracy[figures_v1]"]

    assert accuracy(images) > 0.99
    assert accuracy(np.roll(images, 1, axis=0)) < 0.1
