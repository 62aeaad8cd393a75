"""Times `callbacks.Health` in relation to the steps that it monitors.

  python -m benchmarks.health [--models=dcgan,...] [--steps=20] [--output=FILE.md]

Each quick recipe trains for four epochs of this many steps. The table has the medians of a step and
of a check ("look"), without the first of each. A check runs with every line of the log; its share
is of the time from one line to the next.
"""

import argparse
import statistics
import time

import keras

from benchmarks.common import check_places, show, where
from tfgan_zoo import callbacks
from tfgan_zoo.config import load_config
from tfgan_zoo.models import MODELS
from tfgan_zoo.run.building import build_model
from tfgan_zoo.tasks import open_task, resolve


class Clock(keras.callbacks.Callback):
    """Records the seconds of epochs up to this callback."""

    def on_train_begin(self, logs=None):
        """Clears the record."""
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        """Starts."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stops."""
        self.seconds.append(time.perf_counter() - self.start)


def costs(name: str, steps: int) -> tuple[int, float, float]:
    """Returns (steps per line of the log, seconds of a step, seconds of a check)."""
    config = resolve(load_config(name))
    model = build_model(config)
    work = open_task(config, model)
    before, after = Clock(), Clock()
    model.fit(
        work.batches(0),
        steps_per_epoch=steps,
        epochs=4,
        callbacks=[before, callbacks.Health(work.batches(0)), after],
        shuffle=False,
        verbose=0,
    )
    looks = [b - a for a, b in zip(before.seconds, after.seconds, strict=True)]
    step = statistics.median(before.seconds[1:]) / steps
    return config.train.log_every, step, statistics.median(looks[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--output")
    args = parser.parse_args()
    check_places(args.output, "health")
    rows = []
    for name in args.models.split(","):
        every, step, look = costs(name, args.steps)
        share = f"{look / (look + every * step):.1%}"
        rows.append(f"| `{name}` | {1e3 * step:.0f} | {1e3 * look:.0f} | {every} | {share} |")
    head = [f"{where()}.", "", "| model | step, ms | look, ms | `log_every` | share |"]
    show("\n".join([*head, "|---|---|---|---|---|", *rows]), args.output, "health")


if __name__ == "__main__":
    main()
