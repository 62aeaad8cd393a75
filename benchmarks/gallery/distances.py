"""Figures of distances between data and samples."""

from typing import Any

import numpy as np

from benchmarks.gallery import maths, style
from benchmarks.gallery.figure import Figure

_DEVIATION = 0.5


def distances() -> Any:
    """Draws KL, JS and Wasserstein distance of two Gaussians that move apart, and their slopes."""
    shifts = np.linspace(0, 4, 161)
    rows = [maths.distances(shift, _DEVIATION) for shift in shifts]
    figure, axes = style.panels(1, 3, 2.5)
    left, middle, right = axes[0]
    x = np.linspace(-2, 6, 500)
    left.fill_between(x, maths.gaussian(x, 0, _DEVIATION), color=style.DATA, alpha=0.25, lw=0)
    left.plot(x, maths.gaussian(x, 0, _DEVIATION), color=style.DATA, label="data")
    for shift, alpha in ((4, 0.35), (2, 0.65), (1, 1.0)):
        left.plot(x, maths.gaussian(x, shift, _DEVIATION), color=style.SAMPLES, alpha=alpha,
                  label="samples, shifted" if shift == 1 else None)  # fmt: skip
    left.set(title="two densities", yticks=[], ylim=(0, 1.15), xlabel="x")
    left.legend(loc="upper right")
    colours = dict(zip(("KL", "JS", "W"), (style.AMBER, style.JUDGE, style.GREEN), strict=True))
    for name, colour in colours.items():
        values = np.array([row[name] for row in rows])
        middle.plot(shifts, values, color=colour, label=name)
        right.plot(shifts, np.gradient(values, shifts), color=colour, label=name)
    middle.axhline(maths.LOG_2, color=style.MUTED, linewidth=0.7, linestyle=":")
    middle.text(3.95, maths.LOG_2 + 0.06, "log 2", color=style.MUTED, ha="right", fontsize=7.5)
    middle.set(title="their distance", ylim=(0, 4), xlabel="shift")
    right.set(title="slope of the distance", ylim=(-0.05, 2), xlabel="shift")
    for each in (middle, right):
        each.grid(axis="y")
        each.set_xlim(0, 4)
    middle.legend(loc="upper left", bbox_to_anchor=(0.42, 1.0))
    return figure


def best_discriminator(steps: int = 1500) -> Any:
    """Draws a trained discriminator beside the best one, and the value of the game over a shift."""
    from benchmarks.reproduce import theory

    other = (1.5, 0.8)
    model = theory.game(other)
    theory.fit(model, theory.adam(3e-3, steps), steps)
    x = np.linspace(-4, 5, 400)
    learnt = theory.sigmoid(theory.scores(model, x))
    shifts = np.linspace(0, 4, 81)
    exact = [theory.best_value((shift, 1.0)) for shift in shifts]
    values = []
    for shift in (0.0, 1.0, 2.0, 3.0):
        game = theory.game((shift, 1.0))
        theory.fit(game, theory.adam(3e-3, steps // 3), steps // 3)
        values.append((shift, theory.value_of(game, (shift, 1.0))))
    figure, axes = style.panels(1, 2)
    left, right = axes[0]
    left.fill_between(x, theory.density(x, theory.DATA), color=style.DATA, alpha=0.25, lw=0,
                      label="data")  # fmt: skip
    left.fill_between(x, theory.density(x, other), color=style.SAMPLES, alpha=0.25, lw=0,
                      label="samples")  # fmt: skip
    left.plot(x, learnt, color=style.JUDGE, label="D, trained")
    left.plot(x, theory.best_discriminator(x, other), "--", color=style.INK, linewidth=1,
              label="$p_{data} / (p_{data} + p_g)$")  # fmt: skip
    left.set(title="the best D against a fixed generator", ylim=(0, 1.05), xlabel="x")
    left.legend(loc="upper right")
    right.plot(shifts, exact, "--", color=style.INK, linewidth=1, label="$-\\log 4 + 2\\,JSD$")
    right.plot(*np.transpose(values), "o", color=style.JUDGE, label="value of the trained D")
    right.set(title="the value of the game", xlabel="shift of the samples")
    right.set(xlim=(-0.1, 4), ylim=(-1.5, 0.05))
    right.grid(axis="y")
    right.legend(loc="lower right")
    return figure


FIGURES = {
    "distances": Figure(
        "Distances of two densities",
        "As the samples' density moves away from the data, the Jensen-Shannon divergence "
        "saturates at log 2 and its slope vanishes: a perfect discriminator says that samples "
        "are wrong, and not where to go. The Wasserstein distance grows with the shift, and its "
        "slope is 1 everywhere but at 0.",
        distances,
    ),
    "best_discriminator": Figure(
        "The best discriminator",
        "Against a fixed generator, D learns the share of data in the density at each point, "
        "and the value of the game measures the Jensen-Shannon divergence. Where data and "
        "samples agree, D is 1/2 everywhere, and the value is -log 4.",
        best_discriminator,
        models=("gan",),
    ),
}
