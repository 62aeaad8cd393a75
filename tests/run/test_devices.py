"""Runs on several replicas and several workers, each in processes of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_runs import as_recipe, assert_same, lines, saved, tiny_config, tiny_translation
from tfgan_zoo import presets
from tfgan_zoo.config import default_config, override
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import save_folder
from tfgan_zoo.run import devices as distribution
from tfgan_zoo.run import experiment
from tfgan_zoo.run.trained import devices_for_samples

ROOT = Path(__file__).parents[2]

#: How many workers train together.
NUMBERS = (2, 4)


@pytest.fixture(scope="module")
def config(folder):
    config = tiny_config(folder, convolutional=True)
    config.unlock()
    config.discriminator.normalization = "none"  # as for any R1 on several replicas
    for role in ("generator", "discriminator"):  # Adam makes full steps of rounding errors.
        config[f"{role}_optimizer"] = {"name": "sgd", "learning_rate": 0.01, "momentum": 0.5}
    config.lock()
    return config


@pytest.fixture(scope="module")
def one(folder, config):
    """A run in this process, on one device."""
    experiment.train(config, folder / "one", lambda _: None)
    return folder / "one"


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(config, folder, run, *flags, **environment):
    recipe = as_recipe(config, folder / f"{config.model}.py")
    command = [sys.executable, "-m", "tests.workers", f"--config={recipe}", f"--workdir={run}"]
    return subprocess.Popen(
        [*command, *flags],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def job(config, folder, run, *environments, flags=(), ports=None):
    """Trains in one process for each environment, and returns (status, standard error) of all."""
    hosts = [f"localhost:{port}" for port in ports or free_ports(len(environments))]
    workers = [
        start(
            config,
            folder,
            run,
            *flags,
            TF_CONFIG=json.dumps(
                {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
            ),
            **environment,
        )
        for index, environment in enumerate(environments)
    ]
    try:
        # They share the cores.
        errors = [worker.communicate(timeout=120 * len(workers))[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    return [(w.returncode, error) for w, error in zip(workers, errors, strict=True)]


def statuses(ended):
    return [status for status, _ in ended]


def with_one(number, index, **environment):
    """The environments of workers, one of which has entries of its own."""
    return [environment if i == index else {} for i in range(number)]


@pytest.fixture(scope="module", params=NUMBERS, ids="{} workers".format)
def team(request, folder, config):
    """A run of several workers that nobody touched, and what each of them ended with."""
    number = request.param
    paths = [folder / f"weights_{number}_{i}.npz" for i in range(number)]
    whole = folder / f"whole_{number}"
    ended = job(config, folder, whole, *({"WEIGHTS": str(path)} for path in paths))
    assert statuses(ended) == [0] * number, ended
    return whole, [dict(np.load(path)) for path in paths]


def from_files(config, folder):
    """The same images in files, which each machine decodes, and keeps on its own disk."""
    with np.load(config.data.source.removeprefix("npz:")) as arrays:
        save_folder(folder / "photos", arrays["images"])
    config = config.copy_and_resolve_references()
    override(config, "data.source", f"folder:{folder / 'photos'}")
    override(config, "data.cache", "disk")
    return config


def assert_close_runs(run, other):
    for row, expected in zip(lines(run), lines(other), strict=True):
        assert row == pytest.approx(expected, rel=1e-4, abs=1e-5)
    arrays, others = saved(run, 10), saved(other, 10)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        scale = max(1.0, float(np.max(np.abs(others[name]), initial=0.0)))
        np.testing.assert_allclose(array, others[name], 1e-4, 1e-5 * scale, err_msg=name)


def names(run):
    return sorted(
        str(path.relative_to(run))
        for path in run.rglob("*")
        if path.is_file() and "tfevents" not in path.name
    )


@pytest.mark.slow
def test_two_replicas_are_as_one(folder, config, one):
    worker = start(config, folder, folder / "two", "--config.distribution.logical_cpus=2")
    out, error = worker.communicate(timeout=240)
    assert worker.returncode == 0, error
    assert "2 replicas on the CPU" in out
    assert_close_runs(folder / "two", one)
    assert names(folder / "two") == names(one)
    # The same run may go on on one device.
    experiment.train(config, folder / "two", lambda _: None, extend_to=12)
    written = json.loads((folder / "two" / "config.json").read_text())
    assert written["config"]["distribution"]["logical_cpus"] == 0


@pytest.mark.slow
def test_several_workers_are_as_one(team, one):
    run, (first, *others) = team
    for other in others:
        assert first.keys() == other.keys()
        for name, array in first.items():
            np.testing.assert_array_equal(array, other[name], err_msg=name)
    assert_close_runs(run, one)
    assert names(run) == names(one)


@pytest.mark.slow
def test_all_workers_train_for_the_steps_that_the_chief_plans(team, folder, config):
    whole, weights = team
    run = folder / f"planned_{len(weights)}"
    environments = [{"PLANNED": str(10 - 3 * i)} for i in range(len(weights))]
    ended = job(config, folder, run, *environments, flags=["--minutes=1"])
    assert statuses(ended) == [0] * len(weights), ended
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))


@pytest.mark.slow
@pytest.mark.parametrize("who", ["chief", "worker"])
def test_a_killed_worker_ends_the_job_which_goes_on_when_started_again(team, folder, config, who):
    whole, weights = team
    number = len(weights)
    killed = 0 if who == "chief" else number // 2
    run = folder / f"killed_{number}_{who}"
    ended = job(config, folder, run, *with_one(number, killed, KILL_AT="6"))
    assert ended.pop(killed)[0] == -signal.SIGKILL
    assert statuses(ended) == [1] * (number - 1), ended
    for _, said in ended:
        assert said.splitlines()[-1].startswith("error: Another worker can no longer be reached;")
    assert [p.name for p in (run / "checkpoints").glob("step_*")] == ["step_00000004"]
    ended = job(config, folder, run, *[{}] * number)
    assert statuses(ended) == [0] * number, ended
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))


@pytest.mark.slow
def test_a_lost_machine_is_replaced_by_another(team, tmp_path, config):
    """The others come in another order, with the images that they decoded as another worker."""
    whole, weights = team
    number = len(weights)
    lost, run = number // 2, tmp_path / "run"
    config = from_files(config, tmp_path)
    ports = free_ports(number + 1)
    caches = [tmp_path / f"cache{i}" for i in range(number + 1)]

    def train(machines, killed=None):
        environments = [
            {"TFGAN_ZOO_CACHE": str(caches[i])} | ({"KILL_AT": "6"} if i == killed else {})
            for i in machines
        ]
        return job(config, tmp_path, run, *environments, ports=[ports[i] for i in machines])

    ended = train(range(number), killed=lost)
    assert ended[lost][0] == -signal.SIGKILL, ended
    assert all(list((cache / "decoded").iterdir()) for cache in caches[:number])
    ended = train([number, *(i for i in reversed(range(number)) if i != lost)])
    assert statuses(ended) == [0] * number, ended
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))


@pytest.mark.slow
@pytest.mark.parametrize("refused", ["data", "folder"])
def test_what_the_chief_alone_refuses_ends_the_other_worker_with_a_sentence(
    one, folder, config, refused
):
    run = folder / f"refused_{refused}"
    if refused == "folder":
        run.mkdir()
        (run / "thesis.tex").touch()
        said = "holds files but no run"
    else:
        shutil.copytree(one, run)
        shutil.rmtree(run / "checkpoints" / "step_00000010")
        noted = json.loads((run / "data.json").read_text())
        noted["sources"]["training data"]["num"] = 49
        (run / "data.json").write_text(json.dumps(noted))
        said = "the data have changed"
    (chief, first), (worker, second) = job(config, folder, run, {}, {})
    assert (chief, worker) == (2, 2), (first, second)
    assert said in first.splitlines()[-1]
    assert second.splitlines()[-1] == "error: The chief refused to train; see its message."


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting", [{"train__precision": "mixed_float16"}, {"train__jit_compile": "true"}], ids=str
)
def test_two_workers_under_float16_and_xla(tmp_path, setting):
    """Equal to one another, and as one process to the rounding of the precision."""
    config = tiny_config(tmp_path, "wgan", model_args__r1_gamma="0", **setting)
    with config.unlocked():
        for network in (config.generator, config.discriminator):
            if "normalization" in network:
                network.normalization = "none"
        for role in ("generator", "discriminator"):
            config[f"{role}_optimizer"] = {"name": "sgd", "learning_rate": 0.01}
    experiment.train(config, tmp_path / "one", lambda _: None)
    paths = [tmp_path / f"weights{i}.npz" for i in range(2)]
    ended = job(config, tmp_path, tmp_path / "two", *({"WEIGHTS": str(p)} for p in paths))
    assert statuses(ended) == [0, 0], ended
    first, second = (dict(np.load(path)) for path in paths)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
    arrays, others = saved(tmp_path / "two", 10), saved(tmp_path / "one", 10)
    for name, array in arrays.items():
        np.testing.assert_allclose(array, others[name], 0.02, 0.02, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_to_one_worker_stops_all_together(tmp_path, number):
    config = tiny_config(tmp_path, "wgan", train__steps="24", model_args__r1_gamma="0")
    whole, run, undisturbed = tmp_path / "whole", tmp_path / "stopped", [{}] * number
    assert statuses(job(config, tmp_path, whole, *undisturbed)) == [0] * number
    ended = job(config, tmp_path, run, *with_one(number, number // 2, TERM_AT="6"))
    assert statuses(ended) == [128 + signal.SIGTERM] * number, ended
    assert all("Stopped at step 10 and saved" in error for _, error in ended)
    assert statuses(job(config, tmp_path, run, *undisturbed)) == [0] * number
    assert lines(run) == lines(whole)
    assert_same(saved(run, 24), saved(whole, 24))


@pytest.mark.slow
def test_no_worker_ends_before_the_chief_has_written_everything(tmp_path):
    """Slurm kills the workers that are left once one has ended (--kill-on-bad-exit)."""
    config = tiny_config(tmp_path, "wgan", train__steps="24", model_args__r1_gamma="0")
    run, notes = tmp_path / "run", [tmp_path / f"note{i}" for i in range(2)]
    environments = [{"NOTE": str(note), "SEEN": str(run / "samples")} for note in notes]
    ended = job(config, tmp_path, run, environments[0], {**environments[1], "TERM_AT": "6"})
    assert statuses(ended) == [128 + signal.SIGTERM] * 2, ended
    assert all("step_00000010.png" in note.read_text().split() for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_pools_of_all_workers_are_restored(tmp_path, number):
    config = tiny_translation(tmp_path, "cyclegan", data__batch_size=str(number))
    whole, run, undisturbed = tmp_path / "whole", tmp_path / "stopped", [{}] * number
    assert statuses(job(config, tmp_path, whole, *undisturbed)) == [0] * number
    ended = job(config, tmp_path, run, *with_one(number, number // 2, KILL_AT="6"))
    assert ended[0][0] == 1, ended
    assert statuses(job(config, tmp_path, run, *undisturbed)) == [0] * number
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))


# ---------------------------------------------------------------------- what is refused


def devices_of(**settings):
    made = default_config()
    for name, value in settings.items():
        override(made, f"distribution.{name}", value)
    return distribution.open_devices(made)


@pytest.mark.slow
@pytest.mark.parametrize(
    "level",
    [
        pytest.param({}, id="quiet"),
        pytest.param({"TF_CPP_MIN_LOG_LEVEL": "3"}, id="asked for", marks=pytest.mark.slow),
    ],
)
def test_threads_that_share_an_operation(level):
    """They are set before TensorFlow starts its devices, whoever wants to read messages."""
    code = """
from tfgan_zoo.commands import training
from tfgan_zoo.cli import quiet_tensorflow
from tfgan_zoo.config import load_config
config = load_config("pix2pix")
quiet_tensorflow(lambda: training.open_devices(config))
training.open_devices(config)
import tensorflow as tf
assert tf.config.list_logical_devices()
print(tf.config.threading.get_intra_op_parallelism_threads())
"""
    others = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=others | level, capture_output=True, text=True
    )
    assert done.stdout == "1\n", done.stderr


def test_one_device_is_the_default(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for strategy in ("auto", "one_device"):
        devices = devices_of(strategy=strategy)
        assert (devices.strategy, devices.replicas, devices.chief) == (None, 1, True)
        assert devices.total(3) == devices.from_chief(3) == 3


def test_what_is_not_there_is_refused(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(InputError, match="mirrored needs several GPUs, and TensorFlow sees 0"):
        devices_of(strategy="mirrored")
    with pytest.raises(InputError, match="needs the environment variable TF_CONFIG"):
        devices_of(strategy="multi_worker")
    with pytest.raises(InputError, match="can no longer split the CPU into 2"):
        devices_of(logical_cpus="2")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_unusable_tf_config(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(InputError, match="TF_CONFIG: expected"):
        devices_of()


def test_many_samples_are_made_by_all_devices_of_the_machine(monkeypatch):
    def replicas(**settings):
        made = default_config()
        for name, value in settings.items():
            override(made, f"distribution.{name}", value)
        return distribution.open_for_samples(made)

    # Also of runs that were trained on several GPUs, or machines, elsewhere.
    for strategy in ("auto", "one_device", "mirrored", "multi_worker"):
        assert replicas(strategy=strategy).strategy is None
    assert replicas(logical_cpus="2").strategy is None  # too late to split the CPU
    monkeypatch.setattr(distribution, "_local_devices", lambda: ("GPU:0", "GPU:1"))
    monkeypatch.setattr(distribution, "_mirrored", lambda devices: devices)
    for strategy in ("auto", "mirrored", "multi_worker"):
        assert replicas(strategy=strategy) == ("GPU:0", "GPU:1")
    assert replicas(strategy="one_device").strategy is None


def test_whose_samples_replicas_share(monkeypatch, tmp_path):
    monkeypatch.setattr(distribution, "_local_devices", lambda: ("GPU:0", "GPU:1"))
    monkeypatch.setattr(distribution, "_mirrored", lambda devices: devices)
    preset, autoencoder = (
        presets.file_of(presets.find(name)) for name in ("dcgan_figures", "vae_mnist")
    )
    assert devices_for_samples(preset, 1000) == ("GPU:0", "GPU:1")
    assert devices_for_samples(preset, 999).strategy is None
    assert devices_for_samples(autoencoder, 1000).strategy is None
    unknown = tmp_path / "model.keras"
    unknown.touch()
    assert devices_for_samples(unknown, 1000).strategy is None
    with pytest.raises(InputError, match="is no run folder"):
        devices_for_samples(tmp_path, 1000)
    assert devices_for_samples(tmp_path, 999).strategy is None  # what loads it says so


def test_a_cluster_of_one_is_one_machine(monkeypatch):
    cluster = {"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    assert devices_of().workers == 1


def test_a_batch_that_cannot_be_shared_out():
    devices = distribution.Devices()
    devices.check_batch(7)
    devices.replicas = 4
    devices.check_batch(8)
    with pytest.raises(InputError, match=r"multiple of 4, .* got 7; give 4 or 8"):
        devices.check_batch(7)
    with pytest.raises(InputError, match=r"got 3; give 4"):
        devices.check_batch(3)


# ---------------------------------------------------------------------- the files in docs


def stand_in(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def with_stand_ins(tmp_path, *command, **environment):
    """Runs it where `python` says what it was given, and how to find it."""
    stand_in(tmp_path, "python", 'echo "$*"; echo $TF_CONFIG; exit ${STATUS:-0}')
    done = subprocess.run(
        command,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
    )
    return done


@pytest.mark.parametrize(("status", "requeued"), [(0, False), (143, True), (1, False)])
def test_slurm_script(tmp_path, monkeypatch, status, requeued):
    stand_in(tmp_path, "scontrol", '[ $1 = show ] && printf "n1\\nn2\\n" || echo requeued $2')
    stand_in(tmp_path, "srun", 'shift; SLURM_PROCID=1 "$@"')
    done = with_stand_ins(
        tmp_path,
        "bash",
        str(ROOT / "docs" / "distributed" / "slurm.sh"),
        "--config=x",
        "--workdir=a b",
        SLURM_JOB_NODELIST="n[1-2]",
        SLURM_JOB_ID="7",
        STATUS=str(status),
    )
    assert done.returncode == status, done.stderr
    command, tf_config, *rest = done.stdout.splitlines()
    assert command == "-m tfgan_zoo.train --config=x --workdir=a b"
    monkeypatch.setenv("TF_CONFIG", tf_config)
    cluster = distribution.cluster_config()
    assert cluster["cluster"]["worker"] == ["n1:12345", "n2:12345"]
    assert cluster["task"]["index"] == 1
    assert rest == (["requeued 7"] if requeued else [])


def test_kubernetes_job(tmp_path, monkeypatch):
    yaml = pytest.importorskip("yaml")
    text = (ROOT / "docs" / "distributed" / "kubernetes.yaml").read_text()
    service, job = yaml.safe_load_all(text)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    done = with_stand_ins(
        tmp_path,
        *container["command"],
        *container["args"],
        **environment,
        JOB_COMPLETION_INDEX="1",
    )
    command, tf_config = done.stdout.splitlines()
    assert command.startswith("-m tfgan_zoo.train --config=")
    monkeypatch.setenv("TF_CONFIG", tf_config)
    workers = distribution.cluster_config()["cluster"]["worker"]
    # A pod of an indexed job is called JOB-INDEX; a headless service finds it below its name.
    name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
    job_name = job["metadata"]["name"]
    assert workers == [f"{job_name}-{i}.{name}:{port}" for i in range(job["spec"]["completions"])]
    assert service["spec"]["selector"] == {"job-name": job_name}
    assert pod["subdomain"] == name
