"""Scores of models that are asked for classes: class by class, in training and by the command."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.tasks.conditional import untrained
from tests.tasks.test_conditional import NAMES, config_of
from tests.tiny_runs import tiny_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import ClassifierFeatures
from tfgan_zoo.run import building
from tfgan_zoo.run.evaluation import evaluate_run
from tfgan_zoo.tasks import Request, open_task, task_of
from tfgan_zoo.tasks.classes import renumbered


def test_samples_are_compared_class_by_class(tmp_path):
    """Against the samples of each class, drawn and compared here."""
    model, run = untrained(config_of(tmp_path), tmp_path / "run")
    metrics = ("intra_fid", "intra_precision_recall")
    request = Request(metrics, split="train", num=40, features="mnist_v1", checkpoint="0")
    with pytest.warns(UserWarning, match="features: expected images like those that mnist_v1"):
        found = evaluate_run(run, request)
    features = ClassifierFeatures("mnist_v1")
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


@pytest.mark.slow
def test_training_compares_class_by_class(tmp_path):
    config = config_of(tmp_path)
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
    config = config_of(tmp_path)
    config.model, config.data.source = "tests.tasks.conditional:FiguresGAN", "figures"
    config.model_args.image_shape = (32, 32, 3)
    model = building.build_model(config)
    request = Request(source="figures", split="test", num=144)
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


def test_numbers_that_are_names_of_classes_are_compared_as_names():
    """Folders 0 to 11 are sorted as texts; classes without names are numbered from 0."""
    labels = np.array([0, 1, 2, 2])
    data = SimpleNamespace(class_names=("0", "1", "2"))
    names = tuple(sorted(map(str, range(12))))
    np.testing.assert_array_equal(renumbered(labels, data, names, "data"), [0, 1, 4, 4])
    assert names[4] == "2"
    np.testing.assert_array_equal(renumbered(labels, data, NAMES, "data"), labels)
