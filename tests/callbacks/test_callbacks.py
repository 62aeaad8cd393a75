"""Callbacks with plain `model.fit`."""

import concurrent.futures
import contextlib
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import sys
import termios

import keras
import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import callbacks, networks, pictures
from tfgan_zoo.errors import NonFiniteLossError
from tfgan_zoo.models import GAN

DATA = np.random.default_rng(0).normal(size=(24, 2)).astype("float32")


def small_model():
    model = GAN(
        (2,),
        generator=networks.mlp_generator((2,), 4, units=(4,)),
        discriminator=networks.mlp_discriminator((2,), units=(4,), dropout=0.0, input_dropout=0.0),
        ema_half_life=100.0,
    )
    model.compile()
    return model


@pytest.fixture(scope="module")
def model():
    return small_model()


def fit(model, *used, epochs=2):
    """Three steps an epoch."""
    model.step.assign(0)
    model.fit(DATA, batch_size=8, epochs=epochs, callbacks=list(used), verbose=0)


class Act(keras.callbacks.Callback):
    """Calls a function before a step."""

    def __init__(self, step, act):
        super().__init__()
        self.step, self.act = step, act

    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.step) == self.step:
            self.act()


def test_schedule():
    schedule = callbacks.Schedule(10, 25)
    assert [step for step in range(1, 26) if schedule.due(step)] == [10, 20, 25]


def test_sample_sheet(model, tmp_path):
    fit(
        model,
        callbacks.SampleSheet(
            tmp_path, draw=lambda model: pictures.sheet(model.generate(9, seed=0), DATA)
        ),
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step_00000003.png", "step_00000006.png"]
    with Image.open(tmp_path / "step_00000003.png") as picture:
        assert picture.size == (384, 384)


def test_non_finite_loss():
    model = small_model()
    weight = model.discriminator.trainable_weights[0]
    poison = Act(4, lambda: weight.assign(np.full(weight.shape, np.nan)))
    stop = callbacks.StopOnNonFinite(lambda: "Be careful.")
    with pytest.raises(NonFiniteLossError, match=r"^At step 6 .*g_loss is nan.* Be careful.$"):
        fit(model, poison, stop, epochs=3)


@pytest.mark.parametrize("where", ["average", "last update"])
def test_non_finite_weight_that_no_loss_has_seen(where):
    model = small_model()
    if where == "average":
        variable = model.averages[0].weights[0]
    else:
        variable = model.generator_optimizer.variables[-1]  # a momentum, before the third step
    poison = Act(2, lambda: variable.assign(np.full(variable.shape, np.inf)))
    with pytest.raises(NonFiniteLossError, match=r"At step 3 \S+ is not finite\."):
        fit(model, poison, callbacks.StopOnNonFinite())


def test_finite_training_goes_on(model):
    fit(model, callbacks.StopOnNonFinite())
    assert int(model.step) == 6


def test_signal_ends_fit_after_the_step(model, capfd):
    before = signal.getsignal(signal.SIGTERM)
    with callbacks.StopOnSignal() as stop:
        fit(model, stop, Act(1, lambda: signal.raise_signal(signal.SIGTERM)))
        assert stop.received == signal.SIGTERM
        assert int(model.step) == 2
        fit(model, stop)  # one that begins after the signal takes a step, and no more
        assert int(model.step) == 1
    assert signal.getsignal(signal.SIGTERM) is before
    assert "Stopping after this step" in capfd.readouterr().err


def test_second_signal_aborts(model):
    before = signal.getsignal(signal.SIGINT)

    def interrupt():
        signal.raise_signal(signal.SIGINT)

    def impatient():
        with callbacks.StopOnSignal() as stop:
            fit(model, stop, Act(0, interrupt), Act(0, interrupt))

    with pytest.raises(KeyboardInterrupt):
        impatient()
    assert signal.getsignal(signal.SIGINT) is before


def test_metrics_log(model, tmp_path):
    def score(scored):
        assert scored is model
        return {"good": 2.0, "undefined": float("nan")}

    fit(
        model,
        callbacks.Throughput(8),
        callbacks.Evaluate(score, callbacks.Schedule(6, 9)),
        callbacks.MetricsLog(tmp_path / "metrics.jsonl", callbacks.Schedule(3, 9)),
        epochs=3,
    )

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = (tmp_path / "metrics.jsonl").read_text()
    rows = [json.loads(line, parse_constant=refuse) for line in text.splitlines()]
    assert [row["step"] for row in rows] == [3, 6, 9]
    assert "good" not in rows[0]
    assert rows[1]["good"] == rows[2]["good"] == 2.0
    assert rows[1]["undefined"] is None
    for row in rows:
        assert {"d_loss", "g_loss"} <= row.keys()
        assert row["images_per_second"] > 0
        assert row["peak_memory_mb"] > 50


def test_an_epoch_cut_short_is_not_logged(model, tmp_path):
    log = callbacks.MetricsLog(tmp_path / "metrics.jsonl", callbacks.Schedule(3, 9))
    fit(model, log, Act(3, lambda: setattr(model, "stop_training", True)))
    assert int(model.step) == 4
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(("sign", "expected"), [(1, 3.0), (-1, -3.0)])
def test_save_checkpoint_passes_the_score(model, sign, expected):
    saved = []
    fit(
        model,
        callbacks.Evaluate(lambda _: {"main": 3.0}, callbacks.Schedule(6, 6)),
        callbacks.SaveCheckpoint(
            lambda _, step, score: saved.append((step, score)),
            callbacks.Schedule(3, 6),
            "main",
            sign,
        ),
    )
    assert saved == [(3, None), (6, expected)]


def test_keep_means(model):
    model.trackers["d_loss"].reset_state()
    model.trackers["d_loss"].update_state([7.0] * 3)
    seen = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: seen.append(logs["d_loss"]))
    rates = [o.learning_rate for o in (model.generator_optimizer, model.discriminator_optimizer)]
    before = [float(rate) for rate in rates]
    for rate in rates:
        rate.assign(0.0)
    fit(model, watch)
    own = seen[-1]
    model.trackers["d_loss"].reset_state()
    model.trackers["d_loss"].update_state([7.0] * 3)
    fit(model, callbacks.KeepMeans(model), watch)
    assert seen[-2] == pytest.approx((7.0 + own) / 2, abs=0.05)
    assert seen[-1] == pytest.approx(own, abs=0.05)
    for rate, value in zip(rates, before, strict=True):
        rate.assign(value)


def test_progress_prints_lines_where_there_is_no_terminal(model, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with callbacks.Progress(6, 8) as progress:
        fit(model, callbacks.Throughput(8), progress)
    first, last = sys.stderr.getvalue().splitlines()
    number = r"-?\d+\.\d{3}"
    assert re.fullmatch(
        rf"step 3/6  d_loss {number}, g_loss {number}, [\d,.]+ images/s  \d\d:\d\d left", first
    )
    assert last.endswith("00:00 left")


def test_progress_prints_lines_within_a_long_epoch(model, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with callbacks.Progress(6, 8, every=0) as progress:
        fit(model, progress)
        lines = sys.stderr.getvalue().splitlines()
        assert [line.split()[1] for line in lines] == [f"{step}/6" for step in (1, 2, 3, 4, 5, 6)]
        assert all("d_loss " in line for line in lines)
        progress.reads = False
        progress.on_train_batch_begin(2)
    assert re.fullmatch(r"step \d+/6  -?[\d:]+ left", sys.stderr.getvalue().splitlines()[-1])


def read_screen(screen):
    """Everything until the terminal is closed; a terminal holds back who writes to a full one."""
    text = b""
    with contextlib.suppress(OSError):  # how a closed terminal says that it ends
        while part := screen.read1():
            text += part
    return text


def test_progress_is_one_bar_on_a_terminal(model, monkeypatch):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        os.fdopen(master, "rb") as screen,
        os.fdopen(slave, "w") as terminal,
    ):
        shown = pool.submit(read_screen, screen)
        monkeypatch.setattr(sys, "stderr", terminal)
        with callbacks.Progress(12, 8) as progress:
            fit(model, callbacks.Throughput(8), progress)
            model.fit(DATA, batch_size=8, epochs=2, callbacks=[progress], verbose=0)
        monkeypatch.undo()
        terminal.close()
        text = shown.result().decode()
    assert text.count("\n") == 1
    last = text.rstrip().split("\r")[-1]
    assert re.search(r"100%.*12/12 .*d_loss .*g_loss ", last)
    assert "images/s" in text


def test_progress_shows_the_loss_of_a_model_that_trains_alone(monkeypatch):
    model = small_model()
    model.main_logs = ("loss", "accuracy")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with callbacks.Progress(3, 8) as progress:
        progress.set_model(model)
        progress.on_train_begin()
        progress.on_epoch_end(0, {"loss": 0.25, "accuracy": 0.5})
    assert "  loss 0.250, accuracy 0.500  " in sys.stderr.getvalue()


def test_a_metrics_log_says_what_its_numbers_mean(model, tmp_path):
    log = callbacks.MetricsLog(
        tmp_path / "metrics.jsonl", callbacks.Schedule(1, 3), about=tmp_path / "model.json"
    )
    fit(model, callbacks.Throughput(8), log)
    about = json.loads((tmp_path / "model.json").read_text())
    assert about["training"] == ["d_loss", "g_loss", "d_fake", "d_real"]
    assert about["parameters"] == {
        role: network.count_params() for role, (network,) in model.roles().items()
    }
    row = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert row.keys() == {"step", *about["training"], *about["machine"]}


def test_progress_prints_lines_on_a_terminal_of_no_columns(model, monkeypatch):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 0, 0, 0))
    with os.fdopen(master, "rb") as screen, os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with callbacks.Progress(6, 8) as progress:
            fit(model, callbacks.Throughput(8), progress)
        monkeypatch.undo()
        terminal.close()
        text = read_screen(screen).decode()
    assert re.findall(r"step \d/6 ", text) == ["step 3/6 ", "step 6/6 "]
