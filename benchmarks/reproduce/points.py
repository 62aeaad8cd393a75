"""PacGAN's table 1: how many modes of a ring of 8 and of a grid of 25 Gaussians are found.

Lin et al. 2018, https://arxiv.org/abs/1712.04086: 10 trials of 400,000 steps, each scored by 2,500
samples of its last state. The trials of a model run side by side: see `packed_trials`. Departures:
data are drawn afresh where the paper has 100,000 points; batch normalisation takes the samples of
all slots of a pack together, as `tfgan_zoo.GAN` does, where the authors' code takes each slot's,
and its epsilon is 1e-5, where theirs is 1e-4. Adam's beta1 of 0.8 may have been 0.2 in the paper:
the authors' framework, Blocks, took 1 - beta1 for it until 2017, and which version they had is not
said (https://github.com/mila-iqia/blocks/issues/1159).

Running the command again goes on from the last saved state. Models take turns, so that all are
equally far at any time.
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks import common
from benchmarks.reproduce.experiment import verdict
from tfgan_zoo.errors import InputError

PACKING = {"gan": 1, "pacgan2": 2, "pacgan4": 4}
STEPS, TRIALS, SAMPLES = 400_000, 10, 2500


class Row(NamedTuple):
    """Modes, share of high quality in per cent, reverse KL."""

    modes: float
    quality: float
    reverse_kl: float


PUBLISHED = {
    "ring": {
        "gan": Row(6.3, 98.2, 0.45),
        "pacgan2": Row(7.9, 95.6, 0.07),
        "pacgan4": Row(7.8, 95.9, 0.07),
    },
    "grid": {
        "gan": Row(17.3, 94.8, 0.70),
        "pacgan2": Row(23.8, 91.3, 0.13),
        "pacgan4": Row(24.8, 93.6, 0.04),
    },
}
#: How near the mean of trials of all steps should come: one mode of eight, two of 25.
BANDS = {"ring": Row(1.0, 5.0, 0.25), "grid": Row(2.0, 5.0, 0.25)}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_list("models", list(PACKING), "Of gan, pacgan2, pacgan4.", given)
    flags.DEFINE_integer("trials", TRIALS, "Of each model.", flag_values=given)
    flags.DEFINE_integer("steps", STEPS, "Of each trial.", flag_values=given)
    flags.DEFINE_integer("save_every", 2000, "Steps between states.", flag_values=given)
    flags.DEFINE_integer("seed", 0, "Of weights, data and noise.", flag_values=given)
    flags.DEFINE_bool("jit_compile", False, "Compile with XLA.", given)
    flags.DEFINE_bool("score_only", False, "Score the states that are there.", given)


def run(name: str, given: flags.FlagValues) -> str:
    """Trains, scores, and returns the table.

    Args:
        name: "ring" or "grid".
        given: the flags.
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


def scores(name: str, game: Any) -> list[Row]:
    """Scores the present state of every trial."""
    from tfgan_zoo.data.points import mixture
    from tfgan_zoo.metrics.mode_coverage import mode_scores

    found = [mode_scores(points, mixture(name)) for points in game.sample(SAMPLES)]
    return [Row(s["modes"], 100 * s["high_quality"], s["reverse_kl"]) for s in found]


def timed(folder: Path) -> dict[str, float]:
    """Returns the median of the milliseconds of a step of all trials, by model."""
    path = folder / "scores.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    times: dict[str, list[float]] = {}
    for line in lines:
        times.setdefault(line["model"], []).append(line["ms_per_step"])
    return {model: float(np.median(found)) for model, found in times.items()}


def table(name: str, trials: dict[str, Any], times: dict[str, float]) -> str:
    """Sets ours beside the published figures; only trials of all steps pass or fail."""
    lines = [
        f"Published: {TRIALS} trials of {STEPS:,} steps. {SAMPLES:,} samples of each trial; "
        f"mean ± standard deviation over trials; a step is one of all trials; {common.where()}.",
        "",
        "| model | | trials | steps | modes | high quality | reverse KL | ms a step |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for model, game in trials.items():
        known, band = PUBLISHED[name][model], BANDS[name]
        found = np.array(scores(name, game))
        mean, spread, steps = Row(*found.mean(axis=0)), Row(*found.std(axis=0)), int(game.step)
        if steps >= STEPS:
            judged = "pass" if all_near(mean, known, band) else "FAIL"
        else:
            judged = f"ours, {steps / STEPS:.1%} of the steps"
        found_kl = f"{mean.reverse_kl:.2f} ± {spread.reverse_kl:.2f}"
        lines += [
            f"| `{model}` | published | {TRIALS} | {STEPS:,} | {known.modes} | "
            f"{known.quality}% | {known.reverse_kl:.2f} | |",
            f"| | {judged} | {game.trials} | {steps:,} | {mean.modes:.1f} ± {spread.modes:.1f} "
            f"| {mean.quality:.1f} ± {spread.quality:.1f}% | {found_kl} "
            f"| {times.get(model, float('nan')):.1f} |",
        ]
    return "\n".join(lines)


def all_near(ours: Row, published: Row, band: Row) -> bool:
    """Returns whether every figure is within its band."""
    return all(verdict(*three) == "pass" for three in zip(ours, published, band, strict=True))
