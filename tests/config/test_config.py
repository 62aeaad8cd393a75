import inspect
import json
import math

import pytest
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.config import (
    changes,
    check,
    default_config,
    differences,
    find_config,
    flatten,
    image_to_image_config,
    list_configs,
    load_config,
    noise_to_image_config,
    override,
    super_resolution_config,
)
from tfgan_zoo.config.stored import with_later_entries
from tfgan_zoo.errors import InputError
from tfgan_zoo.run.building import default_arguments


@pytest.fixture
def config():
    config = noise_to_image_config("dcgan")
    config.generator = {"name": "dcgan_generator", "filters": 32}
    config.generator_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.lock()
    return config


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("train.steps", "500", 500),
        ("seed", "7", 7),
        ("model_args.r1_gamma", "2", 2.0),
        ("model_args.r1_gamma", "5e-1", 0.5),
        ("generator_optimizer.learning_rate", "1e-4", 1e-4),
        ("generator.filters", "8", 8),
        ("data.flip", "true", True),
        ("data.flip", "False", False),
        ("data.flip", "1", True),
        ("data.source", "folder:a b=c", "folder:a b=c"),
        ("data.crop", "108", 108),
        ("data.crop", "none", None),
        ("data.data_dir", "None", None),
        ("model_args.ema_half_life", "10", 10.0),
        ("model_args.image_shape", "(64, 64, 1)", (64, 64, 1)),
        ("model_args.image_shape", "64,64,1", (64, 64, 1)),
        ("model_args.image_shape", "[2]", (2,)),
        ("model_args.image_shape", "2", (2,)),
        ("model_args.image_shape", "64", (64, 64, 3)),
        ("model_args.diff_augment", "color,cutout", ("color", "cutout")),
        ("model_args.diff_augment", "('color', 'cutout')", ("color", "cutout")),
        ("model_args.diff_augment", "color", ("color",)),
        ("model_args.diff_augment", "()", ()),
        ("evaluate.metrics", "", ()),
        ("evaluate.metrics", "(figures, swd)", ("figures", "swd")),
    ],
)
def test_override(config, key, text, expected):
    override(config, key, text)
    came = flatten(config)[key]
    assert came == expected
    assert type(came) is type(expected)


@pytest.mark.parametrize("text", ["2,1", "(2, 1.0)", "2.0,1.0"])
def test_whole_numbers_can_stand_in_a_tuple_of_numbers(text):
    config = ConfigDict({"model_args": {"emphasis": (1.0, 1.0)}})
    override(config, "model_args.emphasis", text)
    assert repr(config.model_args.emphasis) == "(2.0, 1.0)"
    with pytest.raises(InputError, match=r"expected a tuple such as \(1, 2\)"):
        override(config, "model_args.emphasis", "True,1")


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("train.steps", "many", "--config.train.steps: expected a whole number, got 'many'."),
        ("train.steps", "1.5", "expected a whole number"),
        ("train.steps", "none", "expected a whole number"),
        ("model_args.r1_gamma", "much", "expected a number"),
        ("model_args.r1_gamma", "nan", "expected a number"),
        ("model_args.ema_half_life", "long", "expected a number, or none"),
        ("data.flip", "perhaps", "expected true or false"),
        ("model_args.image_shape", "32,32,x", "expected a tuple"),
        ("model_args.image_shape", "big", "expected a tuple"),
        ("train.stepz", "1", "no such entry; did you mean train.steps"),
        ("batch_size", "1", "did you mean data.batch_size"),
        ("generator.filterz", "1", "did you mean generator.filters"),
        ("train", "1", "no such entry"),
        ("train.steps.x", "1", "no such entry"),
        ("zzz", "1", "no such entry; --dry_run shows all."),
    ],
)
def test_override_is_strict(config, key, text, said):
    before = config.to_dict()
    with pytest.raises(InputError) as error:
        override(config, key, text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert config.to_dict() == before


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("train.steps", 0, "train.steps: expected a whole number from 1 up, got 0."),
        ("data.batch_size", -1, "data.batch_size"),
        ("data.crop", 0, "data.crop"),
        ("evaluate.samples", 0, "evaluate.samples"),
        ("seed", -1, "seed"),
        ("train.sample_every", 150, "a multiple of train.log_every"),
        ("train.precision", "float16", "expected one of float32"),
        ("data.cache", "maybe", "expected one of auto, yes, no"),
        ("data.fit", "stretch", "expected one of resize, pad"),
        ("evaluate.metrics", ("fld",), "expected any of figures, .*, fid, kid, .*, got 'fld'"),
        ("evaluate.features", "vgg", "evaluate.features: expected one of auto, inception, inc"),
        ("generator_optimizer.learning_rate", -1e-3, "expected a number from 0 up, got -0.001"),
    ],
)
def test_check(config, key, value, said):
    check(config)
    group, _, name = key.rpartition(".")
    (config[group] if group else config)[name] = value
    with pytest.raises(InputError, match=said):
        check(config)


def test_learning_rate_of_the_pretraining():
    config = super_resolution_config("srgan")
    config.pretraining.learning_rate = -1.0
    with pytest.raises(InputError, match=r"^pretraining\.learning_rate: .* from 0 up, got -1\.0"):
        check(config)


def test_check_knows_every_entry(config):
    with config.unlocked():
        config.train.stepz = 1
    with pytest.raises(InputError, match=r"train.stepz is not known; did you mean train.steps"):
        check(config)
    with config.unlocked():
        del config.train.stepz
        del config.train.steps
    with pytest.raises(InputError, match=r"lacks train.steps"):
        check(config)


def test_check_decay(config):
    with config.unlocked():
        config.discriminator_optimizer.decay = "linear"
    with pytest.raises(InputError, match="learning_rate to decay"):
        check(config)
    with config.unlocked():
        config.generator_optimizer.decay = "cosine"
        del config.discriminator_optimizer.decay
    with pytest.raises(InputError, match="halving or staircase, got 'cosine'"):
        check(config)


def test_a_recipe_of_ones_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from tfgan_zoo.config import noise_to_image_config\n"
        "def get_config():\n"
        "    config = noise_to_image_config('wgan')\n"
        "    config.train.steps = 7\n"
        "    return config\n"
    )
    assert find_config(str(path)) == path
    config = load_config(str(path), {"train.log_every": "1", "data.batch_size": "3"})
    assert (config.model, config.train.steps, config.data.batch_size) == ("wgan", 7, 3)
    assert config.is_locked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def get_config(:", "SyntaxError"),
        ("import no_such_module", "no_such_module"),
        ("x = 1", "get_config"),
        ("def get_config():\n    return {}", "to return a ConfigDict"),
        (
            "from tfgan_zoo.config import default_config\n"
            "def get_config():\n    c = default_config()\n    c.train.steps = 'x'\n    return c",
            "TypeError",
        ),
    ],
)
def test_a_broken_recipe(tmp_path, text, said):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        load_config(str(path))


def test_names():
    assert "dcgan" in list_configs()
    assert find_config("dcgan").name == "dcgan.py"
    with pytest.raises(InputError, match="--model: there is no 'dcgann'; did you mean dcgan"):
        find_config("dcgann", "--model")
    with pytest.raises(InputError, match="give one of acgan"):
        find_config("zzzzz")
    with pytest.raises(InputError, match=r"there is no file 'dcgan.py'"):
        find_config("dcgan.py")


def test_differences():
    old, new = default_config(), default_config()
    assert differences(old, json.loads(json.dumps(new.to_dict()))) == []
    new.train.steps = 5
    new.model_args.packing = 2
    assert differences(old, new) == ["model_args.packing: (none) -> 2", "train.steps: 1000 -> 5"]


def test_a_config_survives_json(config):
    plain = flatten(json.loads(json.dumps(config.to_dict())))
    assert plain.keys() == flatten(config).keys()
    assert not any(isinstance(v, float) and not math.isfinite(v) for v in plain.values())


@pytest.mark.parametrize("start", [-0.1, 1.0])
def test_check_decay_start(config, start):
    with config.unlocked():
        config.generator_optimizer = {
            "name": "adam",
            "learning_rate": 1e-3,
            "decay": "linear",
            "decay_start": start,
        }
    with pytest.raises(InputError, match="decay_start: expected a fraction"):
        check(config)
    config.generator_optimizer.decay_start = 0.5
    check(config)
    config.generator_optimizer.decay = "constant"
    with pytest.raises(InputError, match="of a linear decay, got"):
        check(config)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("layout", "sideways", "data.layout: expected one of auto, two_folders"),
        ("direction", "a", "data.direction: expected one of a_to_b, b_to_a"),
        ("load_size", 0, "data.load_size: expected a whole number from 1 up"),
    ],
)
def test_check_translation(key, value, said):
    config = image_to_image_config("cyclegan")
    check(config)
    config.data[key] = value
    with pytest.raises(InputError, match=said):
        check(config)


def test_a_recipe_for_r3gan_has_both_penalties_unless_it_says_otherwise():
    args = noise_to_image_config("r3gan").model_args
    assert (args.r1_gamma, args.r2_gamma) == (0.05, None)  # R2 is then as strong as R1
    args.r2_gamma = 0.0
    assert noise_to_image_config("dcgan").model_args.r1_gamma == args.r2_gamma == 0.0


# --- what may change


def all_entries():
    """Returns the entries of every kind of run."""
    makers = (
        config_lib.noise_to_image_config,
        config_lib.image_to_image_config,
        config_lib.super_resolution_config,
        config_lib.text_to_image_config,
        config_lib.joint_embedding_config,
    )
    return (
        set().union(*(flatten(make("x")) for make in makers))
        | flatten(config_lib.run_config()).keys()
    )


def test_what_may_change_names_entries_and_groups_that_exist():
    entries = all_entries()
    groups = {key.partition(".")[0] for key in entries if "." in key}
    assert changes.FREE.groups <= groups
    assert changes.FREE.keys <= entries
    assert entries >= changes.SAME_SCORES
    assert not {key for key in changes.REASONS if key not in entries | groups}
    # An entry that its group covers would be said twice.
    assert not {key for key in changes.FREE.keys if key.split(".")[0] in changes.FREE.groups}


def test_an_entry_stands_for_no_other_that_begins_alike():
    before = {
        "seed": 0,
        "train": {"samples": 1, "samples_of_mine": 1, "steps": 5, "steps_per_execution": 1},
        "evaluate": {"split": "test"},
        "evaluated": {"x": 1},
        "model": "a",
        "model_args": {"x": 1},
        "modelled": {"x": 1},
        "data": {"cache": "auto", "cached": 1},
    }
    config = json.loads(json.dumps(before).replace("1", "2").replace("test", "val"))
    config |= {"seed": 1, "model": "b"}
    config["data"]["cache"] = "no"
    refused = config_lib.refused_changes(before, config)
    assert {each.split(":")[0]: each.split(" -> ")[1].partition(" ")[2] for each in refused} == {
        "data.cached": "would change the batches",
        "evaluated.x": "would change training",
        "model": "would change the model",
        "model_args.x": "would change the model",
        "modelled.x": "would change training",
        "seed": "would change noise and batches",
        "train.samples_of_mine": "would change training",
    }
    free = config_lib.may_change(before, config)
    assert ("train.steps" in free, "train.steps_of_mine" in free) == (True, False)
    fewer = {**config, "train": {**config["train"], "steps": 4}}
    assert "train.steps" not in config_lib.may_change(before, fewer)


def test_the_number_of_classes_may_be_none():
    """Also since there are models that have to have one."""
    for name in ("acgan", "dcgan", "dtn_mnist"):
        assert load_config(name, {"model_args.num_classes": "none"}).model_args.num_classes is None

    def dtn(*, num_classes: int | None = None): ...

    config = load_config("dtn")
    override(config, "model_args.num_classes", "7", lambda *_: inspect.signature(dtn).parameters)
    assert config.model_args.num_classes == 7


def test_an_earlier_run_of_acgan_goes_on_with_the_weight_it_had():
    recipe = load_config("acgan")
    stored = recipe.to_dict()
    assert stored["model_args"].pop("fake_class_weight") == 0.0
    resumed = with_later_entries(stored, recipe, default_arguments("acgan"))
    assert resumed["model_args"]["fake_class_weight"] == 1.0
