"""Runs that end in the middle, and folders that cannot be written: nothing is lost."""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tests.mounts import mounted
from tests.tiny_runs import (
    as_recipe,
    assert_same,
    finished_run,
    lines,
    quiet,
    saved,
    tiny_config,
)
from tfgan_zoo import callbacks
from tfgan_zoo.errors import InputError, NonFiniteLossError, StorageError
from tfgan_zoo.run import experiment
from tfgan_zoo.run.checkpoints import Checkpoints

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def finished(folder):
    """A run that nobody stopped, its config and its folder."""
    return finished_run(folder)


@pytest.fixture
def begun(finished, tmp_path):
    """A copy of it as it was at step 8."""
    run = shutil.copytree(finished[1], tmp_path / "run")
    shutil.rmtree(run / "checkpoints" / "step_00000010")
    return run


def assert_goes_on(finished, run):
    config, whole = finished
    experiment.train(config, run, quiet)
    assert lines(run) == lines(whole)
    assert_same(saved(run, 10), saved(whole, 10))
    assert not [p.name for p in run.rglob(".*") if p.name != ".lock"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("models", "kills"),
    [
        ("dcgan", 2),  # once within a file operation, once at any moment
        pytest.param("all", 5, marks=pytest.mark.slow),
    ],
)
def test_killed_at_random_and_resumed_it_is_bit_for_bit_the_same(tmp_path, models, kills):
    seed = [] if models == "all" else ["1"]
    done = subprocess.run(
        # The same moments every time; of all models, others each time.
        [sys.executable, "-m", "tests.killed", str(tmp_path), models, str(kills), *seed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=3000,
    )
    assert done.stdout.strip().endswith("the same"), done.stderr[-3000:]


@contextlib.contextmanager
def file_size_limit(size):
    """Within it a file that grows beyond `size` bytes fails, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.slow
def test_a_checkpoint_that_does_not_fit(finished, begun):
    with (
        file_size_limit(20_000),
        pytest.raises(StorageError, match=r"^Cannot write to .*that of step 8;"),
    ):
        experiment.train(finished[0], begun, quiet)
    assert (begun / "checkpoints" / "step_00000008").is_dir()
    assert_goes_on(finished, begun)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB."""
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs"):
        yield tmp_path / "disk"


@pytest.mark.slow
def test_a_full_disk(finished, begun, small_disk):
    run = shutil.copytree(begun, small_disk / "run")
    rest = small_disk / "rest"
    with contextlib.suppress(OSError), rest.open("wb") as file:
        while True:
            file.write(b"0" * 1024)
            file.flush()
    with pytest.raises(OSError, match=r"No space left|Cannot write to") as error:
        experiment.train(finished[0], run, quiet)
    assert "\n" not in str(error.value)
    rest.unlink()
    assert_goes_on(finished, run)


@pytest.mark.slow
def test_no_room_for_what_is_made_at_the_end(finished, folder, tmp_path):
    config = tiny_config(folder, train__export="true")
    run = shutil.copytree(finished[1], tmp_path / "run")
    shutil.rmtree(run / "samples")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 10, "d_lo')  # cut off
    with (
        file_size_limit(20_000),
        pytest.raises(StorageError, match=r"^Cannot write to .*that of step 10; fix"),
    ):
        experiment.train(config, run, quiet)
    result = experiment.train(config, run, quiet)
    assert result.export.is_dir()
    exported = experiment.export_run(run, tmp_path / "served" / "gan")
    assert exported.is_dir()


def let_others_in(*paths):
    """Pytest's folders are its user's alone."""
    for parent in (parent for path in paths for parent in path.parents):
        if parent.stat().st_uid == os.geteuid() and "pytest" in str(parent):
            parent.chmod(0o755)


@contextlib.contextmanager
def without_privileges():
    """As an ordinary user, who cannot write where it is forbidden."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.slow
def test_a_read_only_folder(finished, begun):
    let_others_in(begun, finished[1])
    begun.chmod(0o555)
    (begun / ".lock").chmod(0o444)
    with without_privileges(), pytest.raises(InputError, match="cannot write to"):
        experiment.train(finished[0], begun, quiet)
    begun.chmod(0o755)
    (begun / ".lock").chmod(0o644)
    assert_goes_on(finished, begun)


@pytest.mark.slow
def test_a_folder_of_checkpoints_that_cannot_be_written(finished, begun, monkeypatch):
    save = Checkpoints.save

    def forbidden(self, *args):
        with without_privileges():
            return save(self, *args)

    let_others_in(begun, finished[1])
    (begun / "checkpoints").chmod(0o555)
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", forbidden)
        with pytest.raises(StorageError, match=r"Permission denied.*of step 8; fix the problem"):
            experiment.train(finished[0], begun, quiet)
    (begun / "checkpoints").chmod(0o755)
    assert_goes_on(finished, begun)


@pytest.mark.slow
def test_a_checkpoint_with_one_bit_turned(finished, begun):
    shutil.rmtree(begun / "checkpoints")
    shutil.copytree(finished[1] / "checkpoints", begun / "checkpoints")
    weights = begun / "checkpoints" / "step_00000010" / "model.weights.h5"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    assert_goes_on(finished, begun)


@pytest.mark.slow
def test_a_run_of_before_these_entries(finished, begun):
    file = begun / "config.json"
    written = json.loads(file.read_text())
    del written["config"]["distribution"], written["config"]["nan"]
    for entry in ("steps_per_execution", "export"):
        del written["config"]["train"][entry]
    file.write_text(json.dumps(written))
    state = begun / "checkpoints" / "step_00000008" / "state.json"
    noted = json.loads(state.read_text())
    noted["means"] = [sum(copies) for copies in noted["means"]][:-1]
    state.write_text(json.dumps(noted))
    assert_goes_on(finished, begun)


@pytest.mark.slow
def test_two_processes_in_one_folder(finished, begun, folder):
    recipe = as_recipe(finished[0], folder / "tiny.py")
    command = [
        sys.executable, "-m", "tfgan_zoo.train", f"--config={recipe}", f"--workdir={begun}"
    ]  # fmt: skip
    both = [subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    ended = [(process.communicate(timeout=240)[1], process.returncode) for process in both]
    (refused,) = [said for said, status in ended if status] or [None]
    assert 0 in [status for _, status in ended]
    if refused is not None:  # else one was over before the other came
        assert refused.splitlines()[-1].startswith("error: --workdir: another process is training")
    assert_goes_on(finished, begun)


# ---------------------------------------------------------------------- TensorBoard, NaN


def events(run):
    """Returns the (tag, step) of everything that TensorBoard's file of a run holds."""
    (file,) = (run / "tensorboard").iterdir()
    records = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    parsed = [tf.compat.v1.Event.FromString(record) for record in records]
    return sorted((value.tag, event.step) for event in parsed for value in event.summary.value)


@pytest.mark.slow
def test_tensorboard_shows_every_step_once(finished, begun):
    # Killed while it wrote: a line of a step that is trained again, half a line, other files.
    with (begun / "metrics.jsonl").open("a") as file:
        file.write('{"step": 12, "d_loss": 1.0}\n{"step": 16, "d_lo')
    (begun / "tensorboard" / "events.out.tfevents.9999999999.host").write_bytes(b"cut off")
    assert_goes_on(finished, begun)
    found = events(begun)
    assert found == events(finished[1])
    assert len(set(found)) == len(found)
    assert [step for tag, step in found if tag == "d_loss"] == [4, 8, 10]
    assert [step for tag, step in found if tag == "samples"] == [0, 8, 10]


def poisoned_at(monkeypatch, step, times):
    """Makes a weight NaN before the step after `step`, the first `times` times."""
    left = [times]

    class Throughput(callbacks.Throughput):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.steps_done == step and left[0]:
                left[0] -= 1
                weight = self.model.generator.trainable_weights[0]
                weight.assign(np.full(weight.shape, np.nan))

    monkeypatch.setattr(callbacks, "Throughput", Throughput)


@pytest.mark.parametrize("times", [1, slow(2)])
def test_after_nan_it_goes_back(finished, tmp_path, monkeypatch, times):
    config, whole = finished
    poisoned_at(monkeypatch, 6, times)
    said, rates = [], []
    fit_once = experiment.fit_once

    def watched(stage, start):
        rates.append(float(stage.model.generator_optimizer.learning_rate))
        return fit_once(stage, start)

    monkeypatch.setattr(experiment, "fit_once", watched)
    experiment.train(config, tmp_path / "run", said.append)
    assert rates == pytest.approx([1e-3, 5e-4, 2.5e-4][: 1 + times])
    reported = [text for text in said if "Back to" in text]
    assert len(reported) == times
    said = f"step 4, with other noise, learning rates times 0.5 ({times} of at most 3"
    assert said in reported[-1]
    notes = [json.loads(t) for t in (tmp_path / "run" / "rollbacks.jsonl").read_text().splitlines()]
    assert [(note["at"], note["to"]) for note in notes] == [(8, 4)] * times
    found = [json.loads(t) for t in (tmp_path / "run" / "health.jsonl").read_text().splitlines()]
    assert [(line["step"], line["condition"]) for line in found] == [
        (0, "begun"),
        *[(4, "not_finite")] * times,
    ]
    assert [line["message"] for line in found[1:]] == reported
    assert [row["step"] for row in lines(tmp_path / "run")] == [4, 8, 10]
    assert lines(tmp_path / "run")[0] == lines(whole)[0]
    assert lines(tmp_path / "run")[1] != lines(whole)[1]


@pytest.mark.slow
def test_after_going_back_it_is_resumed_bit_for_bit(folder, tmp_path, monkeypatch):
    config = tiny_config(folder, generator_optimizer__learning_rate="1e-3")
    with config.unlocked():
        config.generator_optimizer.decay = "linear"
    with monkeypatch.context() as patch:
        poisoned_at(patch, 6, times=1)
        experiment.train(config, tmp_path / "run", quiet)
    again = shutil.copytree(tmp_path / "run", tmp_path / "again")
    shutil.rmtree(again / "checkpoints" / "step_00000010")
    experiment.train(config, again, quiet)
    assert lines(again) == lines(tmp_path / "run")
    assert_same(saved(again, 10), saved(tmp_path / "run", 10))


@pytest.mark.slow
def test_it_goes_back_so_often_and_no_more(folder, tmp_path, monkeypatch):
    config = tiny_config(folder, nan__rollbacks="1", nan__learning_rate_factor="1")
    poisoned_at(monkeypatch, 6, times=9)
    said = []
    with pytest.raises(NonFiniteLossError, match=r"At step 8 .*step_00000004"):
        experiment.train(config, tmp_path / "run", said.append)
    assert sum("Back to" in text for text in said) == 1
    assert "learning rates" not in said[-1]
    assert [row["step"] for row in lines(tmp_path / "run")] == [4]


@pytest.mark.slow
def test_steps_per_execution_changes_nothing(finished, tmp_path):
    _, whole = finished
    several = tiny_config(whole.parent, train__steps_per_execution="2")
    experiment.train(several, tmp_path / "run", quiet)
    assert lines(tmp_path / "run") == lines(whole)
    assert_same(saved(tmp_path / "run", 10), saved(whole, 10))
