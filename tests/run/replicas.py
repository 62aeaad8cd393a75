"""Draws and scores samples of runs on two replicas; run by two_replicas in a separate process."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_runs import (
    stepped_run,
    tiny_conditional,
    tiny_config,
    tiny_text_to_image,
    tiny_voxels,
)
from tests.two_devices import STRATEGY
from tfgan_zoo.models.sampling import Sampling
from tfgan_zoo.pictures.drawing import DrawRequest
from tfgan_zoo.run import devices, trained
from tfgan_zoo.run.drawing import draw_run
from tfgan_zoo.run.evaluation import evaluate_run
from tfgan_zoo.tasks import Request
from tfgan_zoo.tasks import drawing as batches


@contextlib.contextmanager
def _folder():
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFGAN_ZOO_CACHE", f"{folder}/cache")
        patch.setattr(devices, "_mirrored", lambda _: devices.Devices(STRATEGY))
        patch.setattr(batches, "_BATCH", 64)
        yield Path(folder)


def _on_each(function):
    """Calls a function on one device and on two; returns both results, and what each generated."""
    results, made = [], []
    for least in (10**9, 1):
        generate, calls = Sampling.generate, []

        def counted(self, *args, generate=generate, calls=calls, **kwargs):
            replicas = self.distribute_strategy.num_replicas_in_sync
            images = generate(self, *args, **kwargs)
            calls.append((replicas, images))
            return images

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trained, "SHARED", least)
            patch.setattr(Sampling, "generate", counted)
            results.append(function(least))
        made.append(calls)
    one, two = ([replicas for replicas, _ in calls] for calls in made)
    assert set(one) == {1}
    assert set(two) == {2}
    samples = [np.concatenate([images for _, images in calls]) for calls in made]
    np.testing.assert_array_equal(*samples)
    return results, [[len(images) for _, images in calls] for calls in made]


def _scores(run, metrics, num=200, **settings):
    def scored(_):
        request = Request(metrics, split="train", num=num, features="fashion_mnist_v1", **settings)
        return evaluate_run(run, request).scores

    (one, two), sizes = _on_each(scored)
    assert two == pytest.approx(one, rel=1e-4, abs=1e-6)
    return sizes


def scores_of_samples():
    with _folder() as folder:
        config = tiny_config(folder, convolutional=True, evaluate__metrics="")
        run = stepped_run(config, folder / "run")
        one, two = _scores(run, ["fid", "swd", "precision_recall"])
        assert one == [64, 64, 64, 8]
        assert two == [128, 72]
        _scores(run, ["swd"], raw_weights=True)


def a_folder_of_samples():
    with _folder() as folder:
        run = stepped_run(tiny_config(folder, convolutional=True), folder / "run")

        def drawn(least):
            draw_run(DrawRequest(str(run), 150, seed=3), folder / f"{least}")
            files = sorted((folder / f"{least}").glob("*.png"))
            return [file.read_bytes() for file in files]

        (one, two), _ = _on_each(drawn)
        assert len(one) == 150
        assert two == one


def settings_of_training_alone():
    """A run on one device, by XLA and with several steps at once, is used without these."""
    with _folder() as folder:
        run = stepped_run(tiny_config(folder, convolutional=True), folder / "run")
        file = run / "config.json"
        text = file.read_text()
        for name, value in (("jit_compile", "true"), ("rematerialize", "true")):
            assert f'"{name}": false' in text
            text = text.replace(f'"{name}": false', f'"{name}": {value}')
        text = text.replace('"steps_per_execution": 1', '"steps_per_execution": 2')
        file.write_text(text)
        with STRATEGY.scope():
            model = trained.load_run(run)
        assert model.steps_per_execution == 1
        # By these, what was stopped is resumed, on any devices.
        assert trained.weights_of(model) == trained.weights_of(trained.load_run(run))
        assert model.generate(70).shape == (70, 16, 16, 3)


def samples_of_classes_voxels_and_texts():
    with _folder() as folder:
        labelled = stepped_run(tiny_conditional(folder, "sngan"), folder / "labelled")
        _scores(labelled, ["intra_fid"])
        voxels = stepped_run(tiny_voxels(folder), folder / "voxels")
        request = Request(["swd"], split="test[:60]", num=70)
        (one, two), sizes = _on_each(lambda _: evaluate_run(voxels, request).scores)
        assert two == pytest.approx(one, rel=1e-4)
        assert sizes == [[32, 32, 6], [64, 6]]
        texts = stepped_run(tiny_text_to_image(folder), folder / "texts")
        _scores(texts, ["swd"], num=20)
