"""LPIPS as a score of translations and of enlarged images, in training and by the command."""

import numpy as np
import pytest

from tests.commands.test_commands import said
from tests.metrics.lpips_files import write_alexnet
from tests.tiny_runs import tiny_super_resolution, tiny_translation
from tfgan_zoo import evaluate, pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import by_model
from tfgan_zoo.metrics import lpips_distance
from tfgan_zoo.run import building
from tfgan_zoo.tasks import Request, open_task, task_of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_alexnet(tmp_path_factory.mktemp("lpips"))


def with_lpips(config, files, *metrics):
    with config.unlocked():
        config.evaluate.metrics = ("lpips", *metrics)
        config.evaluate.lpips_backbone, config.evaluate.lpips_heads = map(str, files)
    return config


def pairs_of(folder, files, side=32):
    """Returns a pix2pix's config on noise of 40x40 pixels."""
    random = np.random.default_rng(0)
    a, b = (random.integers(0, 256, (12, 40, 40, c), np.uint8) for c in (1, 3))
    np.savez(folder / "pairs.npz", a=a, b=b)
    config = tiny_translation(folder, "pix2pix")
    with config.unlocked():
        config.model_args.image_shape = (side, side, 1)
        config.data.load_size = None
    return with_lpips(config, files, "l1")


def test_translations_are_compared_with_their_targets(tmp_path, files):
    config = pairs_of(tmp_path, files)
    model = building.build_model(config)
    work = open_task(config, model)
    assert [(main, sign) for _, main, sign in work.scores] == [("lpips", -1), ("l1", -1)]

    class Answers:
        def translate(self, images, *_, **__):
            return pictures.from_uint8(work.b // 2 if len(images) == len(work.b) else None)

    distances = lpips_distance(*files)(work.b // 2, work.b)
    found = work.score(Answers())
    assert found["lpips"] == pytest.approx(distances.mean(), rel=1e-4)
    assert np.ptp(distances) > 0
    # The same by the command, with files of its own.
    request = Request(["lpips"], source=config.data.source, split="train")
    task = task_of(model)
    compared = task.evaluation(model, config, request)
    assert compared.notes == [work_notes(files)]
    assert compared.also["lpips"](work.b // 2)[""] == pytest.approx(found["lpips"], rel=1e-4)
    config.evaluate.lpips_backbone = None
    with pytest.raises(InputError, match=r"^--lpips_backbone: expected the file of a network for"):
        task.evaluation(model, config, request)
    assert "lpips" not in task.evaluation(model, config, request._replace(metrics=["l1"])).also


def work_notes(files):
    return f"lpips is version 0.1 by AlexNet ({lpips_distance(*files).fingerprint})."


def test_missing_files_and_small_images_are_sentences_before_training(tmp_path, files):
    config = pairs_of(tmp_path, files)
    model = building.build_model(config)
    config.evaluate.lpips_backbone = None
    with pytest.raises(InputError, match=r"^evaluate.lpips_backbone: expected the file of .*alexn"):
        open_task(config, model)
    config.evaluate.lpips_backbone = str(files[1])
    with pytest.raises(InputError, match=r"^evaluate.lpips_backbone: expected the weights of tor"):
        open_task(config, model)
    small = pairs_of(tmp_path, files, side=16)
    with pytest.raises(InputError, match=r"^model_args.image_shape: expected images of 31x31"):
        open_task(small, building.build_model(small))


def test_enlarged_images_are_compared_with_the_originals(tmp_path, files):
    config = with_lpips(tiny_super_resolution(tmp_path), files, "psnr")
    random = np.random.default_rng(1)
    np.savez(tmp_path / "other.npz", images=random.integers(0, 256, (2, 46, 42, 3), np.uint8))
    config.evaluate.source = f"npz:{tmp_path / 'other.npz'}"
    model = building.build_model(config)
    work = open_task(config, model)
    assert [(main, sign) for _, main, sign in work.scores] == [("lpips", -1), ("psnr", 1)]
    distance, upscale = lpips_distance(*files), by_model(model)
    expected = [distance.of_pair(upscale(small), large) for small, large in work.held_out]
    assert work.score(model)["lpips"] == pytest.approx(np.mean(expected), rel=1e-4)


def test_the_command_compares_enlarged_images(tmp_path, files, capsys):
    random = np.random.default_rng(1)
    np.savez(tmp_path / "large.npz", images=random.integers(0, 256, (2, 48, 48, 3), np.uint8))
    flags = ["--baseline=bicubic", f"--data=npz:{tmp_path / 'large.npz'}", "--scale=2"]
    given = [f"--lpips_backbone={files[0]}", f"--lpips_heads={files[1]}"]
    status, out, err = said(evaluate.main, *flags, "--metrics=psnr,lpips", *given, capsys=capsys)
    assert status == 0
    assert err == work_notes(files) + "\n"
    assert out.splitlines()[0].split() == ["image", "psnr", "lpips"]
    assert 0 < float(out.splitlines()[-1].split()[-1]) < 100
    for more, sentence in (
        (["--metrics=psnr", *given], "--lpips_backbone: is for --metrics=lpips, which was not"),
        (["--metrics=lpips"], "--lpips_backbone: expected the file of a network for lpips, got no"),
    ):
        status, _, err = said(evaluate.main, *flags, *more, capsys=capsys)
        assert status == 2
        assert err.startswith(f"error: {sentence}")
