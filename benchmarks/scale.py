"""Measures time and memory with data, samples and jobs of growing size.

  python -m benchmarks.scale [--cases=folder,zip,npy,npz,evaluate,generate,translate] \
      [--files=10000,100000] [--gigabytes=2] [--samples=1000,10000] [--root=DIR] \
      [--output=docs/performance.md]

Data are written to a folder in --root and removed at the end: JPEG of 64x64 pixels, about 2 kB
each, and arrays of images of the same size. Every case runs in a process of its own, whose memory
is sampled: what it holds itself (RssAnon), without pages of files, which the system frees when
others need them. Listings and decoded images are kept in --root, too. --memory sets data.memory,
beyond which decoded images are kept in a file; with its default, they do not fit in any case.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.common import check_places, show, where
from benchmarks.input import photograph

SIDE, BATCH, PER_FOLDER = 64, 64, 1000

# ---------------------------------------------------------------------- data


def pixels(scene: np.ndarray, number: int) -> np.ndarray:
    """Returns one of many different parts of a scene."""
    y, x = number * 7919 % (len(scene) - SIDE), number * 104729 % (len(scene) - SIDE)
    return scene[y : y + SIDE, x : x + SIDE]


def make_folder(root: Path, num: int) -> str:
    """Makes a folder of ten classes of files."""
    scene = photograph(1024, 1024)
    for i in range(num):
        folder = root / f"class{i // PER_FOLDER % 10}" / f"{i // PER_FOLDER:04d}"
        if i % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        Image.fromarray(pixels(scene, i)).save(folder / f"{i:07d}.jpg", quality=80)
    return f"folder:{root}"


def make_zip(root: Path, num: int) -> str:
    """Makes an archive of such a folder, not compressed."""
    make_folder(root / "files", num)
    file = root / "files.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted((root / "files").rglob("*.jpg")):
            archive.write(path, path.relative_to(root / "files"))
    shutil.rmtree(root / "files")
    return f"zip:{file}"


def make_npy(root: Path, gigabytes: float) -> str:
    """Makes an array in a file."""
    num, scene = round(gigabytes * 1e9 / (SIDE * SIDE * 3)), photograph(1024, 1024)
    root.mkdir(parents=True)
    array = np.lib.format.open_memmap(
        root / "images.npy", "w+", np.uint8, (num, SIDE, SIDE, 3), version=(1, 0)
    )
    for i in range(num):
        array[i] = pixels(scene, i)
    array.flush()
    return f"npz:{root / 'images.npy'}"


def make_npz(root: Path, gigabytes: float) -> str:
    """Makes an archive with one array, not compressed."""
    file = Path(make_npy(root, gigabytes).removeprefix("npz:"))
    with zipfile.ZipFile(root / "images.npz", "w") as archive:
        archive.write(file, "images.npy")
    file.unlink()
    return f"npz:{root / 'images.npz'}"


MAKERS: dict[str, Callable[[Path, Any], str]] = {
    "folder": make_folder,
    "zip": make_zip,
    "npy": make_npy,
    "npz": make_npz,
}

# ---------------------------------------------------------------------- in a process of its own


def read_source(source: str, memory: str, seconds: float) -> dict[str, float]:
    """Reads a source as a training does, and measures each part."""
    import tensorflow as tf

    from tfgan_zoo.data import open_source, unconditional
    from tfgan_zoo.data.fingerprints import fingerprint
    from tfgan_zoo.data.storage import Caching

    tf.constant(0)
    found: dict[str, float] = {}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = function()
        found[name] = time.perf_counter() - start
        return result

    opened = timed("open", lambda: open_source(source))
    timed("fingerprint", lambda: fingerprint(opened, source))

    def batches(start: int) -> Any:
        caching = Caching("auto", memory)
        return iter(
            unconditional(
                opened, batch_size=BATCH, image_size=SIDE, cache=caching, start_step=start
            )
        )

    def delivered(iterator: Any, most: int) -> tuple[int, float]:
        start, count = time.perf_counter(), 0
        while count < most and time.perf_counter() - start < seconds:
            next(iterator)
            count += 1
        return count, count * BATCH / (time.perf_counter() - start)

    iterator = timed("first batch", lambda: (lambda i: (next(i), i)[1])(batches(0)))
    count, found["first visit"] = delivered(iterator, len(opened) // BATCH - 2)
    timed("resume", lambda: next(batches(len(opened) // BATCH * 1000 + 1)))
    again = batches(0)
    next(again)
    _, found["later"] = delivered(again, count)
    return found


# ---------------------------------------------------------------------- measuring


class Measured(NamedTuple):
    """What a process took.

    Attributes:
        seconds: Wall time.
        memory: Largest memory, in MB.
        curve: (seconds, MB) over time.
        printed: What it printed.
    """

    seconds: float
    memory: float
    curve: list[tuple[float, float]]
    printed: str


def run(command: Sequence[str], environment: dict[str, str]) -> Measured:
    """Runs a command, and samples its memory."""
    start, curve = time.monotonic(), [(0.0, 0.0)]
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            command, stdout=printed, env={**os.environ, **environment}, text=True
        )
        while process.poll() is None:
            curve.append((time.monotonic() - start, _megabytes(process.pid)))
            time.sleep(0.1)
        printed.seek(0)
        text = printed.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}.")
    return Measured(time.monotonic() - start, max(mb for _, mb in curve), curve, text)


def _megabytes(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    held = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(held[0]) / 1024 if held else 0.0


_DATA_HEADER = """\
| data | size | first listing and opening, s | again, s | first batch, s | images/s: first visit | \
later | resuming, s | memory, MB |
|---|---|---|---|---|---|---|---|---|"""

_JOBS_HEADER = """\
| job | size | seconds | images/s | memory, MB |
|---|---|---|---|---|"""


def measure_source(name: str, size: Any, root: Path, args: argparse.Namespace) -> tuple[str, Any]:
    """Makes data, reads them in two processes, and returns a row of the table."""
    folder = root / f"{name}-{size}"
    source = MAKERS[name](folder, size)
    if name == "folder":
        time.sleep(6)  # A folder that has just changed is not kept.
    cache = {"TFGAN_ZOO_CACHE": str(root / "cache")}
    command = [sys.executable, "-m", "benchmarks.scale", f"--source={source}"]
    command += [f"--memory={args.memory}", f"--seconds={args.seconds}"]
    first = json.loads(run(command, cache).printed.splitlines()[-1])
    measured = run(command, cache)
    second = json.loads(measured.printed.splitlines()[-1])
    shutil.rmtree(root / "cache", ignore_errors=True)
    shutil.rmtree(folder)
    what = f"{size:,} files" if name in ("folder", "zip") else f"{size:g} GB"
    row = (
        f"| {name} | {what} | {first['open'] + first['fingerprint']:.1f} | "
        f"{second['open'] + second['fingerprint']:.1f} | {first['first batch']:.1f} | "
        f"{first['first visit']:,.0f} | {second['later']:,.0f} | {second['resume']:.1f} | "
        f"{measured.memory:,.0f} |"
    )
    return row, measured


def measure_jobs(name: str, root: Path, args: argparse.Namespace) -> list[tuple[str, Any]]:
    """Trains a small run, and measures a command on it with growing sizes."""
    environment = {"TFGAN_ZOO_CACHE": str(root / "cache")}
    module = "tfgan_zoo."
    model = "pix2pix" if name == "translate" else "dcgan"
    flags = [f"--config.train.{k}=2" for k in ("steps", "log_every", "sample_every")]
    flags += ["--config.train.checkpoint_every=2", "--config.train.export=false"]
    flags += ["--config.generator.filters=8", "--config.discriminator.filters=8"]
    workdir = root / model
    begin = [sys.executable, "-m"]
    if not workdir.exists():
        train = [*begin, f"{module}train", f"--model={model}", f"--workdir={workdir}", *flags]
        run([*train, "--config.evaluate.metrics="], environment)
    rows = []
    for size in args.samples:
        command = [*begin, f"{module}{name}", f"--workdir={workdir}"]
        out = root / f"{name}-{size}"
        if name == "evaluate":
            command += [f"--num={size}", "--metrics=fid,swd", "--features=figures_v1"]
        elif name == "generate":
            command += [f"--num={size}", f"--output={out}"]
        else:
            source = make_folder(root / "small", size).removeprefix("folder:")
            command += [f"--input={source}", f"--output={out}"]
        measured = run(command, environment)
        for made in (out, root / "small"):
            shutil.rmtree(made, ignore_errors=True)
        row = (
            f"| `{name}` | {size:,} | {measured.seconds:.0f} | {size / measured.seconds:,.0f} | "
            f"{measured.memory:,.0f} |"
        )
        rows.append((f"{name} {size:,}", (row, measured)))
        print(row, file=sys.stderr, flush=True)
    return rows


def _sizes(kind: Callable[[str], Any], least: float) -> Callable[[str], list[Any]]:
    """Returns the type of a flag of several numbers."""

    def numbers(text: str) -> list[Any]:
        try:
            found = [kind(each) for each in text.split(",")]
        except ValueError:
            found = []
        if not found or not all(least <= each < np.inf for each in found):
            raise argparse.ArgumentTypeError(f"expected numbers from {least:g} up, got {text!r}")
        return found

    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default="folder,zip,npy,npz,evaluate,generate,translate")
    parser.add_argument("--files", type=_sizes(int, 4 * BATCH), default="10000,100000")
    parser.add_argument("--gigabytes", type=_sizes(float, 0.01), default="2")
    parser.add_argument("--samples", type=_sizes(int, 1), default="1000,10000")
    parser.add_argument("--memory", default="64MB")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate, at most")
    parser.add_argument("--root", help="where data are written; a temporary folder by default")
    parser.add_argument("--output")
    parser.add_argument("--plot", help="a .png for the memory over time")
    parser.add_argument("--source", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.source:
        print(json.dumps(read_source(args.source, args.memory, args.seconds)))
        return
    sizes: dict[str, list[Any]] = {
        **dict.fromkeys(("folder", "zip"), args.files),
        **dict.fromkeys(("npy", "npz"), args.gigabytes),
    }
    cases = args.cases.split(",")
    known = [*MAKERS, "evaluate", "generate", "translate"]
    if not set(cases) <= set(known):
        raise SystemExit(f"--cases: expected some of {', '.join(known)}, got {args.cases}.")
    if set(cases) & set(MAKERS):
        check_places(args.output, "scale_data")
    if set(cases) - set(MAKERS):
        check_places(args.output, "scale_jobs")
    before = os.getloadavg()[0]
    data, jobs, curves = [], [], {}
    if args.root:
        Path(args.root).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.root, prefix="scale-") as folder:
        root = Path(folder)
        for name in cases:
            for size in sizes.get(name, []):
                row, measured = measure_source(name, size, root, args)
                print(row, file=sys.stderr, flush=True)
                data.append(row)
                curves[f"{name} {size:,g}"] = measured.curve
            if name not in MAKERS:
                for label, (row, measured) in measure_jobs(name, root, args):
                    jobs.append(row)
                    curves[label] = measured.curve
    intro = f"{where()}; load average before {before:.1f}"
    if data:
        table = [f"{intro}; `data.memory={args.memory}`.", "", _DATA_HEADER, *data]
        show("\n".join(table), args.output, "scale_data")
    if jobs:
        show("\n".join([f"{intro}.", "", _JOBS_HEADER, *jobs]), args.output, "scale_jobs")
    if args.plot:
        from benchmarks.plots import plot
        from tfgan_zoo.pictures import save_image

        largest = {name: curve for name, curve in curves.items() if len(curve) > 2}
        save_image(args.plot, plot(largest, "memory, MB", "seconds"))


if __name__ == "__main__":
    main()
