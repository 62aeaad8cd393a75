"""Times every signature of exported runs without a server, that is, the model itself.

  python -m benchmarks.serving --runs=runs/dcgan,runs/pix2pix
  python -m benchmarks.serving --runs=runs/dcgan --output=docs/serving.md

Each request is repeated for at least a second, after a first one that does not count. Prints the
table
and, with --output, puts it into a Markdown file between the lines `<!-- serving:begin -->` and
`<!-- serving:end -->`.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks import common
from tfgan_zoo import cli

_RUNS = flags.DEFINE_list("runs", ["runs/dcgan"], "Run folders.")
_BATCHES = flags.DEFINE_list("batches", ["1", "4", "16"], "Images per request.")
_SECONDS = flags.DEFINE_float("seconds", 1.0, "Seconds for which each request is repeated.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/serving.md.")

_HEADER = """\
| run | MB | signature | batch | median, ms | 95%, ms | images/s |
|---|---|---|---|---|---|---|"""


def rows(run: str) -> list[str]:
    """Exports and times a run; returns a line of the table per signature and batch size."""
    import tensorflow as tf

    from tfgan_zoo.run import experiment
    from tfgan_zoo.serving import saved_model

    lines, name = [], Path(run).name
    with tempfile.TemporaryDirectory() as folder:
        path = experiment.export_run(run, Path(folder) / name)
        size = saved_model.size(path) / 1e6
        signatures = tf.saved_model.load(str(path)).signatures
    for key, signature in experiment.load_run(run).signatures().items():
        for batch in map(int, _BATCHES.value):
            given = {k: tf.constant(v) for k, v in signature.example(batch).items()}
            times = timed(signatures[key], given)
            lines.append(
                f"| `{name}` | {size:.1f} | `{key}` | {batch} | {1e3 * np.median(times):.2f} | "
                f"{1e3 * np.quantile(times, 0.95):.2f} | {batch / np.median(times):,.0f} |"
            )
    return lines


def timed(signature, given) -> list[float]:
    """Returns the seconds of each call, including the transfer of results to the host."""
    times: list[float] = []
    for counted in (False, True):
        end = time.perf_counter() + counted * _SECONDS.value
        while True:
            start = time.perf_counter()
            for value in signature(**given).values():
                value.numpy()
            now = time.perf_counter()
            if counted:
                times.append(now - start)
            if now >= end:
                break
    return times


def main(argv: list[str]) -> None:
    """Exports and times the runs and writes the table."""
    del argv
    common.check_places(_OUTPUT.value, "serving")
    cli.quiet_tensorflow()
    before = os.getloadavg()[0]
    table = [line for run in _RUNS.value for line in rows(run)]
    intro = f"{common.where()}; load average before {before:.1f}."
    common.show("\n".join([intro, "", _HEADER, *table]), _OUTPUT.value, "serving")


if __name__ == "__main__":
    app.run(main)
