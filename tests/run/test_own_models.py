"""Models and networks of other packages, which a config names by "package.module:name"."""

import json
import shutil
import sys

import keras
import numpy as np
import pytest

import tfgan_zoo
from tests.run.test_experiment import quiet, stop_at
from tests.tiny_runs import as_recipe, lines, tiny_config
from tfgan_zoo import evaluate, export, generate, report
from tfgan_zoo.config import check, find_config, load_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import building, experiment, load_run
from tfgan_zoo.tasks import open_task

GAMES = '''
import keras
from tfgan_zoo.models import DCGAN

@keras.saving.register_keras_serializable("my_package")
class MyGAN(DCGAN):
    """DCGAN by another name."""

class Unregistered(DCGAN):
    """DCGAN by another name, which Keras does not know."""

class Stranger:
    """No model."""
'''
NETS = """
from tfgan_zoo.networks import dcgan_generator

def my_generator(image_shape, latent_dim, width=4, name=None):
    return dcgan_generator(image_shape, latent_dim, filters=width, name=name)

def nothing(image_shape, latent_dim, name=None):
    return None

number = 1
"""
FILES = {"__init__.py": "", "games.py": GAMES, "nets.py": NETS, "broken.py": "import no_such_one"}


def forget():
    """As in a new process, which has not imported the package."""
    for name in [name for name in sys.modules if name.split(".")[0] == "my_package"]:
        del sys.modules[name]
    keras.saving.get_custom_objects().pop("my_package>MyGAN", None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_package").mkdir()
    for name, text in FILES.items():
        (folder / "my_package" / name).write_text(text)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    forget()


def own_config(folder, **overrides):
    config = tiny_config(folder, **overrides)
    with config.unlocked():
        config.model = "my_package.games:MyGAN"
        config.generator = {"name": "my_package.nets:my_generator", "width": 6}
    return config


@pytest.fixture(scope="module")
def run(folder):
    """A finished run."""
    path = as_recipe(own_config(folder), folder / "mine.py")
    experiment.train(load_config(str(path)), folder / "run", quiet)
    forget()
    return folder / "run"


def test_a_run_notes_where_its_model_and_networks_are(run):
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["model"] == "my_package.games:MyGAN"
    assert config["generator"] == {"name": "my_package.nets:my_generator", "width": 6}
    model = load_run(run)
    assert type(model).__name__ == "MyGAN"
    assert model.name == "my_gan"


@pytest.mark.slow
def test_stopped_it_is_resumed_by_its_recipe_in_what_is_like_a_new_process(
    run, folder, tmp_path, monkeypatch
):
    recipe = str(as_recipe(own_config(folder, train__export="true"), tmp_path / "mine.py"))
    stop_at(monkeypatch, load_config(recipe), tmp_path / "run", 4)
    forget()
    result = experiment.train(load_config(recipe), tmp_path / "run", quiet)
    assert result.export == tmp_path / "run" / "export" / "my_gan" / "1"
    assert lines(tmp_path / "run") == lines(run)


def test_its_keras_file_is_loaded_from_the_run_folder(run):
    forget()
    model = tfgan_zoo.load_model(run)
    assert type(model).__name__ == "MyGAN"
    np.testing.assert_array_equal(model.generate(2, seed=1), load_run(run).generate(2, seed=1))


@pytest.mark.slow
def test_a_class_that_is_not_registered_is_loaded_from_the_run_folder(folder, tmp_path):
    config = own_config(folder)
    config.model = "my_package.games:Unregistered"
    experiment.train(config, tmp_path / "run", quiet)
    forget()
    assert type(tfgan_zoo.load_model(tmp_path / "run")).__name__ == "Unregistered"


@pytest.mark.slow
def test_every_command_finds_it(run, tmp_path, capsys):
    forget()
    generate.main([f"--workdir={run}", f"--output={tmp_path / 'sheet.png'}", "--num=4"])
    evaluate.main([f"--workdir={run}", "--metrics=swd", "--num=16", "--split=train"])
    export.main([f"--workdir={run}", f"--output={tmp_path / 'served'}"])
    report.main([f"--workdir={run}", f"--output={tmp_path / 'report.html'}"])
    assert (tmp_path / "sheet.png").stat().st_size
    assert (tmp_path / "served" / "1" / "saved_model.pb").is_file()
    assert "MyGAN" in (tmp_path / "report.html").read_text()
    assert "swd" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_packag.games:MyGAN", r"^model: there is no module 'my_packag', which .* install its"),
        ("my_package.game:MyGAN", r"^model: there is no module 'my_package\.game', which"),
        ("my_package.games:MyGAM", r"^model: there is no 'MyGAM' in .*; did you mean MyGAN\?$"),
        ("my_package.games:Stranger", r"^model: expected a subclass of .*, which is another class"),
        ("my_package.nets:number", r"^model: expected a subclass of .*, which is a int\.$"),
        ("my_package.broken:MyGAN", r"^model: cannot import 'my_package\.broken' .*no_such_one"),
        (":MyGAN", r"^model: expected 'package\.module:name', .*, got ':MyGAN'; give the name by"),
        (".m4:G", r"^model: expected .*, got '\.m4:G'; give the module's full name, with its"),
        ("my_package..games:MyGAN", r"^model: expected .*; give the name by which Python imports"),
        ("my_package/games.py:MyGAN", r"^model: expected .*; give the name of the module instead"),
        ("games.py:MyGAN", r"^model: expected .*; give the name of the module instead of its fi"),
        ("my_package.games:", r"^model: expected .*; give one name after the colon, such as that"),
        ("my_package.games:MyGAN()", r"^model: expected .*; give one name after the colon"),
        ("my_package:games:MyGAN", r"^model: expected .*; give one name after the colon"),
        ("dcgam", r"^model: there is no 'dcgam'; did you mean dcgan or cgan or acgan\?$"),
    ],
)
def test_models_that_do_not_exist(folder, name, said):
    with pytest.raises(InputError, match=said):
        building.model_class(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_package.net:my_generator", r"^generator\.name: there is no module"),
        ("my_package.nets:my_generater", r"^generator\.name: .* did you mean my_generator or"),
        (
            "my_package.nets:number",
            r"^generator\.name: expected a function, got .*a int\.$",
        ),
        ("my_package.nets:nothing", r"^generator\.name: .* to return a keras\.Model, got None\.$"),
    ],
)
def test_networks_that_do_not_exist(folder, name, said):
    config = own_config(folder)
    with config.unlocked():
        config.generator = {"name": name}
    with pytest.raises(InputError, match=said):
        building.build_model(config)


def test_an_argument_that_ones_own_network_does_not_take(folder):
    config = own_config(folder)
    with config.unlocked():
        config.generator.widht = 3
    with pytest.raises(InputError, match=r"^generator: there is no 'widht'; did you mean width"):
        building.build_model(config)


def test_entries_of_data_and_scores_are_checked_by_the_task(folder):
    config = own_config(folder)
    with config.unlocked():
        config.data.voxels = 8
    check(config)
    model = building.build_model(config)
    with pytest.raises(InputError, match="voxels"):
        open_task(config, model)
    config = own_config(folder)
    config.evaluate.metrics = ("swg",)
    check(config)
    with pytest.raises(
        InputError, match=r"^evaluate\.metrics: there is no 'swg'; did you mean swd"
    ):
        _ = open_task(config, model).scores
    config.model = "dcgan"
    with pytest.raises(InputError, match=r"^evaluate\.metrics: expected any of"):
        check(config)


def test_a_group_that_is_no_role_or_network_of_the_model(folder):
    config = own_config(folder)
    with config.unlocked():
        config.generater = {"name": "dcgan_generator"}
    with pytest.raises(InputError, match=r"^generater: MyGAN has no such .* did you mean generato"):
        building.build_model(config)


def test_malformed_names_are_refused_without_tensorflow(tmp_path):
    config = tiny_config(tmp_path)
    config.model = ".games:MyGAN"
    with pytest.raises(InputError, match=r"^model: expected 'package\.module:name'.*full name"):
        check(config)
    config.model, config.generator = "dcgan", {"name": "nets.py:my_generator"}
    with pytest.raises(InputError, match=r"^generator\.name: expected .*instead of its file\.$"):
        check(config)


def test_a_model_of_ones_own_needs_a_config():
    with pytest.raises(InputError, match=r"^--model: .* got 'a\.b:C'; give --config=RECIPE\.py"):
        find_config("a.b:C", "--model")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("dcgan", "dcgan"),
        ("my_package.games:MyGAN", "my_gan"),
        ("a:HingeGANWithLabels", "hinge_gan_with_labels"),
        ("a:_VAE", "_vae"),
    ],
)
def test_short_names(name, short):
    assert building.short_name(name) == short


def test_a_run_whose_package_is_gone_says_so(run, folder, monkeypatch):
    copy = shutil.copytree(run, folder / "gone")
    forget()
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(folder)])
    with pytest.raises(InputError, match=r"^model: there is no module 'my_package', which"):
        load_run(copy)
