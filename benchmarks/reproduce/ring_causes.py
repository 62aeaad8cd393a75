"""Why our GAN keeps fewer modes of the ring than PacGAN's: possible causes, one at a time.

`python -m benchmarks.reproduce ring` departs from the authors' experiment in details, and others
are not known (see `points`). Here the GAN without packing is trained with each of them changed to
what the authors have, or may have had, from the same weights and with the same noise. Trials run
side by side, and are shorter than the paper's 400,000 steps, so only rows of this table can be
compared. A change that brings as many modes as the paper's would have to be looked at again at full
length.

Running the command again resumes from the last saved state.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks import common
from benchmarks.reproduce import points
from benchmarks.reproduce.significance import sample, student
from tfgan_zoo.errors import InputError


class Cause(NamedTuple):
    """Something that is changed.

    Args:
        arguments: Of `PackedTrials`. Causes that have the same share a training.
        moving: Whether samples are drawn with moving statistics.
    """

    arguments: dict[str, Any]
    moving: bool = False


CAUSES = {
    "none": Cause({"moving": True}),
    "100,000 points, drawn with replacement": Cause({"points": 100_000}),
    "epsilon 1e-4": Cause({"epsilon": 1e-4}),
    "moving statistics": Cause({"moving": True}, moving=True),
    "beta1 0.2": Cause({"beta_1": 0.2}),
}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_list("causes", [str(i) for i in range(len(CAUSES))], "Numbers of changes.", given)
    flags.DEFINE_integer("trials", 5, "Trials of each.", flag_values=given)
    flags.DEFINE_integer("steps", 50_000, "Steps of each trial.", flag_values=given)
    flags.DEFINE_integer("save_every", 2000, "Steps between saved states.", flag_values=given)


def run(given: flags.FlagValues) -> str:
    """Trains what is missing; returns the table."""
    from benchmarks.reproduce.packed_trials import PackedTrials
    from tfgan_zoo.data.points import mixture

    for number in given.causes:
        if number not in map(str, range(len(CAUSES))):
            raise InputError(f"--causes: expected some of 0 to {len(CAUSES) - 1}, got {number!r}.")
    causes = list(CAUSES.items())
    trainings = [cause.arguments for _, cause in causes]
    found = {}
    for name, cause in (causes[int(number)] for number in given.causes):
        game = PackedTrials(mixture("ring"), 1, given.trials, **cause.arguments)
        first = trainings.index(cause.arguments)
        state = Path(given.workdir) / f"{first}_{given.trials}.npz"
        if state.exists():
            game.restore(state)
        while (done := int(game.step)) < given.steps:
            game.run(min(given.save_every, given.steps - done))
            game.save(state)
            print(f"{causes[first][0]}: {int(game.step):,} steps", flush=True)
        if int(game.step) > given.steps:
            raise InputError(
                f"--steps: expected {int(game.step):,} or more, as in {state}, got {given.steps:,}."
            )
        found[name] = points.scores("ring", game, cause.moving)
    return f"{common.where()}.\n\n{table(found, given.steps)}"


def table(found: dict[str, list[points.Row]], steps: int) -> str:
    """Returns the table.

    Args:
        found: The trials' scores, by what is changed; the first are compared with the others.
        steps: Steps of each trial.
    """
    trials = len(next(iter(found.values())))
    lines = [
        f"GAN without packing, {steps:,} steps; {points.SAMPLES:,} samples of each trial; mean ± "
        f"standard deviation over {trials} trials; p by Student's test of modes, against the first "
        "line.",
        "",
        "| change | modes of 8, by trial | modes | high quality, % | reverse KL | p |",
        "|---|---|---|---|---|---|",
    ]
    first = sample(np.array([row.modes for row in next(iter(found.values()))]))
    for name, rows in found.items():
        columns = zip(np.array(rows).T, points.FIGURES.values(), strict=True)
        cells = [points.spread(sample(values), decimals) for values, decimals in columns]
        test = student(sample(np.array([row.modes for row in rows])), first)
        p = "" if test is None or name == next(iter(found)) else f"{test.p:.2f}"
        modes = ", ".join(f"{row.modes:.0f}" for row in rows)
        lines.append(f"| {name} | {modes} | {' | '.join(cells)} | {p} |")
    return "\n".join(lines)
