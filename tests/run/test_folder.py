"""The run folder: its config, its records, and who may write them."""

import fcntl
import json
import os
import subprocess

import keras
import pytest

from tests.tiny_runs import tiny_autoencoder, tiny_config, tiny_translation
from tfgan_zoo import atomic
from tfgan_zoo.commands import training
from tfgan_zoo.config import config_to_resume, load_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import Run, versions
from tfgan_zoo.tasks import resolve


def test_claim_writes_the_config(tmp_path):
    config = tiny_config(tmp_path)
    with Run(tmp_path / "a" / "run").claim(config):
        pass
    run = Run.open(tmp_path / "a" / "run")
    assert run.config() == json.loads(json.dumps(config.to_dict()))
    assert versions()["keras"] == keras.__version__


def test_the_source_is_checked_before_it_is_opened(tmp_path):
    config = tiny_config(tmp_path)
    run = Run(tmp_path / "run")
    with run.claim(config):
        pass
    config.data.batch_size += 1  # `claim` says so
    run.check_source(config)
    config.data.source = "folder:others"
    with pytest.raises(InputError, match=r"another config \(.*-> folder:others would change the"):
        run.check_source(config)


def test_claim_refuses_a_folder_of_other_files(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="holds files but no run"), Run(tmp_path).claim(None):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"name": "package"}',
        '{"config": {}, "versions": {"tfgan_zoo": null}}',
        '{"config": [], "versions": {"tfgan_zoo": "0.1.0"}}',
    ],
)
def test_claim_refuses_a_config_that_is_not_a_runs(tmp_path, text):
    config = tiny_config(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(text)
    with pytest.raises(InputError, match="is no run folder"), Run(tmp_path / "run").claim(config):
        pass
    assert (tmp_path / "run" / "config.json").read_text() == text


def test_claim_refuses_where_it_cannot_write(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(InputError, match="cannot write to"), Run(path).claim(None):
            pass


def test_a_folder_is_checked_before_images_are_looked_at(tmp_path, monkeypatch):
    def not_yet(*_):
        raise AssertionError

    monkeypatch.setattr(training.own_images, "choose", not_yet)
    monkeypatch.setattr(experiment, "build_model", not_yet)
    (tmp_path / "file").touch()
    flags = "dcgan", None, str(tmp_path / "file"), {}, not_yet
    with pytest.raises(InputError, match=r"--workdir: cannot write to .*/file' is a file; give a"):
        training.from_flags(*flags)
    with pytest.raises(InputError, match=r"--workdir: cannot write to .*/file' is a file; give a"):
        experiment.train(tiny_config(tmp_path), tmp_path / "file" / "run", print)


def test_claim_keeps_others_out(tmp_path):
    config = tiny_config(tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    with (run / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process"), Run(run).claim(config):
            pass
    with Run(run).claim(config):
        pass


def test_claim_removes_what_killed_processes_left_half_written_and_nothing_else(tmp_path):
    config, run = tiny_config(tmp_path), Run(tmp_path / "run")
    with run.claim(config):
        pass
    versions = run.path / "export" / "gan"
    checkpoint = run.checkpoints.folder(8)
    for folder in (run.samples, versions / "1", run.path / "deeper", checkpoint):
        folder.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    own = f"-{os.getpid()}"
    left = [
        atomic.hidden_beside(run.model, ".part.keras"),
        atomic.hidden_beside(run.samples / "final.png"),
        atomic.hidden_beside(versions / "settings.json"),
        atomic.hidden_beside(checkpoint / "state.json"),
        run.path / ".config.json.part",  # as earlier versions named it
    ]
    left[0] = left[0].with_name(left[0].name.replace(own, f"-{ended.pid}"))
    kept = [
        run.path / "notes.part",
        run.path / ".partial",
        run.path / ".notes.part1",
        run.path / "deeper" / ".x.part",
        versions / "1" / ".x.part",
        # Another process of this machine may be writing it.
        left[1].with_name(left[1].name.replace(own, f"-{os.getppid()}")),
    ]
    for file in left + kept:
        file.touch()
    (run.path / ".folder.part").mkdir()
    with run.claim(config):
        assert not any(file.exists() for file in left)
    assert all(file.exists() for file in kept)
    assert (run.path / ".folder.part").is_dir()


def test_a_folder_that_another_process_trains_in_is_not_swept(tmp_path):
    config, run = tiny_config(tmp_path), Run(tmp_path / "run")
    with run.claim(config):
        part = atomic.hidden_beside(run.model)
        part.touch()
        with pytest.raises(InputError, match="another process"):
            Run(tmp_path / "run").claim(config).__enter__()
        assert part.exists()


def test_a_decaying_rate_depends_on_the_number_of_steps(tmp_path):
    def config(steps):
        config = tiny_config(tmp_path, train__steps=steps)
        with config.unlocked():
            config.generator_optimizer.decay = "linear"
        return config

    run = Run(tmp_path / "run")
    with run.claim(config("10")):
        run.metrics.touch()
    with pytest.raises(InputError, match=r"train.steps: 10 -> 20"):
        run.claim(config("20")).__enter__()


def test_a_run_that_did_not_begin_may_be_another(tmp_path):
    run = Run(tmp_path / "run")
    with run.claim(tiny_config(tmp_path, seed="0")):
        pass
    for started in (run.metrics, run.checkpoints.path, run.pretraining / "checkpoints"):
        with run.claim(tiny_config(tmp_path, seed="1")):
            assert run.config()["seed"] == 1
        started.mkdir(parents=True)
        with pytest.raises(InputError, match="seed: 1 -> 2"):
            run.claim(tiny_config(tmp_path, seed="2")).__enter__()
        started.rmdir()


def test_an_entry_that_is_newer_than_the_run_was_at_its_default(tmp_path):
    config = tiny_config(tmp_path)
    run = Run(tmp_path / "run")
    with run.claim(config):
        run.metrics.touch()
    file = run.path / "config.json"
    written = json.loads(file.read_text())
    del written["config"]["train"]["generator_from"]
    file.write_text(json.dumps(written))
    with run.claim(config):
        assert run.config()["train"]["generator_from"] is None
    file.write_text(json.dumps(written))
    config.train.generator_from = "runs/other"
    with pytest.raises(InputError, match=r"generator_from: None -> runs/other"):
        run.claim(config).__enter__()


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_networks_without_a_padding_entry_are_those_padded_same(tmp_path, role):
    config, run = tiny_config(tmp_path), Run(tmp_path / "run")
    with run.claim(config):
        run.metrics.touch()
    with config.unlocked():
        config[role].padding = "same"
    with run.claim(config):
        run.adopt(config, 0, 0)
    written = json.loads((run.path / "config.json").read_text())
    del written["config"][role]["padding"]
    (run.path / "config.json").write_text(json.dumps(written))
    config[role].padding = "symmetric"
    with pytest.raises(InputError, match=rf"{role}.padding: same -> symmetric"):
        run.claim(config).__enter__()


def test_an_argument_that_the_run_lacks_had_its_default(tmp_path):
    config, run = tiny_autoencoder(tmp_path, "vae_gan"), Run(tmp_path / "run")
    with run.claim(config):
        run.metrics.touch()
    spelled = {"beta": 1, "objective": "minimax", "r1_gamma": 0, "r1_every": 1, "margin": 0.35}
    assert not spelled.keys() & config.model_args.keys()
    with config.unlocked():
        config.model_args.update(spelled)
    with run.claim(config):
        assert run.adopt(config, 4, 4) == {}
    config.model_args.beta = 2
    with pytest.raises(InputError, match=r"\(model_args.beta: 1 -> 2 would"), run.claim(config):
        pass


def test_a_run_of_dtn_that_lacks_its_features_had_those_of_then(tmp_path):
    config, run = tiny_translation(tmp_path, "dtn"), Run(tmp_path / "run")
    with config.unlocked():
        del config.model_args.features
    with run.claim(config):  # as earlier versions did
        run.metrics.touch()
    assert run.config()["model_args"]["features"] == "figures_v1:conv5"
    resumed = resolve(config, run.config())
    assert resumed.model_args.features == "figures_v1:conv5"
    with run.claim(resumed):
        pass
    new = Run(tmp_path / "new")
    with new.claim(resolve(config)):
        new.metrics.touch()
    assert new.config()["model_args"]["features"] == "figures_v1:conv4"
    # A recipe that leaves it out still says what the run noted.
    for each in (run, new):
        resumed, differ = config_to_resume(each.path, config, {}, "dtn", "--config")
        assert differ == []
        assert resumed.model_args.features == each.config()["model_args"]["features"]


@pytest.mark.parametrize(
    ("model", "name", "default"),
    [
        ("pix2pix", "l1_weight", 100.0),  # gan_cls has 0
        ("gan_cls", "l1_weight", 0.0),
        ("pix2pix_hd", "feature_matching", 10.0),  # pix2pix has 0
        ("dcgan", "latent_distribution", "uniform"),  # other games have "normal"
        ("gan_3d", "skip_discriminator_above", 0.8),
    ],
)
def test_a_run_whose_recipe_left_an_argument_out_goes_on_with_the_default(
    tmp_path, model, name, default
):
    config, run = load_config(model), Run(tmp_path / "run")
    with config.unlocked():
        del config.model_args[name]
    with run.claim(config):
        run.metrics.touch()
    resumed = training.from_flags(model, None, str(run.path), {}, lambda: None).config
    assert resumed.model_args[name] == default
    with run.claim(resumed):  # it is the same run
        pass


def test_trim_metrics(tmp_path):
    run = Run(tmp_path)
    run.trim_metrics(0)
    assert not run.metrics.exists()
    run.metrics.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"ste')
    run.trim_metrics(2)
    assert run.metrics.read_text() == '{"step": 1}\n{"step": 2}\n'


def test_open_needs_a_run(tmp_path):
    with pytest.raises(InputError, match=r"is no run folder: it has no config\.json"):
        Run.open(tmp_path)
