"""PacGAN's table 1: modes found of a ring of 8 and of a grid of 25 Gaussians.

Lin et al. 2018, https://arxiv.org/abs/1712.04086: 10 trials of 400,000 steps, each scored by 2,500
samples of its final state. The trials of a model run side by side: see `packed_trials`. Departures:
new data are drawn at every step, where the paper has 100,000 points; batch normalisation is over
the samples of all slots of a pack, as in `tfgan_zoo.GAN`, where the authors' code normalises each
slot; and its epsilon is 1e-5, where theirs is 1e-4. Adam's beta1 of 0.8 may have been 0.2 in the
paper: the authors' framework, Blocks, used 1 - beta1 until 2017, and the version is not stated
(https://github.com/mila-iqia/blocks/issues/1159).

The paper gives means over its trials with their standard errors, so the standard deviation over
trials is sqrt(10) times as large. The table compares each of our figures with the published one by
Student's t test, and by Welch's (see `significance`). "pass" means that no difference is shown,
p >= 0.05. With fewer than five trials, whose spread says little, there is no verdict.

Running the command again resumes from the last saved state. Models take turns, so that all progress
equally.
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks import common
from benchmarks.reproduce.significance import (
    Sample,
    from_standard_error,
    judge,
    sample,
    student,
    welch,
)
from tfgan_zoo.errors import InputError

PACKING = {"gan": 1, "pacgan2": 2, "pacgan4": 4}
STEPS, TRIALS, SAMPLES = 400_000, 10, 2500


class Row(NamedTuple):
    """Modes, percentage of high-quality samples, and reverse KL of one trial."""

    modes: float
    quality: float
    reverse_kl: float


class Samples(NamedTuple):
    """The same figures over trials."""

    modes: Sample
    quality: Sample
    reverse_kl: Sample


#: Names of the figures, and their decimals in the table.
FIGURES = {"modes": 1, "high quality, %": 1, "reverse KL": 2}


def _published(
    modes: tuple[float, float | None],
    quality: tuple[float, float | None],
    reverse_kl: tuple[float, float | None],
) -> Samples:
    """Builds samples from means and their standard errors, None if unknown."""
    return Samples(
        *(from_standard_error(*figure, TRIALS) for figure in (modes, quality, reverse_kl))
    )


PUBLISHED = {
    "ring": {
        "gan": _published((6.3, 0.5), (98.2, 0.2), (0.45, 0.09)),
        "pacgan2": _published((7.9, 0.1), (95.6, 2.0), (0.07, None)),
        "pacgan4": _published((7.8, 0.1), (95.9, 1.4), (0.07, None)),
    },
    "grid": {
        "gan": _published((17.3, 0.8), (94.8, 0.7), (0.70, 0.07)),
        "pacgan2": _published((23.8, 0.7), (91.3, 0.8), (0.13, None)),
        "pacgan4": _published((24.8, 0.2), (93.6, None), (0.04, None)),
    },
}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_list("models", list(PACKING), "Some of gan, pacgan2, pacgan4.", given)
    flags.DEFINE_integer("trials", TRIALS, "Trials of each model.", flag_values=given)
    flags.DEFINE_integer("steps", STEPS, "Steps of each trial.", flag_values=given)
    flags.DEFINE_integer("save_every", 2000, "Steps between saved states.", flag_values=given)
    flags.DEFINE_integer("seed", 0, "Seed of weights, data and noise.", flag_values=given)
    flags.DEFINE_bool("jit_compile", False, "Compile with XLA.", given)
    flags.DEFINE_bool("score_only", False, "Only score saved states.", given)


def run(name: str, given: flags.FlagValues) -> str:
    """Trains, scores, and returns the table.

    Args:
        name: "ring" or "grid".
        given: The flags.
    """
    from benchmarks.reproduce.packed_trials import PackedTrials
    from tfgan_zoo.data.points import mixture

    for model in given.models:
        if model not in PACKING:
            raise InputError(f"--models: expected some of {', '.join(PACKING)}, got {model!r}.")
    folder = Path(given.workdir)
    trials = {
        model: PackedTrials(
            mixture(name),
            PACKING[model],
            given.trials,
            seed=given.seed,
            jit_compile=given.jit_compile,
        )
        for model in given.models
    }
    for model, game in trials.items():
        if (folder / f"{model}.npz").exists():
            game.restore(folder / f"{model}.npz")
    while not given.score_only:
        behind = min(trials, key=lambda model: int(trials[model].step))
        game, done = trials[behind], int(trials[behind].step)
        if done >= given.steps:
            break
        start = time.perf_counter()
        game.run(min(given.save_every, given.steps - done))
        each = (time.perf_counter() - start) / (int(game.step) - done)
        game.save(folder / f"{behind}.npz")
        line = {"model": behind, "steps": int(game.step), "ms_per_step": round(1e3 * each, 2)}
        line |= {"scores": [score._asdict() for score in scores(name, game)]}
        with (folder / "scores.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        modes = np.mean([score["modes"] for score in line["scores"]])
        print(f"{behind} {line['steps']:,}: {modes:.1f} modes, {1e3 * each:.1f} ms", flush=True)
    return table(name, trials, timed(folder))


def scores(name: str, game: Any, moving: bool = False) -> list[Row]:
    """Scores the current state of every trial.

    Args:
        name: "ring" or "grid".
        game: A `PackedTrials`.
        moving: As for `PackedTrials.sample`.
    """
    from tfgan_zoo.data.points import mixture
    from tfgan_zoo.metrics.mode_coverage import mode_scores

    found = [mode_scores(points, mixture(name)) for points in game.sample(SAMPLES, moving)]
    return [Row(s["modes"], 100 * s["high_quality"], s["reverse_kl"]) for s in found]


def timed(folder: Path) -> dict[str, float]:
    """Returns the median milliseconds of a step of all trials, by model."""
    path = folder / "scores.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    times: dict[str, list[float]] = {}
    for line in lines:
        times.setdefault(line["model"], []).append(line["ms_per_step"])
    return {model: float(np.median(found)) for model, found in times.items()}


def table(name: str, trials: dict[str, Any], times: dict[str, float]) -> str:
    """Compares our figures with the published ones; only finished trials are tested.

    Args:
        name: "ring" or "grid".
        trials: A `PackedTrials` for each model.
        times: Milliseconds of a step of all trials, by model.
    """
    ours = {
        model: Samples(*(sample(column) for column in np.array(scores(name, game)).T))
        for model, game in trials.items()
    }
    steps = {model: int(game.step) for model, game in trials.items()}
    return f"{common.where()}.\n\n{render(name, ours, steps, times)}"


def render(
    name: str, ours: dict[str, Samples], steps: dict[str, int], times: dict[str, float]
) -> str:
    """Returns the table of the measured figures.

    Args:
        name: "ring" or "grid".
        ours: Measured figures, by model.
        steps: Steps of every trial, by model.
        times: As for `table`.
    """
    lengths = [
        f"`{model}` {steps[model]:,} steps, {times.get(model, float('nan')):.1f} ms for a step of "
        "all trials"
        for model in ours
    ]
    lines = [
        f"Published: {STEPS:,} steps. Ours: {'; '.join(lengths)}. {SAMPLES:,} samples of each "
        "trial; mean ± standard deviation over n trials; t and p by Student's test, which pools "
        "the two spreads, and p by Welch's, which does not.",
        "",
        "| model | figure | published | ours | difference | t | p | p, Welch | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for model, samples in ours.items():
        for (figure, decimals), known, found in zip(
            FIGURES.items(), PUBLISHED[name][model], samples, strict=True
        ):
            lines.append(
                f"| `{model}` | {figure} | {written(known, decimals)} | "
                f"{written(found, decimals)} | {found.mean - known.mean:+.{decimals}f} | "
                f"{tested(found, known, steps[model])} |"
            )
    return "\n".join(lines)


def written(figure: Sample, decimals: int) -> str:
    """Formats a sample as mean ± standard deviation (n)."""
    return f"{spread(figure, decimals)} (n = {figure.trials})"


def spread(figure: Sample, decimals: int) -> str:
    """Formats a sample as mean ± standard deviation, if that is known."""
    deviation = "" if figure.deviation is None else f" ± {figure.deviation:.{decimals}f}"
    return f"{figure.mean:.{decimals}f}{deviation}"


def tested(ours: Sample, published: Sample, steps: int) -> str:
    """Returns the cells of t, p, Welch's p and the verdict.

    The question is whether our trials could come from the paper's distribution, including its
    spread. So the spreads are pooled; Welch's test would rely on the spread of our few trials.
    """
    if steps < STEPS:
        return f"| | | at {steps / STEPS:.1%} of the steps"
    pooled, separate = student(ours, published), welch(ours, published)
    if pooled is None or separate is None:
        return f"| | | {judge(None, ours.trials)}"
    return f"{pooled.t:.2f} | {pooled.p:.2f} | {separate.p:.2f} | {judge(pooled, ours.trials)}"
