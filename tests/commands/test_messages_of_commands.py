"""How commands put what they have to say."""

import configparser
import json
import pkgutil
import re
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from tests.marks import slow
from tests.tiny_runs import (
    tiny_config,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
)
from tfgan_zoo import __main__ as commands
from tfgan_zoo import cli, train
from tfgan_zoo.config import load_config
from tfgan_zoo.data import images
from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.run import building, experiment
from tfgan_zoo.tasks import open_task, resolve


def said(main, *argv, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, list(argv))
    return (stop.value.code, *capsys.readouterr())


def test_own_warnings_are_one_line_each_and_those_of_others_as_python_shows_them(capsys):
    def main(_):
        warnings.simplefilter("always")
        for _ in range(2):
            warn_user("data.source: dark images; give data.white.")
        warnings.warn("of another package", UserWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as others:
        status, _, err = said(main, capsys=capsys)
    assert (status, err) == (0, "warning: data.source: dark images; give data.white.\n")
    assert [str(each.message) for each in others] == ["of another package"]
    assert warnings.showwarning.__name__ != "show_plainly"


def test_messages_of_commands_end_with_a_period(capsys):
    def main(_):
        raise InputError("--output: is for enlarged images")

    assert said(main, capsys=capsys)[2] == "error: --output: is for enlarged images.\n"


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("on_error", f"replace it, or skip them with --on_error=skip; black is {images.BLACK}"),
        ("black", "replace it; black is --black"),
        ("config", f"replace it, or skip them with {images.SKIP}; black is {images.BLACK}"),
    ],
    ids=["on_error", "black", "config"],
)
def test_a_message_names_the_flags_of_the_command(flag, expected, capsys):
    def main(argv):
        given = cli.Flags()
        given.define_string(flag, None, "Any.")
        cli.parse(given, argv, "")
        raise InputError(f"replace it, or skip them with {images.SKIP}; black is {images.BLACK}")

    assert said(main, capsys=capsys)[2] == f"error: {expected}.\n"


def test_a_message_names_no_flag_that_the_command_has_refused(capsys):
    def main(argv):
        given = cli.Flags()
        given.define_string("white", None, "Any.")
        cli.parse(given, argv, "")
        given.refuse(["white"], "is for --real.")
        raise InputError(f"give it as {images.WHITE}")

    assert said(main, capsys=capsys)[2] == f"error: give it as {images.WHITE}.\n"


def test_misspelt_config_is_suggested_for_an_override(capsys):
    flags = ["--model=dcgan", "--confg.train.steps=3"]
    _, _, err = said(train.main, *flags, capsys=capsys)
    assert err == (
        "error: There is no flag --confg.train.steps; did you mean --config.train.steps?\n"
    )


def test_the_package_lists_its_commands(capsys):
    assert said(commands.main, capsys=capsys)[0] == 0
    commands.main([])
    assert re.search(r"python -m tfgan_zoo\.train +Trains a model, or", capsys.readouterr().out)


def test_a_command_by_its_name_alone(capsys, monkeypatch):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tfgan_zoo", *arguments])
        with pytest.raises(SystemExit) as stop:
            commands.run()
        return (stop.value.code, *capsys.readouterr())

    status, out, err = run("train", "--model=dcgan", "--dry_run", "--config.train.steps=7")
    assert (status, err) == (0, "")
    assert json.loads(out)["train"]["steps"] == 7
    assert run("trian")[::2] == (
        2,
        "error: There is no command 'trian'; did you mean train or translate?\n",
    )
    assert run("report")[0] == 2
    assert "did you mean presets" in run("preset")[2]
    assert run("presets")[1].startswith("name ")
    card = run("presets", "--name=vae_mnist")[1]
    assert card.startswith("vae_mnist generates and encodes images\n  model: vae, 425,284 numbers")
    listed = run()[1]
    assert all(f"tfgan_zoo.{name} " in listed for name in commands.COMMANDS)
    options = configparser.ConfigParser()
    options.read(Path(commands.__file__).parents[1] / "setup.cfg")
    name, _, target = options["options.entry_points"]["console_scripts"].strip().partition(" = ")
    assert name == "tfgan_zoo"
    assert pkgutil.resolve_name(target) is commands.run


# ---------------------------------------------------------------------- mistakes in a recipe

RECIPE = """from tfgan_zoo.config import noise_to_image_config

def get_config():
    config = noise_to_image_config("dcgan")
    {}
    return config
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("config.trian.steps = 3", "there is no config entry 'trian'; did you mean train?"),
        ("config.typo.x = 3", "there is no config entry 'typo'; there are data, "),
        ("config.typo = 3", "there is no config entry 'typo'; remove it."),
        ("config.data.flop = 3", "there is no config entry 'data.flop'; did you mean data.flip"),
        ("1 / 0", "ZeroDivisionError: division by zero."),
        ("(", "SyntaxError: '(' was never closed."),
    ],
)
def test_a_mistake_in_a_recipe_names_its_file_and_line(tmp_path, line, message):
    recipe = tmp_path / "mine.py"
    recipe.write_text(RECIPE.format(line))
    with pytest.raises(InputError) as error:
        load_config(str(recipe))
    assert str(error.value).startswith(f"{recipe}, line 5: {message}")


# ---------------------------------------------------------------------- other networks


def test_arguments_of_a_network_that_is_replaced_are_dropped(capsys):
    flags = ["--dry_run", "--config=gan_cls_cub", "--config.text_encoder.name=word_encoder"]
    train.main(flags)
    out, err = capsys.readouterr()
    assert json.loads(out)["text_encoder"] == {"name": "word_encoder"}
    assert err == (
        "With text_encoder.name=word_encoder, the recipe's text_encoder.initial_range, "
        "text_encoder.recurrence are dropped.\n"
    )


@pytest.mark.parametrize(
    ("name", "overrides", "dropped"),
    [
        (
            "gan_cls",
            {"text_encoder.name": "char_cnn_rnn"},
            ["text_encoder.units", "text_encoder.vocabulary", "text_encoder.word_dim"],
        ),
        (
            "dcgan",
            {"generator_optimizer.name": "sgd", "generator_optimizer.learning_rate": "0.1"},
            ["generator_optimizer.beta_1", "generator_optimizer.beta_2"],
        ),
        ("dcgan", {"generator.name": "no_such"}, []),
        ("dcgan", {"generator.name": "dcgan_generator"}, []),
    ],
)
def test_only_what_the_new_choice_does_not_take_is_dropped(name, overrides, dropped):
    config = load_config(name, overrides)
    fitted, gone = building.fitting(config, overrides)
    assert gone == dropped
    for key in overrides:
        group, _, entry = key.rpartition(".")
        assert fitted[group][entry] == config[group][entry]


def test_what_the_command_line_sets_itself_is_kept_and_refused():
    overrides = {"generator_optimizer.name": "sgd", "generator_optimizer.beta_1": "0.1"}
    config, _ = building.fitting(load_config("dcgan", overrides), overrides)
    with pytest.raises(InputError, match=r"^generator_optimizer: .*beta_1"):
        building.build_optimizer(config, "generator")


# ---------------------------------------------------------------------- evaluate.split


@pytest.mark.parametrize("kind", ["translation", slow("super_resolution"), slow("text_to_image")])
def test_a_split_that_is_missing_is_named_by_the_entry_that_asked(tmp_path, kind):
    if kind == "translation":
        make, folder = lambda **kw: tiny_translation(tmp_path, "pix2pix", **kw), "sides"
    elif kind == "super_resolution":
        make, folder = lambda **kw: tiny_super_resolution(tmp_path, **kw), "large"
    else:
        make, folder = lambda **kw: tiny_text_to_image(tmp_path, **kw), "captioned"
    config = make(evaluate__split="test")
    if kind != "text_to_image":
        (tmp_path / folder).mkdir()
        for i in range(20):
            size = (40, 20) if kind == "translation" else (20, 20)
            Image.new("RGB", size, (i, 0, 0)).save(tmp_path / folder / f"{i:02}.png")
        config.data.source = f"folder:{tmp_path / folder}"
    config.data.split = "train[:80%]"  # so what to hold out is not clear
    config = resolve(config)
    model = building.build_model(config)
    with pytest.raises(InputError) as error:
        open_task(config, model)
    assert str(error.value).startswith(f"evaluate.split=test: {config.data.source} has no split")
    assert str(error.value).endswith(
        "(found: train, the whole folder); hold every tenth image out with "
        "'--config.data.split=train[~::10]' '--config.evaluate.split=train[::10]', or score on the "
        "training data with --config.evaluate.split=none."
    )
    config.data.split, config.evaluate.split = "train[~::10]", "train[::10]"
    open_task(config, model)


def test_captions_of_one_set_are_warned_of_once(tmp_path):
    config = tiny_text_to_image(tmp_path, evaluate__split="train")
    config.text_encoder.vocabulary = ("a", "circle")
    with pytest.warns(UserWarning, match="words are unknown") as told:
        open_task(config, building.build_model(config))
    assert [str(each.message).split(":")[0] for each in told] == ["data.source"]


@pytest.mark.slow
def test_samples_of_a_step_are_explained_where_they_are_no_batch(tmp_path):
    told = []
    config = tiny_config(tmp_path, train__steps="4", model_args__packing="2")
    config.evaluate.metrics = ()
    experiment.train(config, tmp_path / "run", told.append)
    assert "4 steps of 16 samples (batch 8 x packing 2), on" in " ".join(told)
