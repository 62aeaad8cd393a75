"""Compares scores after some minutes with those of PyTorch's public examples.

  python -m benchmarks.time_to_quality --torch_python=torch_venv/bin/python --data=datasets
  python -m benchmarks.time_to_quality --cases=dcgan,pix2pix --torch_python=... --data=... \\
      --output=docs/performance.md

The zoo's recipe is trained once for each of --marks, as `tfgan_zoo.train --minutes` does, and
PyTorch's example, `time_to_quality_torch`, once for all of them. Time is that of the whole process,
with its start and the export, or the saved weights; the time in which PyTorch's example draws the
images that are scored is left out, and so is that of the zoo's, which are drawn later. Both have
the same images and the cores that this process has, such as `taskset -c 0,1` gives it, one after
the other. Both are scored with their last weights: the zoo's best ones are those with the best
score of the same held-out images. Finished runs in --workdir are only read. A dash is a time that
was too short on this machine to start, score and export at all.

--data is a folder with `fashion_mnist` (the four .gz files), `facades` (pairs side by side, the
photograph on the left), `t91` and `set5_x4` (pairs of images). `cyclegan` and `gan_cls` take drawn
figures.

Prints a table for each case and, with --output, puts it into a Markdown file between the lines
`<!-- time_to_quality_CASE:begin -->` and `:end`, and the plot into `images/` beside that file.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common, plots
from tfgan_zoo import cli
from tfgan_zoo.atomic import write_atomically

_MARKS = ["1", "2", "5", "10", "15"]
_WHO = {"zoo": "tfgan_zoo", "torch": "PyTorch's example"}
#: Samples of models that draw from noise.
_NUM = 10_000
#: Drawn figures of the test split that are translated.
_TRANSLATED = 500

Arrays = dict[str, np.ndarray]


class Point(NamedTuple):
    """What a training has reached.

    Attributes:
        minutes: Of the whole process.
        scores: By name; empty if the time was too short for a training, see `zoo_points`.
    """

    minutes: float
    scores: dict[str, float]


class Case(NamedTuple):
    """One comparison.

    Attributes:
        title: What is trained, on what.
        peer: PyTorch's example.
        flags: Returns the flags of `tfgan_zoo.train`, given the data folder.
        arrays: Returns what PyTorch's example is given, from the data folder.
        outputs: Returns what a model makes, from the model and those arrays.
        scores: Returns the scores of such outputs, from the data folder.
        features: Those that scores need, to be opened before time is spent.
    """

    title: str
    peer: str
    flags: Callable[[Path], list[str]]
    arrays: Callable[[Path], Arrays]
    outputs: Callable[[Any, Arrays], Arrays]
    scores: Callable[[Arrays, Path], dict[str, float]]
    features: str = ""


# ---------------------------------------------------------------------- data


def _images(spec: str, split: str, size: int, channels: int, num: int | None = None) -> np.ndarray:
    """Returns the images of a source at a size, padded to squares."""
    from tfgan_zoo.data import Fit, load_images, open_source

    return load_images(open_source(spec, split), Fit(size, channels, fit="pad"), num)


@functools.cache
def _fashion(data: Path, split: str) -> np.ndarray:
    return _images(f"idx:{data / 'fashion_mnist'}", split, 32, 1)


_TRAINED, _HELD_OUT = "train[:360]", "train[360:]"


@functools.cache
def _facades(data: Path, split: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns labels and photographs."""
    from tfgan_zoo.data import Fit, load_images, open_domains

    opened = open_domains(f"folder:{data / 'facades'}", split, layout="side_by_side")
    photographs, labels = (load_images(each, Fit(size, 3)) for each in opened[:2])
    return labels, photographs


@functools.cache
def _figures(split: str) -> Any:
    from tfgan_zoo.data import figures

    return figures.attributes("unpaired", split, _TRANSLATED, domain="a")


def _resolutions(data: Path, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns pairs of a small and a large image."""
    from tfgan_zoo.data import load_pair, open_super_resolution

    opened = open_super_resolution(f"folder:{data / name}", "train", scale=4)
    return [load_pair(opened, i) for i in range(len(opened.hr))]


def _codes(captions: list[str], words: list[str], length: int) -> np.ndarray:
    """Returns the words of each caption by their place, one of them set for each."""
    found = np.zeros((len(captions), length, len(words)), np.float32)
    for i, caption in enumerate(captions):
        for j, word in enumerate(caption.split()[:length]):
            if word in words:
                found[i, j, words.index(word)] = 1.0
    return found.reshape(len(captions), -1)


def _captioned(data: Path) -> Arrays:
    from tfgan_zoo.data import figures

    del data
    train, test = (figures.load("captions", split) for split in ("train", "test"))
    captions = [list(map(str, each["caption"])) for each in (train, test)]
    words = sorted({word for caption in captions[0] for word in caption.split()})
    length = max(len(caption.split()) for caption in captions[0])
    texts, tests = (_codes(each, words, length) for each in captions)
    return {"images": train["image"], "texts": texts, "tests": tests}


# ---------------------------------------------------------------------- outputs and scores


def _drawn(model: Any, arrays: Arrays) -> Arrays:
    from tfgan_zoo import pictures

    del arrays
    parts = [model.generate(1000, seed=seed) for seed in range(_NUM // 1000)]
    return {"images": pictures.to_uint8(np.concatenate(parts))}


def _translated(model: Any, arrays: Arrays) -> Arrays:
    from tfgan_zoo import pictures

    given = pictures.from_uint8(arrays["inputs"])
    return {"images": pictures.to_uint8(model.translate(given, next(iter(model.translators()))))}


def _enlarged(model: Any, arrays: Arrays) -> Arrays:
    from tfgan_zoo import pictures

    small = [value for name, value in arrays.items() if name.startswith("inputs_")]
    made = (model.upscale(pictures.from_uint8(image[None]))[0] for image in small)
    return {f"image_{i}": pictures.to_uint8(image) for i, image in enumerate(made)}


def _told(model: Any, arrays: Arrays) -> Arrays:
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures

    del arrays
    captions = figures.captions(figures.attributes("captions", "test"))
    return {"images": pictures.to_uint8(model.generate(captions, seed=0))}


@functools.cache
def _features(name: str) -> Any:
    from tfgan_zoo.metrics.features import open_features

    return open_features(name)


def _fid(made: np.ndarray, real: np.ndarray, features: str) -> dict[str, float]:
    from tfgan_zoo.metrics import FID

    metric = FID(_features(features))
    for i in range(0, len(real), 500):
        metric.update_state(real[i : i + 500])
    for i in range(0, len(made), 500):
        metric.update_state(y_pred=made[i : i + 500])
    return {metric.name: float(metric.result())}


def _fashion_scores(made: Arrays, data: Path) -> dict[str, float]:
    return _fid(made["images"], _fashion(data, "test"), CASES["dcgan"].features)


def _facade_scores(made: Arrays, data: Path) -> dict[str, float]:
    from tfgan_zoo import pictures
    from tfgan_zoo.metrics import sliced_wasserstein

    real = _facades(data, _HELD_OUT, 64)[1]
    floats = map(pictures.from_uint8, (made["images"], real))
    return {
        "swd": float(sliced_wasserstein(*floats)),
        **_fid(made["images"], real, CASES["pix2pix"].features),
    }


def _figure_scores(made: Arrays, data: Path) -> dict[str, float]:
    import dataclasses

    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import translation_scores

    del data
    images, wanted = made["images"], figures.attributes("unpaired", "test", _TRANSLATED, domain="b")
    scores = translation_scores(images, dataclasses.replace(_figures("test"), fill=wanted.fill))
    found = {"all right": scores["all"], "fill right": scores["fill"]}
    return found | _fid(images, figures.render(wanted), CASES["cyclegan"].features)


def _psnr(made: Arrays, data: Path) -> dict[str, float]:
    from tfgan_zoo.metrics import psnr

    pairs = _resolutions(data, "set5_x4")
    scores = [psnr(made[f"image_{i}"], large) for i, (_, large) in enumerate(pairs)]
    return {"PSNR of Set5": float(np.mean(scores))}


def _caption_scores(made: Arrays, data: Path) -> dict[str, float]:
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import caption_scores

    del data
    told = figures.attributes("captions", "test")
    scores = caption_scores(made["images"], told)
    found = {"seen right": scores["seen_all"], "held out right": scores["held_out_all"]}
    return found | _fid(made["images"], figures.render(told), CASES["gan_cls"].features)


def _unpaired(data: Path) -> Arrays:
    from tfgan_zoo.data import figures

    del data
    a, b = (figures.render(figures.attributes("unpaired", "train", domain=x)) for x in "ab")
    return {"a": a, "b": b, "inputs": figures.render(_figures("test"))}


def _pairs(data: Path) -> Arrays:
    labels, photographs = _facades(data, _TRAINED, 72)  # 286 / 256 as large, as the authors do
    return {"a": labels, "b": photographs, "inputs": _facades(data, _HELD_OUT, 64)[0]}


def _crops(data: Path) -> Arrays:
    pairs, tests = _resolutions(data, "t91"), _resolutions(data, "set5_x4")
    return {
        **{f"small_{i}": small for i, (small, _) in enumerate(pairs)},
        **{f"large_{i}": large for i, (_, large) in enumerate(pairs)},
        **{f"inputs_{i}": small for i, (small, _) in enumerate(tests)},
    }


def _from_noise(recipe: str) -> Callable[[Path], list[str]]:
    return lambda data: [
        f"--config={recipe}",
        f"--config.data.source=idx:{data / 'fashion_mnist'}",
    ]


def _translation_flags(data: Path) -> list[str]:
    return [
        "--config=translation",
        "--image_size=64",
        f"--config.data.source=folder:{data / 'facades'}",
        "--config.data.layout=side_by_side",
        "--config.data.direction=b_to_a",
        f"--config.data.split={_TRAINED}",
        f"--config.evaluate.split={_HELD_OUT}",
    ]


def _enlarging_flags(data: Path) -> list[str]:
    return [
        "--config=srresnet_x4",
        "--image_size=64",  # one of the images is smaller than 96
        f"--config.data.source=folder:{data / 't91'}",
        "--config.data.split=train",
        f"--config.evaluate.source=folder:{data / 'set5_x4'}",
        "--config.evaluate.split=train",
        "--config.evaluate.samples=5",
    ]


def _fashion_arrays(data: Path) -> Arrays:
    return {"images": _fashion(data, "train")}


CASES = {
    "dcgan": Case(
        "DCGAN on Fashion-MNIST",
        "dcgan",
        _from_noise("dcgan_fashion_mnist"),
        _fashion_arrays,
        _drawn,
        _fashion_scores,
        "fashion_mnist_v1",
    ),
    "r3gan": Case(
        "R3GAN on Fashion-MNIST",
        "dcgan",
        _from_noise("r3gan_fashion_mnist"),
        _fashion_arrays,
        _drawn,
        _fashion_scores,
        "fashion_mnist_v1",
    ),
    "wgan_gp": Case(
        "WGAN-GP on Fashion-MNIST",
        "wgan_gp",
        _from_noise("wgan_gp_fashion_mnist"),
        _fashion_arrays,
        _drawn,
        _fashion_scores,
        "fashion_mnist_v1",
    ),
    "pix2pix": Case(
        "pix2pix on facades, 64 pixels",
        "pix2pix",
        _translation_flags,
        _pairs,
        _translated,
        _facade_scores,
        "efficientnet_lite0",
    ),
    "cyclegan": Case(
        "CycleGAN on figures",
        "cyclegan",
        lambda _: ["--config=cyclegan"],
        _unpaired,
        _translated,
        _figure_scores,
        "figures_v1",
    ),
    "srresnet": Case("SRResNet on T91", "srresnet", _enlarging_flags, _crops, _enlarged, _psnr),
    "gan_cls": Case(
        "GAN-CLS on figures",
        "gan_cls",
        lambda _: ["--config=gan_cls"],
        _captioned,
        _told,
        _caption_scores,
        "figures_v1",
    ),
}


# ---------------------------------------------------------------------- training


def zoo_flags(case: Case, data: Path, seed: int, mark: float) -> list[str]:
    """Returns the flags with which the zoo trains for some minutes."""
    flags = [f"--minutes={mark:g}", f"--config.seed={seed}", "--config.evaluate.best=false"]
    return [*flags, *case.flags(data)]


def zoo_points(
    case: Case, folder: Path, data: Path, arrays: Arrays, seed: int, marks: list[float]
) -> list[Point]:
    """Trains the zoo's recipe for each time unless that is finished; returns the scores.

    `tfgan_zoo.train` refuses a time that starting, scoring and exporting alone would take. The
    longest must be enough; shorter ones have no scores then.
    """
    from tfgan_zoo.run import experiment

    found: list[Point] = []
    for mark in sorted(marks, reverse=True):
        workdir = folder / f"zoo-{seed}-{mark:g}"
        clock, scored = workdir / "wall_seconds.json", workdir / "time_to_quality.json"
        if not clock.exists():
            shutil.rmtree(workdir, ignore_errors=True)  # its time is not known
            command = [sys.executable, "-m", "tfgan_zoo.train", f"--workdir={workdir}"]
            try:
                common.clocked([*command, *zoo_flags(case, data, seed, mark)], workdir)
            except subprocess.CalledProcessError as error:
                if not found or error.returncode != 2:  # 2 is unusable input
                    raise
                found.append(Point(mark, {}))
                continue
        if not scored.exists():
            made = case.outputs(experiment.load_run(workdir), arrays)
            write_atomically(scored, json.dumps(case.scores(made, data)))
        found.append(Point(common.minutes(workdir), json.loads(scored.read_text())))
    return found[::-1]


def torch_points(
    python: str,
    case: Case,
    folder: Path,
    data: Path,
    arrays: Arrays,
    seed: int,
    marks: list[float],
) -> list[Point]:
    """Trains PyTorch's example unless that is finished; returns the scores."""
    label = "-".join(f"{mark:g}" for mark in marks)
    output = folder / f"torch-{seed}-{label}.npz"
    if not output.exists():
        given = folder / "data.npz"
        np.savez(given, **arrays)
        script = Path(__file__).with_name("time_to_quality_torch.py")
        moments = [60 * mark for mark in marks]
        arguments = [case.peer, given, output, seed, time.monotonic(), *moments]
        subprocess.run(list(map(str, [python, script, *arguments])), check=True)
        given.unlink()
    found = []
    with np.load(output) as saved:
        for i, seconds in enumerate(saved["seconds"]):
            prefix = f"{i}_"
            names = [key for key in saved.files if key.startswith(prefix)]
            made = {key.removeprefix(prefix): saved[key] for key in names}
            found.append(Point(float(seconds) / 60, case.scores(made, data)))
    return found


# ---------------------------------------------------------------------- the table


def table(marks: list[float], curves: dict[str, list[list[Point]]]) -> list[str]:
    """Returns the lines of a case's table.

    Args:
        marks: Minutes.
        curves: By who trained, for each seed, a point for each mark.

    Example:
        >>> lines = table([1.0], {"zoo": [[Point(1.1, {"fid": 8.0})], [Point(1.3, {"fid": 6.0})]]})
        >>> lines[2]
        '| tfgan_zoo | fid | 7.00 ± 1.41 (1.2) |'
    """
    names = list(next(iter(curves.values()))[0][-1].scores)
    cells = ["", "score", *(f"{mark:g} min" for mark in marks)]
    lines = [f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]
    for name in names:
        for who, seeds in curves.items():
            cells = [_WHO[who], name]
            for points in zip(*seeds, strict=True):
                if not all(point.scores for point in points):
                    cells.append("—")
                    continue
                values = [point.scores[name] for point in points]
                spread = f" ± {np.std(values, ddof=1):.3g}" if len(values) > 1 else ""
                minutes = np.mean([point.minutes for point in points])
                cells.append(f"{_number(float(np.mean(values)))}{spread} ({minutes:.1f})")
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def means(seeds: list[list[Point]], name: str) -> list[tuple[float, float]]:
    """Returns the curve of a score's means over mean minutes, where there are scores."""
    return [
        (
            float(np.mean([point.minutes for point in points])),
            float(np.mean([point.scores[name] for point in points])),
        )
        for points in zip(*seeds, strict=True)
        if all(point.scores for point in points)
    ]


def main(argv: list[str]) -> None:
    """Trains what is missing; writes a table and a plot for each case."""
    given = cli.Flags()
    given.define_list("cases", [*CASES], "Which comparisons.")
    given.define_path("torch_python", None, "A Python with PyTorch; none by default.")
    given.define_path("data", "datasets", "Folder of the data.")
    given.define_list("marks", _MARKS, "Minutes.")
    given.define_integer("seeds", 3, "Trainings of each.")
    given.define_path("workdir", "runs/time_to_quality", "Folder of the run folders.")
    given.define_path("output", None, "A Markdown file, such as docs/performance.md.")
    cli.parse(given, argv, __doc__)
    unknown = [name for name in given.cases if name not in CASES]
    if unknown:
        raise SystemExit(f"--cases: expected some of {', '.join(CASES)}, got {', '.join(unknown)}.")
    try:
        marks = sorted(float(mark) for mark in given.marks)
    except ValueError:
        marks = []
    if not marks or not all(0 < mark < np.inf for mark in marks):
        raise SystemExit(f"--marks: expected minutes above 0, got {','.join(given.marks)}.")
    if given.seeds < 1:
        raise SystemExit(f"--seeds: expected 1 or more, got {given.seeds}.")
    common.check_places(given.output, *(f"time_to_quality_{name}" for name in given.cases))
    common.check_torch(given.torch_python)
    cli.quiet_tensorflow()
    from tfgan_zoo import pictures

    data = Path(given.data)
    for name in given.cases:
        case, folder, load = CASES[name], Path(given.workdir) / name, os.getloadavg()[0]
        folder.mkdir(parents=True, exist_ok=True)
        if case.features:
            _features(case.features)
        arrays, curves = case.arrays(data), {}
        seeds = range(given.seeds)
        curves["zoo"] = [zoo_points(case, folder, data, arrays, s, marks) for s in seeds]
        if given.torch_python:
            python = given.torch_python
            curves["torch"] = [
                torch_points(python, case, folder, data, arrays, seed, marks) for seed in seeds
            ]
        first = next(iter(curves["zoo"][0][-1].scores))
        plotted = {_WHO[who]: means(found, first) for who, found in curves.items()}
        picture = folder / "plot.png"
        if given.output:
            picture = Path(given.output).parent / "images" / f"time_to_quality_{name}.png"
        pictures.save_png(picture, plots.plot(plotted, first, "minutes"))
        trained = f"{given.seeds} seed{'s' * (given.seeds != 1)}"
        lines = [
            f"{case.title}; {trained}, means ± standard deviation (minutes in all); "
            f"{common.where()}; load average before {load:.1f}.",
            "",
            *table(marks, curves),
        ]
        if given.output:
            lines += ["", f"![{first} over minutes]({picture.relative_to(picture.parents[1])})"]
        common.show("\n".join(lines), given.output, f"time_to_quality_{name}")
        print(f"plot: {picture}")


if __name__ == "__main__":
    cli.run(main)
