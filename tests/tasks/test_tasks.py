"""What a run does with each kind of data."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow
from tests.tiny_runs import (
    tiny_config,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
)
from tfgan_zoo import pictures
from tfgan_zoo.commands import training
from tfgan_zoo.config.schema import CONFIGS
from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import by_model
from tfgan_zoo.evaluation.upscaled import PairsRequest, score_source
from tfgan_zoo.metrics.checkerboard import checkerboard
from tfgan_zoo.metrics.psnr import psnr
from tfgan_zoo.models import MODELS, ZooModel
from tfgan_zoo.pictures.labels import TITLES
from tfgan_zoo.run import building, experiment
from tfgan_zoo.tasks import TASKS, Request, open_task, resolve, task_of
from tfgan_zoo.tasks.noise_to_image import NoiseToImageTask


def opened(config):
    return open_task(config, building.build_model(config))


@pytest.mark.parametrize(
    ("source", "metrics", "expected"),
    [
        ("figures", ("figures", "swd"), ["validity", "swd"]),
        ("figures", ("swd", "figures"), ["swd", "validity"]),
        ("figures", ("figures", "mae"), ["validity"]),
        ("", ("figures", "swd"), ["swd"]),
        ("figures", ("kid", "fid", "modes"), [f"{n}[figures_v1]" for n in ("kid", "fid", "modes")]),
        ("figures", (), []),
    ],
)
def test_scores_of_noise_to_image(tmp_path, source, metrics, expected):
    config = tiny_config(tmp_path)
    config.data.source = source or config.data.source
    config.evaluate.metrics = metrics
    assert [main for _, main, _ in opened(config).scores] == expected


@pytest.mark.parametrize(
    "kind", ["noise_to_image", *map(slow, ("pix2pix", "cyclegan", "text_to_image"))]
)
def test_images_are_cropped_once_from_memory_or_not(tmp_path, kind):
    found = []
    for cache in ("yes", "no"):
        if kind == "noise_to_image":
            config = tiny_config(tmp_path)
        elif kind == "text_to_image":
            config = resolve(tiny_text_to_image(tmp_path))
        else:
            config = tiny_translation(tmp_path, kind)
        with config.unlocked():
            config.data.crop = 10 if kind == "noise_to_image" else 18
            config.data.cache = cache
        work = opened(config)
        batches = work.pipeline(0) if kind == "text_to_image" else work.batches(0)
        found.append([tf.nest.flatten(batch) for batch in batches.take(2).as_numpy_iterator()])
    for cached, decoded in zip(*found, strict=True):
        for one, other in zip(cached, decoded, strict=True):
            np.testing.assert_array_equal(one, other)


def test_too_few_samples_for_a_score_are_refused(tmp_path):
    config = tiny_config(tmp_path)
    config.data.source = "figures"
    config.evaluate.metrics = ("swd", "density_coverage")
    config.evaluate.samples = 5
    sentence = "evaluate.samples: expected 6 images or more for density_coverage, got 5"
    with pytest.raises(InputError, match=sentence):
        opened(config)
    config = tiny_translation(tmp_path, "pix2pix")
    with np.load(tmp_path / "pairs.npz") as pairs:
        np.savez(tmp_path / "pairs.npz", a=pairs["a"][:5], b=pairs["b"][:5])
    config.evaluate.metrics = ("density_coverage",)
    config.evaluate.features = "figures_v1"
    sentence = "evaluate.metrics: expected 6 images or more for density_coverage, got 5"
    with pytest.raises(InputError, match=sentence):
        opened(config).known_scores()


def test_scores_in_features(tmp_path, monkeypatch, offline):
    config = tiny_config(tmp_path)
    config.data.source = "figures"
    config.evaluate.metrics = ("fid", "density_coverage")
    work = opened(config)
    real = work.real_samples(16)

    class Copies:
        calls = 0

        def generate(self, num, seed):
            self.calls += 1
            return real[:num]

    copies = Copies()
    scores = work.score(copies)
    assert copies.calls == 1  # for all of them
    assert abs(scores["fid[figures_v1]"]) < 1e-6
    assert scores["coverage[figures_v1]"] == 1
    real[3] = np.nan  # The run goes on, and its own guards see to that.
    with pytest.warns(UserWarning, match="expected finite numbers"):
        lost = work.score(copies)
    assert lost.keys() == scores.keys()
    assert np.isnan(list(lost.values())).all()
    config.data.source = f"npz:{tmp_path / 'pictures.npz'}"
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path))
    config.evaluate.features = "inception"
    with pytest.raises(InputError, match="cannot be downloaded"):
        opened(config)
    with config.unlocked():
        config.evaluate.inception = "no.pb"
    with pytest.raises(InputError, match=r"there is no file 'no.pb'"):
        opened(config)


def test_real_samples_are_the_models_inputs(tmp_path):
    np.savez(tmp_path / "white.npz", images=np.full((50, 16, 16, 3), 255, np.uint8))
    config = tiny_config(tmp_path, data__flip="false")
    config.data.source = f"npz:{tmp_path / 'white.npz'}"
    real = opened(config).real_samples(20)
    assert real.shape == (20, 16, 16, 3)
    assert real.dtype == np.float32
    assert np.all(real == 1.0)


def test_arrays_are_brought_to_the_model_s_size_without_a_cache_too(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (50, 20, 20, 3), np.uint8)
    np.savez(tmp_path / "large.npz", images=images)
    batches = []
    for cache in ("yes", "no"):
        config = tiny_config(tmp_path, data__cache=cache, data__crop="18")
        with config.unlocked():
            config.data.source = f"npz:{tmp_path / 'large.npz'}"
        batches.append(next(iter(opened(config).batches(3))))
    assert batches[0].shape == (8, 16, 16, 3)
    np.testing.assert_array_equal(*batches)


def test_entries_of_another_kind_of_model_are_refused(tmp_path):
    config = tiny_config(tmp_path)
    with config.unlocked():
        config.data.layout = "auto"
    with pytest.raises(InputError, match="data: there is no 'layout'"):
        opened(config)


def test_every_kind_has_a_task_a_config_and_a_model_that_tests_try():
    assert TASKS.keys() == CONFIGS.keys() == {cls.kind for cls in MODELS.values()}
    for model in MODELS.values():
        assert task_of(model) is TASKS[model.kind]

    class Unknown(ZooModel):
        kind = "sculpture"

    with pytest.raises(InputError, match=r"^Unknown.kind: expected one of noise_to_image, .*'scul"):
        task_of(Unknown)


@pytest.mark.slow
def test_a_task_may_have_neither_sheet_nor_export(tmp_path, monkeypatch):
    class Bare(NoiseToImageTask):
        has_sheet = has_export = False

    monkeypatch.setitem(TASKS, "noise_to_image", Bare)
    config = tiny_config(tmp_path, train__steps="4", train__export="true")
    result = experiment.train(config, tmp_path / "run", lambda _: None)
    assert (result.samples, result.export) == (None, None)
    assert not list((tmp_path / "run").rglob("*.png"))
    assert not (tmp_path / "run" / "export").exists()
    assert training.summary(result).splitlines()[-1] == f"model:      {result.model} (step 4)"
    # It is finished: nothing is trained again.
    told = []
    experiment.train(config, tmp_path / "run", told.append)
    assert "all 4 steps are done" in told[0]


# ---------------------------------------------------------------------- translation


class Answers:
    """Translates by looking the answer up."""

    def __init__(self, **answers):
        self.answers = answers

    def translators(self):
        return self.answers

    def translate(self, images, direction="a_to_b", batch_size=1):
        return pictures.from_uint8(self.answers[direction][: len(images)])


@pytest.mark.slow
def test_exact_scores_of_figures(tmp_path):
    config = tiny_translation(tmp_path, "cyclegan")
    config.data.source = "figures/unpaired"
    config.model_args.image_shape = (32, 32, 3)
    config.data.load_size = None
    config.evaluate.samples = 40
    config.evaluate.split = "test"
    config.evaluate.metrics = ("figures",)
    ((score, main, sign),) = opened(config).scores
    assert (main, sign) == ("success", 1)
    right = figures.counterparts("test", 32, 40)
    found = score(Answers(**right))
    assert found["success"] > 0.97
    assert found["a_to_b_fill"] > 0.97
    # An identity keeps everything and changes no fill.
    drawn = figures.load("unpaired", "test", 32, 40)
    kept = score(Answers(a_to_b=drawn["a"], b_to_a=drawn["b"]))
    assert kept["a_to_b_fill"] == kept["b_to_a_fill"] == kept["success"] == 0
    assert kept["a_to_b_kept"] > 0.97
    # The other way round, b is the one that turns solid.
    config.data.direction = "b_to_a"
    ((score, _, _),) = opened(config).scores
    found = score(Answers(a_to_b=right["b_to_a"], b_to_a=right["a_to_b"]))
    assert found["success"] > 0.97


def test_mean_absolute_error(tmp_path):
    config = tiny_translation(tmp_path, "pix2pix")
    config.evaluate.metrics = ("mae", "swd", "figures")
    work = opened(config)
    (mae, main, sign), (_, other, _) = work.scores
    assert (main, sign, other) == ("mae", -1, "swd")
    assert mae(Answers(a_to_b=work.b))["mae"] < 1e-6
    wrong = np.abs(255.0 - 2.0 * work.b[:16]).mean() / 255
    assert mae(Answers(a_to_b=255 - work.b))["mae"] == pytest.approx(wrong, abs=1e-6)


def test_translations_are_held_against_their_targets(tmp_path):
    config = tiny_translation(tmp_path, "pix2pix")
    config.evaluate.metrics = ("ssim", "l1", "psnr")
    work = opened(config)
    assert [(main, sign) for _, main, sign in work.scores] == [("ssim", 1), ("l1", -1), ("psnr", 1)]
    assert len({score.function for score in work.scores}) == 1
    targets = work.b[: config.evaluate.samples]
    answers = (targets // 2 + np.arange(16, dtype=np.uint8)[:, None]).astype(np.uint8)
    found = work.score(Answers(a_to_b=answers))
    a, b = (images.astype(np.float64) for images in (answers, targets))
    assert found["l1"] == pytest.approx(np.abs(a - b).mean() / 127.5, abs=1e-6)
    squares = ((a - b) ** 2).mean(axis=(1, 2, 3))
    assert found["psnr"] == pytest.approx((10 * np.log10(255**2 / squares)).mean(), abs=1e-6)
    similar = tf.image.ssim(tf.constant(answers), tf.constant(targets), 255).numpy()
    assert found["ssim"] == pytest.approx(similar.mean(), abs=1e-5)
    # Controls: the targets themselves, and those of other inputs.
    best = work.score(Answers(a_to_b=targets))
    assert best == {"ssim": pytest.approx(1), "l1": 0, "psnr": np.inf}
    other = work.score(Answers(a_to_b=np.roll(targets, 1, axis=0)))
    assert other["ssim"] < found["ssim"] < 1
    assert other["psnr"] < found["psnr"]
    unpaired = tiny_translation(tmp_path, "cyclegan")
    unpaired.evaluate.metrics = ("psnr", "swd")
    assert [main for _, main, _ in opened(unpaired).scores] == ["swd"]


def without_titles(sheet):
    assert (sheet[:TITLES] < 128).any()
    return sheet[TITLES:]


@pytest.mark.parametrize(("model", "columns"), [slow("pix2pix", 3), ("cyclegan", 6)])
def test_sheets_show_rows(tmp_path, model, columns):
    config = tiny_translation(tmp_path, model)
    built = building.build_model(config)
    work = open_task(config, built)
    sheet = without_titles(work.sheet(built))
    height, width = 4 * 18 - 2, columns * 18 - 2
    factor = sheet.shape[0] // height
    assert sheet.shape == (factor * height, factor * width, 3)
    # A row starts with its input, here a grey one.
    np.testing.assert_array_equal(sheet[::factor, ::factor, 0][18:34, :16], work.a[1, ..., 0])
    # It ends with the target, or with b once there and back.
    last = work.b[1]
    if model == "cyclegan":
        shown = work.shown_images[1][1]
        assert (work.b == shown).all(axis=(1, 2, 3)).nonzero()[0].tolist() != [1]
        there = pictures.to_uint8(built.translate(shown[np.newaxis], "b_to_a"))
        last = pictures.to_uint8(built.translate(there))[0]
    np.testing.assert_array_equal(sheet[::factor, ::factor][18:34, -16:], last)


@pytest.mark.parametrize("channels", [1, slow(3)])
def test_domain_transfer_has_one_direction(tmp_path, channels):
    config = tiny_translation(tmp_path, "dtn")
    config.model_args.image_shape = (16, 16, channels)
    built = building.build_model(config)
    work = open_task(config, built)
    sheet = without_titles(work.sheet(built))
    factor = sheet.shape[0] // (4 * 18 - 2)
    # Source, transferred, target; and what is made of a target that could be a source.
    columns = 3 + (channels == 3)
    assert sheet.shape[1] == factor * (columns * 18 - 2)
    np.testing.assert_array_equal(sheet[::factor, ::factor][18:34, 36:52], work.shown_images[1][1])
    if channels == 3:
        itself = pictures.to_uint8(built.translate(work.shown_images[1][1:2]))[0]
        np.testing.assert_array_equal(sheet[::factor, ::factor][18:34, -16:], itself)
    assert set(work.score(built)) == {"swd"}


@pytest.mark.slow
def test_exact_scores_of_domain_transfer(tmp_path):
    config = tiny_translation(tmp_path, "dtn")
    config.data.source = "figures/transfer"
    config.model_args.image_shape = (32, 32, 3)
    config.data.load_size = None
    config.evaluate.samples = 40
    config.evaluate.split = "test"
    config.evaluate.metrics = ("figures",)
    ((score, main, _),) = opened(config).scores
    assert main == "success"
    right = figures.counterparts("test", 32, 40, view="transfer")["a_to_b"]
    found = score(Answers(source_to_target=right))
    assert found["success"] == found["source_to_target_style"] == 1
    # An identity keeps everything and changes no style; the others' outlines are the reverse.
    drawn = figures.load("transfer", "test", 32, 40)
    found = score(Answers(source_to_target=drawn["a"]))
    assert (found["source_to_target_kept"], found["source_to_target_style"]) == (1, 0)
    found = score(Answers(source_to_target=drawn["b"]))
    assert found["source_to_target_style"] == 1
    assert found["source_to_target_kept"] < 0.2
    # The command's default direction is the model's only one.
    request = Request(("figures",), "figures/transfer", "test", num=4, features="figures_v1")
    task = task_of(built := building.build_model(config)).evaluation(built, config, request)
    assert task.reference.what["direction"] == "source_to_target"


def test_translations_have_alpha_where_the_model_has_it(tmp_path):
    config = tiny_translation(tmp_path, "pix2pix", data__load_size="16")
    config.model_args.update({"image_shape": (16, 16, 2), "channels_b": 4})
    ((a, b),) = opened(config).batches(0).take(1)
    assert (a.shape, b.shape) == ((2, 16, 16, 2), (2, 16, 16, 4))
    assert a[..., -1].numpy().min() == b[..., -1].numpy().min() == 255


def test_what_cannot_be_read_is_not_counted_once_images_are_decoded(tmp_path):
    for i in range(9):
        picture = Image.fromarray(np.full((16, 16, 3), i, np.uint8))
        picture.save(tmp_path / f"{i}.png")
    (tmp_path / "9.png").write_bytes(b"no image")
    config = tiny_config(tmp_path, data__source=f"folder:{tmp_path}", data__on_error="skip")
    config.data.batch_size = 4
    work = opened(config)
    work.prepare()
    assert work.describe().endswith(": 9 samples")


def test_rectangles(tmp_path):
    config = tiny_translation(tmp_path, "cyclegan")
    config.model_args.image_shape = (16, 32, 1)
    assert opened(config).a.shape[1:] == (16, 32, 1)
    np.savez(tmp_path / "wide.npz", images=np.zeros((8, 24, 40, 3), np.uint8))
    config = tiny_super_resolution(tmp_path, data__source=f"npz:{tmp_path / 'wide.npz'}")
    config.model_args.image_shape = (16, 32, 3)
    work = opened(config)
    small, large = work.batches(0).element_spec
    assert (small.shape, large.shape) == ((4, 8, 16, 3), (4, 16, 32, 3))
    config.model_args.image_shape = (16, 48, 3)
    sentence = r"40x24 pixels, too small for model_args.image_shape=16,48; .* at most \(24, 40\)"
    with pytest.raises(InputError, match=sentence):
        opened(config).batches(0)


# ---------------------------------------------------------------------- super-resolution


def test_super_resolution_is_scored_on_whole_images_of_another_source(tmp_path):
    config = tiny_super_resolution(tmp_path)
    random = np.random.default_rng(1)
    np.savez(tmp_path / "other.npz", images=random.integers(0, 256, (3, 30, 42, 3), np.uint8))
    config.evaluate.source = f"npz:{tmp_path / 'other.npz'}"
    config.evaluate.metrics = ("ssim", "psnr")
    built = building.build_model(config)
    work = open_task(config, built)
    assert [(main, sign) for _, main, sign in work.scores] == [("ssim", 1), ("psnr", 1)]
    assert [large.shape for _, large in work.held_out] == [(30, 42, 3)] * 3
    upscale = by_model(built)
    expected = np.mean([psnr(upscale(small), large) for small, large in work.held_out])
    assert work.score(built)["psnr"] == pytest.approx(expected)
    small, large = next(iter(work.batches(0)))
    assert (small.shape, large.shape) == ((4, 8, 8, 3), (4, 16, 16, 3))
    # Bicubic, by the model, as it should be: the middle 15 of 15 x 21 small pixels.
    sheet = without_titles(work.sheet(built))
    factor = sheet.shape[0] // (3 * 32 - 2)
    assert sheet.shape == (factor * (3 * 32 - 2), factor * (3 * 32 - 2), 3)
    np.testing.assert_array_equal(
        sheet[::factor, ::factor][:30, -30:], work.held_out[0][1][:, 6:36]
    )


def test_super_resolution_decodes_once(tmp_path):
    config = tiny_super_resolution(tmp_path)
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(1)
    for i in range(5):
        image = random.integers(0, 256, (20 + i, 24, 3), np.uint8)
        pictures.save_png(folder / f"{i}.png", image)
    with config.unlocked():
        config.data.source = f"folder:{folder}"
    work = opened(config)
    before = next(iter(work.batches(3)))
    for file in folder.iterdir():
        file.unlink()
    for first, second in zip(before, next(iter(work.batches(3))), strict=True):
        np.testing.assert_array_equal(first, second)


def test_super_resolution_refuses_what_it_has_no_use_for(tmp_path):
    with pytest.raises(InputError, match=r"data\.fit: expected resize"):
        opened(tiny_super_resolution(tmp_path, data__fit="pad"))
    with pytest.raises(InputError, match=r"data\.crop: expected none"):
        opened(tiny_super_resolution(tmp_path, data__crop="8"))


# ---------------------------------------------------------------------- messages


def used(config):
    """Does with the data what a run does."""
    work = opened(resolve(config))
    work.pretraining()
    work.batches(0)


@pytest.mark.parametrize(
    ("make", "change", "sentence"),
    [
        (
            tiny_super_resolution,
            {"model_args.scale": 3},
            "scale: expected 2, 4 or 8, got 3.",
        ),
        (
            tiny_config,
            {"model_args.packing": 0},
            "packing: expected a whole number from 1 up, got 0.",
        ),
        (
            tiny_text_to_image,
            {"pretraining.batch_size": 64},
            "pretraining.batch_size: expected at most 20, got 64; folder:",
        ),
        (tiny_text_to_image, {"data.batch_size": 64}, "data.batch_size: expected at most 20, got"),
        (tiny_text_to_image, {"data.load_size": 8}, "data.load_size: expected at least the model"),
        (
            tiny_super_resolution,
            {"model_args.image_shape": (32, 32, 3)},
            "too small for model_args.image_shape=32,32; choose one of at most 20",
        ),
        (
            tiny_config,
            {"data.split": "train[:3]", "data.batch_size": 2, "model_args.packing": 2},
            "data.batch_size: expected at most 1, got 2; ",
        ),
        (
            tiny_config,
            {"data.split": "train[:3]", "data.batch_size": 2, "model_args.packing": 2},
            "has 3 samples, fewer than one batch takes (2 for each, with model_args.packing).",
        ),
        (
            tiny_config,
            {"data.split": "train[:1]", "data.batch_size": 1, "model_args.packing": 2},
            "data.source: expected 2 samples or more, as one step takes with model_args.packing, "
            "got 1 in npz:",
        ),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_messages_name_the_entry_that_is_to_be_changed(tmp_path, make, change, sentence):
    config = make(tmp_path)
    with config.unlocked():
        for key, value in change.items():
            group, name = key.split(".")
            config[group][name] = value
    with pytest.raises(InputError) as error:
        used(config)
    assert sentence in str(error.value)


# ---------------------------------------------------------------------- what cannot be read


def with_damaged(folder, damaged=(2, 5), num=12):
    """Image files of which image i has the value 10 i, and some cannot be read."""
    folder.mkdir(parents=True)
    for i in range(num):
        Image.new("RGB", (16, 16), (10 * i,) * 3).save(folder / f"{i:02}.png")
    for i in damaged:
        (folder / f"{i:02}.png").write_bytes(b"no image")
    return folder


def shades(batches):
    return [int(image.flat[0]) // 10 for batch in batches for image in batch]


GOOD = [0, 1, 3, 4, 6, 7, 8, 9, 10, 11]


def test_an_evaluation_leaves_out_what_training_leaves_out(tmp_path):
    source = f"folder:{with_damaged(tmp_path / 'images')}"
    config = tiny_config(tmp_path, data__source=source, data__on_error="skip")
    model = building.build_model(config)
    request = Request(source=source, split="train", num=100)
    work = task_of(model).evaluation(model, config, request)
    assert (work.reference.num, work.reference.what["samples"]) == (10, 10)
    assert shades(work.reference.batches()) == GOOD
    assert sum(map(len, work.generated())) == work.num == 100
    config.data.on_error = "raise"
    work = task_of(model).evaluation(model, config, request)
    with pytest.raises(InputError, match=r"02\.png"):
        list(work.reference.batches())


def test_translations_are_compared_with_their_own_targets(tmp_path):
    with_damaged(tmp_path / "ab" / "trainA", (2,))
    with_damaged(tmp_path / "ab" / "trainB", (5,))
    source = f"folder:{tmp_path / 'ab'}"
    config = tiny_translation(tmp_path, "pix2pix", data__source=source, data__on_error="skip")
    model = building.build_model(config)
    request = Request(source=source, split="train", num=100, direction="a_to_b")
    work = task_of(model).evaluation(model, config, request)
    assert work.num == work.reference.num == 10
    assert sum(map(len, work.generated())) == 10
    targets = np.concatenate(list(work.reference.batches()))
    assert work.also["mae"](targets)[""] == 0
    assert work.also["mae"](targets[::-1])[""] > 0


def test_super_resolution_leaves_out_what_training_leaves_out(tmp_path):
    source = f"folder:{with_damaged(tmp_path / 'images')}"
    config = tiny_super_resolution(tmp_path, data__source=source, data__on_error="skip")
    work = opened(config)
    assert shades([large for _, large in work.held_out]) == np.repeat(GOOD, 16).tolist()
    request = PairsRequest(("psnr",), source=source, scale=2)
    scores = score_source(request, by_model(work.model), on_error="skip")
    assert len(scores.images) == 10
    with pytest.raises(InputError, match=r"02\.png"):
        score_source(request, by_model(work.model))


def test_a_grid_has_the_period_of_the_scale(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
    np.savez(tmp_path / "forty.npz", images=images)
    source = f"npz:{tmp_path / 'forty.npz'}"
    config = tiny_super_resolution(tmp_path, data__source=source)
    config.evaluate.metrics, config.evaluate.samples = ("psnr", "checkerboard"), 3
    work = opened(config)
    found = {name: score for score, name, sign in work.scores if sign < 0}
    assert list(found) == ["checkerboard"]
    upscale = by_model(work.model)

    def scores(period, border):
        return np.mean(
            [checkerboard(upscale(a), b, border, period=period) for a, b in work.held_out]
        )

    assert found["checkerboard"](work.model) == {"checkerboard": pytest.approx(scores(2, 4))}
    request = PairsRequest(("checkerboard",), source=source, scale=2)
    mean = score_source(request, upscale).means()["checkerboard"]
    assert mean == pytest.approx(scores(2, 2))
    assert abs(mean - scores(4, 2)) > 0.01
    small = tiny_super_resolution(tmp_path)
    small.evaluate.metrics = ("checkerboard",)
    work = opened(small)
    rehearsed = work.known_scores(rehearse_on=2)["checkerboard"]
    with pytest.raises(InputError, match="16x16 pixels or more"):
        rehearsed.function(work.model)
