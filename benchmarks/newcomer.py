"""Plays a newcomer: from a folder of images to a served model, by commands alone, and times each.

  python -m benchmarks.newcomer --images=folder:emoji --pairs=folder:facades \\
      --photos=folder:photos --captions=folder:captioned --steps=40 --output=docs/own_images.md

Any of the four may be left out. Each is trained for a few steps with the settings that the command
derives from the images; then samples are drawn, scored, reported, exported, served and asked for.
Every command runs as a process of its own, as if typed. What it should have written is checked
before the next one starts, and the first failure ends the benchmark.

TF Serving answers if `tensorflow_model_server` is on the PATH; otherwise the server of
`tests/serving` does, which loads the SavedModel and follows TF Serving's REST protocol. The
checkout has to be importable for that: run this from its root.

Prints a table and, with --output, puts it into a Markdown file between `<!-- newcomer:begin -->`
and `<!-- newcomer:end -->`, after each of the four. CPU time is given beside wall time, as the
latter depends on what else the machine does.
"""

import contextlib
import importlib
import os
import resource
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import common
from tfgan_zoo import cli
from tfgan_zoo.errors import InputError

#: What is said of the flag of each kind of images.
_SOURCES = {
    "images": "A data source of images to imitate.",
    "pairs": "A data source of two domains to translate between.",
    "captions": "A data source of images with captions.",
    "photos": "A data source of sharp images, larger than the crops to train on.",
}

ROOT = Path(__file__).resolve().parents[1]

#: What `tfgan_zoo.train` is given for each kind of images, besides the source.
RECIPES = {
    "images": ["--config=images"],
    "pairs": ["--config=translation"],
    "captions": ["--config=captions"],
    "photos": ["--model=srgan"],
}
#: Images that are drawn, or translated.
NUM = 4

#: Seconds that a server may take to start.
_PATIENCE = 120.0


class Command(NamedTuple):
    """A command of the package.

    Attributes:
        name: The module in `tfgan_zoo`.
        flags: What it is given.
        result: A file that it should write, or a folder of `NUM` PNG files.
    """

    name: str
    flags: list[str]
    result: Path


class Time(NamedTuple):
    """How long a command took.

    Attributes:
        wall: Seconds.
        cpu: Seconds of all cores together; None if they were not measured.
    """

    wall: float
    cpu: float | None = None

    def __str__(self) -> str:
        return f"{self.wall:.1f} s" + ("" if self.cpu is None else f" ({self.cpu:.1f} s)")


Runner = Callable[[str, Sequence[str]], None]
"""Runs a command of the package: its name and flags."""

Server = Callable[[Path], contextlib.AbstractContextManager[str]]
"""Serves a model, a folder of versions, and yields its URL."""


def commands(
    kind: str, source: str, folder: Path, steps: int, inputs: Sequence[str], more: Sequence[str]
) -> list[Command]:
    """Returns what a newcomer types before there is a server.

    Args:
        kind: A key of `RECIPES`.
        source: The images.
        folder: For all files.
        steps: Steps of training.
        inputs: Flags that say what to draw or to translate.
        more: More flags for `tfgan_zoo.train`.
    """
    run = folder / "run"
    workdir = f"--workdir={run}"
    scores, metrics = run / "evaluation.jsonl", ["--metrics=swd"]
    train = [*RECIPES[kind], f"--config.data.source={source}", workdir]
    train.append(f"--config.train.steps={steps}")
    if kind in ("captions", "photos"):
        train.append(f"--config.pretraining.steps={steps}")
    if kind == "images":  # nothing is held out
        metrics.append("--split=train")
    elif kind == "pairs":
        metrics = ["--metrics=mae,swd"]
    elif kind == "photos":
        scores = folder / "scores.csv"
        metrics = [f"--output={scores}"]
    make = "translate" if kind in ("pairs", "photos") else "generate"
    made, page, served = folder / "made", folder / "report.html", folder / "served" / kind
    return [
        Command("train", [*train, *more], run / "model.keras"),
        Command(make, [workdir, *inputs, f"--output={made}"], made),
        Command("evaluate", [workdir, *metrics], scores),
        Command("report", [workdir, f"--output={page}"], page),
        Command("export", [workdir, f"--output={served}"], served / "1" / "saved_model.pb"),
    ]


def inputs_of(kind: str, source: str, folder: Path, text: str | None) -> list[str]:
    """Returns the flags that say what to draw or to translate.

    Images to translate are some of the source; those to enlarge have a quarter of their size. They
    are written to `folder/inputs`.
    """
    if kind == "images":
        return [f"--num={NUM}"]
    if kind == "captions":
        if text is None:
            from tfgan_zoo.data import open_captioned

            first = open_captioned(source, "train").captions[0]
            text = first if isinstance(first, str) else first[0]
        return [f"--text={text}", f"--num={NUM}"]
    from tfgan_zoo import pictures
    from tfgan_zoo.data import load_pair, open_domains, open_super_resolution

    if kind == "pairs":
        domains = open_domains(source, "train")
        images = [domains.a.read(i) for i in range(NUM)]
    else:
        opened = open_super_resolution(source, "train")
        images = [load_pair(opened, i)[0] for i in range(NUM)]
    (folder / "inputs").mkdir(parents=True)
    for i, image in enumerate(images):
        pictures.save_png(folder / "inputs" / f"{i}.png", image)
    return [f"--input={folder / 'inputs'}"]


def play(
    kind: str,
    source: str,
    folder: Path,
    steps: int,
    *,
    run: Runner,
    serve: Server,
    text: str | None = None,
    more: Sequence[str] = (),
) -> dict[str, Time]:
    """Plays a newcomer with one kind of images.

    Args:
        kind: A key of `RECIPES`.
        source: The images.
        folder: A new folder.
        steps: Steps of training.
        run: Runs a command.
        serve: Serves a model.
        text: What to draw, for captions.
        more: More flags for `tfgan_zoo.train`.

    Returns:
        The time of each command, and that until the server answered as "serve".

    Raises:
        SystemExit: If a command did not write what it should.
    """
    times: dict[str, Time] = {}
    inputs = inputs_of(kind, source, folder, text)
    for command in commands(kind, source, folder, steps, inputs, more):
        times[command.name] = timed(command, run)
    start = time.monotonic()
    with serve(folder / "served" / kind) as url:
        times["serve"] = Time(time.monotonic() - start)
        predicted = folder / "predicted"
        asked = [f"--url={url}", *inputs, f"--output={predicted}"]
        times["predict"] = timed(Command("predict", asked, predicted), run)
    return times


def timed(command: Command, run: Runner) -> Time:
    """Runs a command and checks what it wrote; returns how long it took."""
    print(f"$ python -m tfgan_zoo.{command.name} {shlex.join(command.flags)}", flush=True)
    start, before = time.monotonic(), cpu_seconds()
    run(command.name, command.flags)
    took = Time(time.monotonic() - start, cpu_seconds() - before)
    result = command.result
    if result.is_dir():
        found = sum(path.stat().st_size > 0 for path in result.glob("*.png"))
        if found != NUM:
            raise SystemExit(f"{command.name}: expected {NUM} images in {result}, got {found}.")
    elif not result.is_file() or not result.stat().st_size:
        raise SystemExit(f"{command.name}: expected {result}, got no such file.")
    return took


def cpu_seconds() -> float:
    """Returns the CPU time of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def as_typed(name: str, given: Sequence[str]) -> None:
    """Runs a command in a process of its own."""
    done = subprocess.run([sys.executable, "-m", f"tfgan_zoo.{name}", *given], check=False)
    if done.returncode:
        raise SystemExit(f"{name}: expected status 0, got {done.returncode}.")


def in_this_process(name: str, given: Sequence[str]) -> None:
    """Runs a command without starting Python and TensorFlow again."""
    importlib.import_module(f"tfgan_zoo.{name}").main(list(given))


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Starts a server of one model and yields the model's URL once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if binary := tf_serving():
        model = [f"--model_name={folder.name}", f"--model_base_path={folder.resolve()}"]
        command = [binary, f"--port={port + 1}", f"--rest_api_port={port}", *model]
    else:
        module = [sys.executable, "-m", "tests.serving.rest_server"]
        command = [*module, str(folder.resolve()), str(port)]
    url = f"http://127.0.0.1:{port}/v1/models/{folder.name}"
    log = folder.parent / "server.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=ROOT, stdout=written, stderr=written)
    try:
        if not answers(f"{url}/metadata", process):
            raise SystemExit(f"The server does not answer at {url}: {log.read_text()[-2000:]}")
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str, process: subprocess.Popen) -> bool:
    """Waits until a server answers; returns whether it does."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def tf_serving() -> str | None:
    """Returns TF Serving's program; None if there is none."""
    return shutil.which("tensorflow_model_server")


def table(found: Mapping[str, tuple[str, Mapping[str, Time]]], served_by: str) -> list[str]:
    """Returns a column of times for each kind of images.

    Args:
        found: Source and times of each kind.
        served_by: What answered.
    """
    rows = {
        "`train`": ["train"],
        "`generate` or `translate`": ["generate", "translate"],
        "`evaluate`": ["evaluate"],
        "`report`": ["report"],
        "`export`": ["export"],
        f"until {served_by} answers": ["serve"],
        "`predict`": ["predict"],
    }
    lines = [
        "| | " + " | ".join(f"`--{kind}={source}`" for kind, (source, _) in found.items()) + " |",
        "|---|" + "---|" * len(found),
    ]
    for label, names in rows.items():
        cells = (times[name] for _, times in found.values() for name in names if name in times)
        lines.append(f"| {label} | " + " | ".join(map(str, cells)) + " |")
    return lines


def main(argv: list[str]) -> None:
    """Plays, and writes the table."""
    given = cli.Flags()
    for kind, text in _SOURCES.items():
        given.define_string(kind, None, text)
    given.define_integer("steps", 40, "Steps of each training, and of its pretraining.")
    given.define_string("image_size", None, "As for tfgan_zoo.train.")
    given.define_string("text", None, "What to draw; by default the first caption.")
    given.define_path("workdir", None, "A new folder for all files; by default a temporary one.")
    given.define_path("output", None, "A Markdown file, such as docs/own_images.md.")
    cli.parse(given, argv, __doc__)
    sources = {kind: given[kind].value for kind in _SOURCES if given[kind].value is not None}
    if not sources:
        names = ", ".join(f"--{kind}" for kind in _SOURCES)
        raise InputError(f"{names}: expected at least one of them, got none.")
    if given.workdir is not None and Path(given.workdir).exists():
        raise InputError(f"--workdir: expected a new folder, got {given.workdir!r}, which exists.")
    common.check_places(given.output, "newcomer")
    served_by = "TF Serving" if tf_serving() else "the test server"
    intro = (
        f"{given.steps:,} steps, also of pretraining; wall time (CPU time); {common.where()}; "
        f"load average before {os.getloadavg()[0]:.1f}."
    )
    more = [] if given.image_size is None else [f"--image_size={given.image_size}"]
    found = {}
    with contextlib.ExitStack() as stack:
        folder = Path(given.workdir or stack.enter_context(tempfile.TemporaryDirectory()))
        for kind, source in sources.items():
            times = play(
                kind,
                source,
                folder / kind,
                given.steps,
                run=as_typed,
                serve=server,
                text=given.text,
                more=more,
            )
            found[kind] = source, times
            common.show("\n".join([intro, "", *table(found, served_by)]), given.output, "newcomer")


if __name__ == "__main__":
    cli.run(main)
