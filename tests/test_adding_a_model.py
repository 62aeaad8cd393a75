"""Runs the code of docs/adding_a_model.md: in a copy of the repository, and as a plug-in."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.commands.test_commands import said
from tfgan_zoo import evaluate, export, generate, report, train
from tfgan_zoo.config import load_config, stored_config
from tfgan_zoo.models.mechanics.construction import RENAMED_HOOKS
from tfgan_zoo.run import load_run
from tfgan_zoo.run.building import build_model
from tfgan_zoo.tasks import TASKS, open_task

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding_a_model.md").read_text()
#: Path and code of each block of Python that names its file.
BLOCKS = re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
#: Overrides for a run of four steps.
SHORT = (
    "--config.train.steps=4",
    "--config.train.log_every=2",
    "--config.train.sample_every=4",
    "--config.train.checkpoint_every=2",
    "--config.train.samples=4",
    "--config.evaluate.samples=16",
    "--config.data.batch_size=4",
    "--config.model_args.image_shape=16,16,3",
)

#: What shows within seconds that the model trains, and has a recipe.
QUICK = (
    "tests/models/test_counts.py::test_passes_and_operations[hinge_gan]",
    "tests/models/test_balance.py::test_critics_are_never_right[hinge_gan]",
    "tests/models/test_suite.py::test_fit_evaluate_predict[hinge_gan]",
    "tests/networks/test_networks.py::test_every_network_is_listed_and_tried",
    "tests/config/test_configs_folder.py::test_loads_and_says_what_it_does[hinge_gan]",
    "tests/config/test_configs_folder.py::test_lists_every_argument_of_its_model[hinge_gan]",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository with the page's files, and its line in MODELS."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("tfgan_zoo", "configs", "tests", "docs", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.cfg", "README.md"):
        shutil.copy(ROOT / name, folder)
    for path, code in BLOCKS:
        if path.startswith("my_"):
            continue
        if path.endswith("__init__.py"):
            code = with_its_lines((ROOT / path).read_text(), code)
        (folder / path).write_text(code)
    return folder


def with_its_lines(text, code):
    """Adds the lines of an excerpt: imports to the imports, an entry to its dict."""
    before, dict_name, entry = re.fullmatch(
        r"(.*\n)\n(\w+)[^\n]*= \{\n    \.\.\.\n(.*)\}\n", code, re.DOTALL
    ).groups()
    start = re.search(rf"^{dict_name}\b.*\{{\n", text, re.MULTILINE).end()
    end = text.index("}\n", start)
    return f"{text[: text.index('from tfgan_zoo')]}{before}" + (
        text[text.index("from tfgan_zoo") : end] + entry + text[end:]
    )


def run_pytest(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def test_the_page_shows_every_file():
    assert [path for path, _ in BLOCKS] == [
        "tfgan_zoo/models/hinge_gan.py",
        "tfgan_zoo/models/__init__.py",
        "tfgan_zoo/networks/strided_critic.py",
        "tfgan_zoo/networks/__init__.py",
        "tests/networks/test_strided_critic.py",
        "configs/hinge_gan.py",
        "tests/models/test_hinge_gan.py",
        "my_package/labelled.py",
        "my_labelled_recipe.py",
        "my_package/games.py",
        "my_recipe.py",
        "my_package/autoencoder.py",
    ]


def test_every_file_that_the_page_names_is_there():
    made = {path for path, _ in BLOCKS}
    named = set(re.findall(r"`((?:tfgan_zoo|tests|configs|docs)/[\w/.]*)`", PAGE))
    assert len(named) > 8
    missing = [path for path in named - made if not (ROOT / path).exists()]
    assert not missing
    for name in re.findall(r"`(\w+\.py)`", PAGE):
        assert (ROOT / "tfgan_zoo" / "models" / name).exists(), name


def test_the_page_lists_the_earlier_names_of_hooks():
    table = PAGE[PAGE.index("### Names in earlier versions") :]
    for earlier, name in RENAMED_HOOKS.items():
        assert re.search(rf"^\|.*`{earlier}[`(].*\|.*`{name}[`(].*\|$", table, re.MULTILINE), (
            earlier
        )


@pytest.mark.slow
def test_the_model_of_the_page_passes_its_test_and_the_suites(copy, monkeypatch):
    monkeypatch.setenv("EXPECTTEST_ACCEPT", "1")
    own = ("tests/models/test_hinge_gan.py", "tests/networks/test_strided_critic.py")
    done = run_pytest(copy, *own, *QUICK)
    assert f"{3 + len(QUICK)} passed" in done, done
    counts = json.loads((copy / "tests" / "models" / "counts.json").read_text())
    assert counts["hinge_gan"]["passes"] == {"generator": 1, "discriminator": 3}


@pytest.mark.slow
def test_the_model_of_the_page_passes_all_suites(copy):
    # The model of an earlier page has the same name in Keras.
    earlier = "--ignore=tests/test_earlier_versions.py"
    done = run_pytest(copy, earlier, "-k", "hinge_gan or strided_critic or quick_recipe")
    assert int(re.search(r"(\d+) passed", done)[1]) > 25, done


# ---------------------------------------------------------------------- the plug-in


@pytest.fixture(scope="module")
def plug_in(tmp_path_factory):
    """A folder on the path with the page's package and recipes."""
    folder = tmp_path_factory.mktemp("plug_in")
    for path, code in BLOCKS:
        if path.startswith("my_"):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(code)
    images = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), np.uint8)
    np.savez(folder / "pictures.npz", images=images)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    TASKS.pop("reconstruction", None)
    for name in [name for name in sys.modules if name.split(".")[0] == "my_package"]:
        del sys.modules[name]


def resume(command):
    """Trains four steps, then two more, and exports."""
    train.main([*command, "--config.train.export=false"])
    train.main([*command, "--config.train.steps=6", "--config.train.export=true"])


@pytest.mark.slow
def test_a_model_of_another_package_works_with_every_command(plug_in, capsys):
    source = f"--config.data.source=npz:{plug_in / 'pictures.npz'}"
    run, recipe = plug_in / "run", plug_in / "my_recipe.py"
    command = [f"--config={recipe}", f"--workdir={run}", *SHORT, source]
    command += ["--config.generator.width=4", "--config.discriminator.filters=4"]
    resume(command)
    config = stored_config(run)
    assert config["model"] == "my_package.games:MyGAN"
    assert config["generator"]["name"] == "my_package.games:my_generator"
    assert load_run(run, "last").steps_done == 6
    generate.main([f"--workdir={run}", f"--output={plug_in / 'samples.png'}", "--num=4"])
    evaluate.main([f"--workdir={run}", "--metrics=swd", "--num=16", "--split=train"])
    export.main([f"--workdir={run}", f"--output={plug_in / 'served'}"])
    report.main([f"--workdir={run}", f"--output={plug_in / 'report.html'}"])
    assert (plug_in / "samples.png").stat().st_size
    assert (plug_in / "served" / "1" / "saved_model.pb").is_file()
    assert "MyGAN" in (plug_in / "report.html").read_text()
    assert "swd" in capsys.readouterr().out
    assert type(tfgan_zoo.load_model(run)).__name__ == "MyGAN"


def test_the_condition_of_the_page(plug_in):
    from my_package.labelled import LabelledGAN, labelled_critic, labelled_generator

    shape = (16, 16, 3)
    model = LabelledGAN(
        shape,
        8,
        labelled_generator(shape, 8, classes=3, filters=4),
        labelled_critic(shape, classes=3, filters=4),
    )
    model.compile()
    model.fit(tf.data.Dataset.from_tensors(model.example_batch(4)), verbose=0)
    zero, one = model.generate(label=[0, 1], latents=np.ones((2, 8)))
    assert zero.shape == shape
    assert np.any(zero != one)
    assert next(iter(model.signatures())) == "generate"


def test_the_networks_of_the_conditional_recipe_know_the_classes_of_its_data(plug_in):
    small = {"model_args.image_shape": "16,16,3"}
    config = load_config(str(plug_in / "my_labelled_recipe.py"), small)
    task = open_task(config, build_model(config))
    assert len(task.opened.class_names) == config.generator.classes == config.discriminator.classes
    labels = np.concatenate([batch["label"] for batch in task.batches(0).take(8)])
    assert labels.max() < config.generator.classes


@pytest.mark.slow
def test_another_kind_of_task_trains_resumes_and_exports(plug_in, capsys):
    source = f"--config.data.source=npz:{plug_in / 'pictures.npz'}"
    run, recipe = plug_in / "codes", plug_in / "my_package" / "autoencoder.py"
    command = [f"--config={recipe}", f"--workdir={run}", *SHORT, source]
    resume([*command, "--config.encoder.filters=4", "--config.decoder.units=8,8"])
    capsys.readouterr()
    model = load_run(run, "last")
    assert (type(model).__name__, model.steps_done) == ("Autoencoder", 6)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert {"loss", "pixel_error"} <= rows[-1].keys()
    assert (run / "samples" / "final.png").is_file()
    assert (run / "export" / "autoencoder" / "1" / "saved_model.pb").is_file()
    # The data go through the entries of the config: a crop, padded to the model's size.
    entries = {"model_args.image_shape": "16,16,3", "data.crop": "10", "data.fit": "pad"}
    entries |= {"data.source": f"npz:{plug_in / 'pictures.npz'}", "data.batch_size": "4"}
    images = open_task(load_config(str(recipe), entries), model).loaded.array
    expected = np.load(plug_in / "pictures.npz")["images"].copy()
    expected[:, :3] = expected[:, 13:] = expected[:, :, :3] = expected[:, :, 13:] = 0
    np.testing.assert_array_equal(images, expected)
    # Figures are drawn at the model's size.
    drawn = load_config(str(recipe), {"model_args.image_shape": "16,16,3"})
    assert open_task(drawn, model).source.shape == (16, 16, 3)
    report.main([f"--workdir={run}", f"--output={plug_in / 'codes.html'}"])
    output = f"--output={plug_in / 'no.png'}"
    status, _, error = said(generate.main, f"--workdir={run}", output, capsys=capsys)
    assert status == 2
    assert "reconstructs images and generates none; export it." in error
