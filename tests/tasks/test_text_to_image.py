"""From captions to drawn texts: the run and the command of a text-to-image model."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.commands.test_commands import said
from tests.tiny_runs import lines, quiet, tiny_text_to_image
from tfgan_zoo import evaluate, generate, report, translate
from tfgan_zoo.data import open_captioned
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import building, experiment
from tfgan_zoo.tasks import open_task

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("texts")
    experiment.train(tiny_text_to_image(folder, train__steps="2"), folder / "run", quiet)
    return folder / "run"


def test_the_encoder_is_trained_first_and_then_stays(run):
    assert [row["step"] for row in lines(run / "pretraining")] == [4, 6]
    assert set(lines(run / "pretraining")[0]) == {"step", "loss", "accuracy", "retrieval"}
    assert (run / "pretraining" / "samples" / "final.png").exists()
    model = experiment.load_run(run)
    texts = ["a red circle", "a blue ring"]
    pretrained = experiment.load_run(run / "pretraining")
    np.testing.assert_allclose(model.embed(texts), pretrained.embed(texts), atol=1e-6)
    config = json.loads((run / "config.json").read_text())["config"]
    # Words by frequency, the first ones in every caption.
    assert config["text_encoder"]["vocabulary"][0] == "a"
    assert len(config["text_encoder"]["vocabulary"]) == 6


def test_what_cannot_be_used_is_said_before_training(tmp_path):
    for key, value, message in (
        ("data__fit", "pad", "data.fit: expected 'resize' for a model that draws texts"),
        ("data__on_error", "skip", "data.on_error: expected 'raise'"),
        ("data__load_size", "8", "data.load_size: expected at least the model's 16 pixels, got 8"),
    ):
        config = tiny_text_to_image(tmp_path, **{key: value})
        with pytest.raises(InputError, match=message):
            experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_scores_on_the_figures_are_by_attribute(tmp_path):
    config = tiny_text_to_image(tmp_path)
    config.data.source = "figures/captions"
    config.data.load_size = None
    config.evaluate.split = "test"
    config.evaluate.metrics = ("figures", "swd")
    with config.unlocked():
        config.text_encoder.vocabulary = ("red", "circle")
    with pytest.warns(UserWarning, match="captions .* nothing but unknown words"):
        work = open_task(config, building.build_model(config))
    assert [main for _, main, _ in work.scores] == ["seen_all", "swd"]
    scores = work.score(work.model)
    attributes = ("shape", "colour", "fill", "background", "size", "place", "all")
    expected = {f"{part}_{name}" for part in ("seen", "held_out") for name in attributes}
    assert set(scores) == expected | {"swd"}


@pytest.mark.parametrize("pretraining", [6, 0])
def test_captions_that_the_encoder_cannot_read_are_refused_before_training(tmp_path, pretraining):
    config = tiny_text_to_image(tmp_path, pretraining__steps=str(pretraining))
    with config.unlocked():
        config.text_encoder.vocabulary = ("птица",)
    with pytest.raises(InputError, match=r"^data\.source: .* text encoder can read, got 6 with"):
        experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_encoder_learns_from_batches_of_different_classes(tmp_path):
    random = np.random.default_rng(0)
    for i in range(30):
        folder = tmp_path / "birds" / "train" / f"class_{i % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (20, 20, 3), np.uint8)).save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text(f"a bird of kind {i % 10}\nbird {i}\n")
    config = tiny_text_to_image(tmp_path, pretraining__distinct_classes="true")
    config.data.source = f"folder:{tmp_path / 'birds'}"
    config.text_encoder.vocabulary = ("a", "bird", "of", "kind", *map(str, range(30)))
    config.pretraining.batch_size = 10
    work = open_task(config, building.build_model(config))
    before = work.pretraining()
    assert (before.data.distinct_classes, config.data.distinct_classes) == (True, False)
    pretraining = open_task(before, building.build_model(before))
    for batch in pretraining.batches(3).take(3).as_numpy_iterator():
        assert sorted(batch["class"]) == list(range(10))
    assert any(len(set(b["class"])) < 4 for b in work.batches(0).take(20).as_numpy_iterator())
    config.pretraining.batch_size = 11
    before = work.pretraining()
    with pytest.raises(InputError, match="batch_size: expected at most 10, the number of classes"):
        open_task(before, building.build_model(before))


# ---------------------------------------------------------------------- the command


def size(path):
    with Image.open(path) as image:
        return image.size


@pytest.mark.slow
def test_a_row_for_each_text(run, tmp_path, capsys):
    # As Windows' editors save it, with a mark of the byte order.
    (tmp_path / "texts.txt").write_text("a blue square\n\na red ring\n", encoding="utf-8-sig")
    flags = [f"--workdir={run}", "--text=a red circle", f"--text_file={tmp_path / 'texts.txt'}"]
    generate.main([*flags, "--num=5", f"--output={tmp_path / 'sheet.png'}"])
    assert capsys.readouterr().out == f"15 images: {tmp_path / 'sheet.png'}\n"
    assert size(tmp_path / "sheet.png") == (5 * 66 - 2, 3 * (64 + 22))

    generate.main([*flags, "--num=2", f"--output={tmp_path / 'files'}"])
    made = open_captioned(f"folder:{tmp_path / 'files'}")
    assert [each for (each,) in made.captions] == [
        text for text in ("a red circle", "a blue square", "a red ring") for _ in range(2)
    ]
    # A column has one noise, whatever the text: the same text gives the same images.
    generate.main([*flags[:2], "--num=2", f"--output={tmp_path / 'again'}"])
    again = open_captioned(f"folder:{tmp_path / 'again'}")
    for i in range(2):
        np.testing.assert_array_equal(again.images[i], made.images[i])


def test_unknown_words_are_named_on_standard_error(run, tmp_path, capsys):
    flags = [f"--workdir={run}", "--text=zzz unknown", "--text=a red ring", "--num=1"]
    generate.main([*flags, f"--output={tmp_path / 'sheet.png'}"])
    out, error = capsys.readouterr()
    assert out == f"2 images: {tmp_path / 'sheet.png'}\n"
    assert error.startswith(
        "warning: --text: the text encoder does not know 'zzz' and 'unknown' and ignores them; "
        "nothing is left of 'zzz unknown', embedded like an empty text; the text encoder knows "
    )
    assert "words: a, blue, red, circle, ring, square." in error


@pytest.mark.slow
def test_walks_between_texts(run, tmp_path, capsys):
    flags = [f"--workdir={run}", "--text=a red circle", "--text=a blue ring", "--interpolate"]
    generate.main([*flags, "--frames=6", "--num=2", f"--output={tmp_path / 'walk.png'}"])
    assert size(tmp_path / "walk.png") == (6 * 66 - 2, 2 * (64 + 22))
    generate.main([*flags, "--frames=4", f"--output={tmp_path / 'walk.gif'}"])
    # Two stretches, each end once. (Frames that are equal are one in the file.)
    assert capsys.readouterr().out.endswith(f"6 images: {tmp_path / 'walk.gif'}\n")
    assert size(tmp_path / "walk.gif") == (256, 256)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "expected text for"),
        (["--text=a", "--interpolate"], "expected two texts or more to walk between, got one"),
        (
            ["--text=a", "--text=b", "--interpolate", "--path=spherical"],
            "--path: expected linear, the only way between texts, got spherical.",
        ),
        (["--text_file=no.txt"], "--text_file: cannot read 'no.txt'"),
        (["--text=a", "--num=0"], "--num: expected a whole number from 1 up, got 0"),
    ],
)
def test_unusable_flags(run, tmp_path, capsys, flags, sentence):
    output = f"--output={tmp_path / 'x.png'}"
    status, _, error = said(generate.main, f"--workdir={run}", output, *flags, capsys=capsys)
    assert status == 2
    assert sentence in error
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("text", [[], ["--text=a"]])
def test_the_first_stage_draws_nothing(run, tmp_path, capsys, text):
    flags = [f"--workdir={run / 'pretraining'}", f"--output={tmp_path / 'x.png'}", *text]
    status, _, error = said(generate.main, *flags, capsys=capsys)
    assert status == 2
    assert "is the first stage of a run and draws nothing; give the run itself" in error


@pytest.mark.slow
def test_commands_say_what_a_joint_embedding_is_for(run, tmp_path, capsys):
    embedding = shutil.copytree(run / "pretraining", tmp_path / "embedding")
    image = tmp_path / "x.png"
    Image.new("RGB", (16, 16)).save(image)
    sentence = (
        f"error: --workdir: '{embedding}' embeds texts and images and generates none; export it, "
        "or start a gan_cls run from its text encoder with --config.pretraining.steps=0 "
        "--config.train.generator_from.\n"
    )
    for command, flags in (
        (generate, [f"--output={tmp_path / 'y.png'}"]),
        (translate, [f"--input={image}", f"--output={tmp_path / 'y.png'}"]),
        (evaluate, ["--metrics=swd"]),
    ):
        status, _, error = said(command.main, f"--workdir={embedding}", *flags, capsys=capsys)
        assert (status, error) == (2, sentence)
    flags = [f"--workdir={embedding}", "--interpolate", f"--output={tmp_path / 'page.html'}"]
    status, _, error = said(report.main, *flags, capsys=capsys)
    assert (status, "draws no images from latents; leave it out" in error) == (2, True)


@pytest.mark.slow
def test_a_game_starts_from_a_text_encoder_that_was_trained_alone(run, tmp_path):
    embedding = run / "pretraining"
    config = tiny_text_to_image(run.parent, pretraining__steps="0", train__steps="2")
    with config.unlocked():
        config.train.generator_from = str(embedding)
    experiment.train(config, tmp_path / "run", quiet)
    texts = ["a red circle"]
    model, pretrained = experiment.load_run(tmp_path / "run"), experiment.load_run(embedding)
    np.testing.assert_allclose(model.embed(texts), pretrained.embed(texts), atol=1e-6)
