"""Measures memory and time of pix2pixHD's train step by image size, and extrapolates the memory.

  python -m benchmarks.memory
  python -m benchmarks.memory --sizes=256x256,512x512,512x1024 --output=docs/performance.md
  python -m benchmarks.memory --filters=32 --limit=10

Each size, height first, is measured in a process of its own, as is the same with features
recomputed (`train.rematerialize`): batches of one label map of 35 classes with boundaries, the
global generator, and discriminators of two scales. There is no perceptual term and no encoder.
--filters=32 halves the paper's width. A size that is about to take more than --limit GiB, or than
the machine has left, is not started or is stopped, and a sentence says so.

Through the sizes goes a line, memory = base + k * weights + c * pixels, of which base is what a
process takes before there is a model. It predicts the size of --extrapolate.

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- memory:begin -->` and `<!-- memory:end -->`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common
from tfgan_zoo import cli
from tfgan_zoo.errors import InputError
from tfgan_zoo.memory import resident_bytes

_ROOT = Path(__file__).parents[1]
_GIB = 1 << 30
#: Memory that is left to the machine.
_SPARE = _GIB
#: Feature maps at full size in the paper.
_PAPER = 64
#: Of Cityscapes.
_CLASSES = 35

_HEADER = (
    "| height x width | memory, GiB | of the line | step, s | rematerialised: memory, GiB | "
    f"of the line | step, s | of the memory |\n|{'---|' * 8}"
)

Size = tuple[int, int]


class Measured(NamedTuple):
    """What a process took.

    Attributes:
        base: Peak memory before there was a model, in bytes.
        peak: Peak memory.
        weights: Number of weights of all networks.
        seconds: Median time of a step.
    """

    base: int
    peak: int
    weights: int
    seconds: float


class Line(NamedTuple):
    """memory = base + k * weights + c * pixels.

    Attributes:
        base: In bytes.
        weights: Number of weights.
        k: Bytes for each weight.
        c: Bytes for each pixel.
    """

    base: float
    weights: int
    k: float
    c: float

    def at(self, size: Size) -> float:
        """Returns the bytes for a size."""
        return self.base + self.k * self.weights + self.c * size[0] * size[1]


def fit_line(measured: Mapping[Size, Measured]) -> Line | None:
    """Returns the line through what was measured; None if that is fewer than two numbers of pixels.

    Args:
        measured: By size, all of one mode.

    Example:
        >>> two = {(10, 10): Measured(5, 1105, 100, 1.0), (10, 20): Measured(5, 1205, 100, 1.0)}
        >>> line = fit_line(two)
        >>> round(line.k), round(line.c), round(line.at((20, 20)))
        (10, 1, 1405)
    """
    pixels = [height * width for height, width in measured]
    if len(set(pixels)) < 2:
        return None
    base = float(np.median([each.base for each in measured.values()]))
    weights = next(iter(measured.values())).weights
    above = [each.peak - base for each in measured.values()]
    c, constant = np.polyfit(pixels, above, 1)
    return Line(base, weights, float(constant / weights), float(c))


# ---------------------------------------------------------------------- in a process of its own


def build(size: Size, filters: int) -> Any:
    """Returns a pix2pixHD of the paper's networks but for its width, not compiled."""
    from tfgan_zoo import networks
    from tfgan_zoo.models import Pix2PixHD
    from tfgan_zoo.models.label_to_image import label_shapes

    shapes = label_shapes((*size, 3), None, _CLASSES, True, 0)
    generator = networks.global_generator(shapes.given, 3, filters=filters)
    return Pix2PixHD((*size, 3), None, generator, num_classes=_CLASSES, features=None)


def measure(size: Size, filters: int, rematerialize: bool, steps: int) -> Measured:
    """Takes steps, and measures them; see `benchmarks.speed_tf`.

    Args:
        size: Height and width.
        filters: Of the generator.
        rematerialize: Whether features are computed again.
        steps: Number of steps after the first one.
    """
    import tensorflow as tf

    from benchmarks import speed_tf
    from tfgan_zoo.run import devices

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)

    devices.set_up_graphs()  # as in all commands
    tf.constant(0)
    base = speed_tf.peak_bytes()
    model = build(size, filters)
    model.compile(*speed_tf.optimizers(model), rematerialize=rematerialize)
    batches = tf.data.Dataset.from_tensors(model.example_batch(1)).repeat()
    run = speed_tf.fitting(model, batches)
    run(1)  # builds the graph
    seconds = float(np.median([run(1) for _ in range(steps)]))
    weights = sum(
        int(np.prod(weight.shape))
        for networks in model.roles().values()
        for network in networks
        for weight in network.weights
    )
    return Measured(base, speed_tf.peak_bytes(), weights, seconds)


# ---------------------------------------------------------------------- the processes


def available() -> int:
    """Returns the memory that the machine has left, in bytes."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


def run(command: Sequence[str], limit: float) -> Measured:
    """Runs a command that prints a `Measured` as JSON, and stops it if it takes too much memory.

    Args:
        command: The command.
        limit: Most bytes that it may hold.

    Raises:
        InputError: If it was stopped, or failed.
    """
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=printed, stderr=errors, text=True, cwd=_ROOT)
        try:
            while process.poll() is None:
                if (held := resident_bytes(process.pid)) > limit:
                    raise InputError(f"stopped at {held / _GIB:.1f} GiB, above the limit")
                if (left := available()) < _SPARE:
                    raise InputError(
                        f"stopped at {held / _GIB:.1f} GiB, as the machine had {left / _GIB:.1f} "
                        "GiB left"
                    )
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        errors.seek(0)
        if process.returncode:
            said = errors.read().strip().splitlines()[-1:]
            raise InputError(": ".join([f"failed with status {process.returncode}", *said]))
        printed.seek(0)
        return Measured(*json.loads(printed.read().splitlines()[-1]))


def refusal(size: Size, line: Line | None, limit: float, left: float) -> str:
    """Returns why a size should not be started; empty if nothing is against it.

    Args:
        size: The size.
        line: Through smaller sizes.
        limit: Most bytes that it may take.
        left: Bytes that the machine has left.
    """
    needed = line.at(size) if line else 0.0
    if needed > limit:
        return f"not started, as the smaller sizes predict {needed / _GIB:.1f} GiB, above the limit"
    if needed > left - _SPARE:
        return (
            f"not started, as the smaller sizes predict {needed / _GIB:.1f} GiB, and the machine "
            f"has {left / _GIB:.1f} GiB left"
        )
    return ""


def parse_size(text: str, flag: str) -> Size:
    """Returns height and width of a text such as 512x1024.

    Raises:
        SystemExit: If it is none, or a side is no multiple of 32.
    """
    height, _, width = text.partition("x")
    sides = [int(side) if side.isdigit() else 0 for side in (height, width)]
    if not all(side and side % 32 == 0 for side in sides):
        raise SystemExit(
            f"--{flag}: expected height x width in multiples of 32, such as 512x1024, got {text}."
        )
    return sides[0], sides[1]


def _named(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


# ---------------------------------------------------------------------- the table


def row(size: Size, found: Sequence[Measured | None], lines: Sequence[Line | None]) -> str:
    """Returns a line of the table, with dashes for what was not measured.

    Args:
        size: The size.
        found: What was measured with features kept, and recomputed.
        lines: The lines through either.
    """
    cells = [_named(size)]
    for each, line in zip(found, lines, strict=True):
        cells.append(f"{each.peak / _GIB:.2f}" if each else "—")
        cells.append(f"{line.at(size) / _GIB:.2f}" if line else "—")
        cells.append(f"{each.seconds:.2f}" if each else "—")
    kept, again = found
    cells.append(f"{again.peak / kept.peak:.0%}" if kept and again else "—")
    return f"| {' | '.join(cells)} |"


def formula(lines: Sequence[Line | None], beyond: Size) -> str:
    """Returns the lines as a sentence, and what they predict.

    Args:
        lines: With features kept, and recomputed.
        beyond: The size to predict.
    """
    names = ("features kept", "rematerialised")
    known = {name: line for name, line in zip(names, lines, strict=True) if line}
    if not known:
        return "No line was fitted, which needs two sizes."
    first = next(iter(known.values()))
    terms = "; ".join(
        f"{name}, {line.base / _GIB:.2f} GiB + {line.k:.1f} bytes x weights + "
        f"{line.c:,.0f} bytes x pixels"
        for name, line in known.items()
    )
    needed = ", ".join(f"{line.at(beyond) / _GIB:.1f} GiB {name}" for name, line in known.items())
    return (
        f"Fitted to these sizes, for {first.weights / 1e6:.0f} million weights: {terms}. "
        f"Extrapolated, not measured: {_named(beyond)} takes {needed}."
    )


def main(argv: list[str]) -> None:
    """Measures the sizes and writes the table."""
    given = cli.Flags()
    given.define_list(
        "sizes", ["256x256", "512x512", "512x1024", "1024x1024"], "Sizes, height first."
    )
    given.define_integer("filters", _PAPER, "Feature maps of the generator at full size.")
    given.define_integer("steps", 2, "Steps that are timed, after the first one.")
    given.define_float("limit", 20.0, "Most GiB that a process may take.")
    given.define_string("extrapolate", "1024x2048", "Size whose memory is predicted.")
    given.define_path("output", None, "A Markdown file, such as docs/performance.md.")
    given.define_string("measure", None, "A size to measure in this process.")
    given.define_bool("rematerialize", "Whether that computes features again.")
    cli.parse(given, argv, __doc__)
    if given.steps < 1 or given.filters < 1:
        raise SystemExit("--steps and --filters: expected 1 or more.")
    if given.measure:
        size = parse_size(given.measure, "measure")
        print(json.dumps(measure(size, given.filters, bool(given.rematerialize), given.steps)))
        return
    sizes = [parse_size(text, "sizes") for text in given.sizes]
    sizes = sorted(dict.fromkeys(sizes), key=lambda size: size[0] * size[1])
    beyond = parse_size(given.extrapolate, "extrapolate")
    common.check_places(given.output, "memory")
    load, limit = os.getloadavg()[0], given.limit * _GIB
    found: dict[bool, dict[Size, Measured]] = {False: {}, True: {}}
    refused = []
    for size in sizes:
        for again, done in found.items():
            command = [sys.executable, "-m", "benchmarks.memory", f"--measure={_named(size)}"]
            command += [f"--filters={given.filters}", f"--steps={given.steps}"]
            command += ["--rematerialize"] * again
            what = _named(size) + " rematerialised" * again
            try:
                if why := refusal(size, fit_line(done), limit, available()):
                    raise InputError(why)
                done[size] = run(command, limit)
                print(f"{what}: {done[size]}", file=sys.stderr, flush=True)
            except InputError as error:
                refused.append(f"{what}: {error}.")
                print(refused[-1], file=sys.stderr, flush=True)
    lines = [fit_line(done) for done in found.values()]
    width = "the paper's width" if given.filters == _PAPER else f"the paper has {_PAPER}"
    text = [
        f"{given.filters} filters, {width}; a limit of {given.limit:g} GiB; {common.where()}; load "
        f"average before {load:.1f}.",
        "",
        _HEADER,
        *(row(size, [done.get(size) for done in found.values()], lines) for size in sizes),
        "",
        " ".join([formula(lines, beyond), *refused]),
    ]
    common.show("\n".join(text), given.output, "memory")


if __name__ == "__main__":
    cli.run(main)
