"""Arguments of networks, optimizers and models that a recipe does not list, set by a flag."""

import doctest
import inspect
import json

import pytest

from tests.tiny_runs import as_recipe, tiny_config
from tfgan_zoo import __version__
from tfgan_zoo.commands import training
from tfgan_zoo.config import arguments, flatten, load_config, refused_changes, stored_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import NETWORKS
from tfgan_zoo.run import building


def loaded():
    """TensorFlow is imported here."""


def resolved(recipe, overrides, workdir=None):
    """The config of a command, as `--dry_run` prints it."""
    return training.from_flags(None, recipe, workdir, overrides, loaded).config


def no_tensorflow():
    raise AssertionError("TensorFlow is not needed")


@pytest.mark.parametrize(
    ("recipe", "key", "text", "expected"),
    [
        ("dcgan", "generator.conditional_normalization", "false", False),
        ("dcgan", "generator.upsampling", "resize", "resize"),
        ("sngan", "discriminator.filters", "16", 16),  # which the recipe lists
        ("biggan", "generator.widths", "8,4,2,1", (8, 4, 2, 1)),
        ("biggan_cifar10", "generator.widths", "none", None),
        # A recipe has a text for it, which does not mean that it needs one.
        ("pix2pix_hd_facades", "model_args.features", "none", None),
        ("gan_3d_mmmm", "discriminator.normalization", "none", "none"),
        ("biggan", "generator.attention", "16", 16),
        ("biggan", "generator.attention", "auto", "auto"),
        ("biggan", "generator.attention", "none", None),
        ("gan_cls_cub", "image_encoder.filters", "8", 8),
        ("dcgan", "generator_optimizer.amsgrad", "true", True),
        ("dcgan", "generator_optimizer.clipnorm", "1.5", 1.5),
        ("dcgan", "generator_optimizer.decay", "linear", "linear"),
        ("dcgan", "model_args.fake_labels", "real", "real"),
        ("gan_3d", "model_args.image_shape", "32", (32, 32, 32, 1)),  # a cube
        ("gan_3d", "data.threshold", "0.5", 0.5),
        ("gan_3d_mmmm", "data.crop_to_object", "false", False),
    ],
)
def test_an_argument_gets_the_type_that_it_has(recipe, key, text, expected):
    overrides = {key: text}
    if key.startswith("image_encoder"):
        overrides["image_encoder.name"] = "image_encoder"
    config = resolved(recipe, overrides)
    found = flatten(config)[key]
    assert found == expected
    assert type(found) is type(expected)
    assert config.is_locked
    written = json.loads(json.dumps(config.to_dict()))
    group, _, name = key.partition(".")
    assert name in written[group]


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        (
            "generator.conditional_normalisation",
            "false",
            "did you mean generator.conditional_normalization or generator.normalization?",
        ),
        ("generator.zzzzzzz", "1", "generator can have filters, kernel_size, upsampling, padding,"),
        # The model's.
        ("generator.image_shape", "8", "generator can have filters, kernel_size, upsampling,"),
        ("discriminator.packing", "2", "did you mean discriminator.padding?"),
        ("discriminator.num_classes", "2", "discriminator can have filters, kernel_size,"),
        ("generator.filters.x", "1", "did you mean generator.filters"),
        ("discriminator_optimizer.beta_3", "1", "did you mean discriminator_optimizer.beta_2 or"),
        ("model_args.r1_gama", "1", "did you mean model_args.r1_gamma or"),
        ("generatr.filters", "1", "did you mean generator.filters or"),
    ],
)
def test_mistakes_name_the_nearest_argument(key, text, said):
    with pytest.raises(InputError) as error:
        resolved("dcgan", {key: text})
    assert str(error.value).startswith(f"--config.{key}: there is no such entry; {said}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("generator.conditional_normalization", "5", "true or false, got '5'."),
        ("generator.embedding_dim", "none", "a whole number, got 'none'."),
        ("discriminator.projected", "half", "a whole number or none, got 'half'."),
    ],
)
def test_values_of_another_type_are_refused(key, text, said):
    with pytest.raises(InputError) as error:
        resolved("dcgan", {key: text})
    assert str(error.value) == f"--config.{key}: expected {said}"


def test_an_argument_needs_the_function_that_takes_it(tmp_path):
    config = tiny_config(tmp_path)
    with config.unlocked():
        config.generator = {"name": ""}
    recipe = str(as_recipe(config, tmp_path / "mine.py"))
    with pytest.raises(InputError) as error:
        resolved(recipe, {"generator.filters": "8"})
    assert str(error.value) == (
        "--config.generator.filters: expected a generator.name beside it, got none; give "
        "--config.generator.name too, the function or class whose argument it is."
    )
    # In any order.
    named = {"generator.filters": "8", "generator.name": "dcgan_generator"}
    assert resolved(recipe, named).generator.to_dict() == {"name": "dcgan_generator", "filters": 8}
    with pytest.raises(InputError, match=r"^generator\.name: there is no 'dcgan_generater'; did"):
        resolved(recipe, {"generator.name": "dcgan_generater", "generator.filters": "8"})


def test_what_a_recipe_lists_needs_no_tensorflow():
    config = training.from_flags("dcgan", None, None, {"generator.filters": "8"}, no_tensorflow)
    assert config.config.generator.filters == 8
    with pytest.raises(AssertionError, match="not needed"):
        training.from_flags("dcgan", None, None, {"generator.padding_": "8"}, no_tensorflow)
    # Without a command, nothing is looked up.
    with pytest.raises(InputError, match="there is no such entry"):
        load_config("dcgan", {"generator.conditional_normalization": "false"})


def test_every_argument_of_the_zoo_s_networks_has_a_type():
    """But initializers, which are read as Python reads them."""
    unknown = {
        (name, parameter.name)
        for name, function in NETWORKS.items()
        for parameter in building.settable_arguments(function, ()).values()
        if not arguments.accepted(parameter).kinds
    }
    assert {argument for _, argument in unknown} <= {"initializer"}
    for name in ("cgan_generator", "mlp_generator"):
        taken = building.settable_arguments(NETWORKS[name], (1, 2, 3))
        assert not {"image_shape", "latent_dim", "num_classes", "name"} & taken.keys()


def test_arguments_without_types_go_by_their_defaults():
    def network(*shapes, width=4, sizes=[8, 8], any=None, rate=0.5, own: "NoSuch" = 3, **more):  # noqa: B006, F821
        pass

    taken = building.settable_arguments(network, (1, 2))
    assert list(taken) == ["width", "sizes", "any", "rate", "own"]
    kinds = {name: arguments.accepted(each).kinds for name, each in taken.items()}
    assert kinds == {"width": (int,), "sizes": (tuple,), "any": (), "rate": (float,), "own": (int,)}
    assert inspect.signature(network).parameters["any"].default is None
    assert doctest.testmod(arguments, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_the_network_is_built_with_it(tmp_path):
    recipe = str(as_recipe(tiny_config(tmp_path, convolutional=True), tmp_path / "mine.py"))
    names = [
        {layer.name for layer in building.build_model(config).generator.layers}
        for config in (load_config(recipe), resolved(recipe, {"generator.upsampling": "resize"}))
    ]
    assert names[0] != names[1]
    assert any("resize" in name or "up" in name for name in names[1] - names[0])
    with pytest.raises(InputError) as error:  # of another size than the recipe's 32
        building.build_network(load_config("r3gan"), "generator", "generator", (64, 64, 3), 64)
    assert str(error.value) == (
        "generator.widths: expected an integer of at least 1, or 4 of them, for maps of 4, 8, 16, "
        "32 pixels, got (128, 96, 48); set it by --config.generator.widths."
    )


def test_a_run_resumes_with_it_and_with_no_other(tmp_path):
    recipe = str(as_recipe(tiny_config(tmp_path, convolutional=True), tmp_path / "mine.py"))
    flags = {"generator.upsampling": "resize", "generator_optimizer.clipnorm": "1"}
    begun, run = resolved(recipe, flags), tmp_path / "run"
    run.mkdir()
    written = {"config": begun.to_dict(), "versions": {"tfgan_zoo": __version__}, "recipe": "mine"}
    (run / "config.json").write_text(json.dumps(written))
    (run / "metrics.jsonl").touch()
    for name, more in ((recipe, flags), (None, flags), (recipe, {}), (None, {})):
        again = resolved(name, more, str(run))
        assert again.generator.upsampling == "resize"
        assert again.generator_optimizer.clipnorm == 1.0
        assert refused_changes(stored_config(run), again) == []
    changed = resolved(recipe, {"generator.kernel_size": "3"}, str(run))
    assert refused_changes(stored_config(run), changed) == [
        "generator.kernel_size: (none) -> 3 would change training"
    ]
