"""Figures of the game itself: where two players go."""

import functools
from typing import Any

import numpy as np

from benchmarks.gallery import maths, style, training
from benchmarks.gallery.figure import Figure

_START, _RATE, _STEPS = (1.0, 0.0), 0.2, 160


def rotation() -> Any:
    """Draws the vector field and the players' paths in the smallest game there is."""
    cases = [
        ("both at once", {}, False),
        ("in turns", {}, True),
        ("non-saturating", {"non_saturating": True}, True),
        ("R1 penalty", {"r1": 0.3}, True),
    ]
    figure, axes = style.panels(1, 4, 2.15)
    reach = 2.2
    line = np.linspace(-reach, reach, 11)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    for each, (title, options, alternating) in zip(axes[0], cases, strict=True):
        field = functools.partial(maths.dirac_game, **options)
        path = maths.played(field, _START, _RATE, _STEPS, alternating)
        arrows = field(grid)
        each.quiver(*np.moveaxis(grid, -1, 0), *np.moveaxis(arrows, -1, 0), color="#b8c0c8",
                    angles="xy", scale=16, width=0.006)  # fmt: skip
        each.plot(*path.T, color=style.SAMPLES, linewidth=1)
        each.plot(*path[0], "o", color=style.SAMPLES, markersize=4)
        each.plot(*path[-1], "o", color=style.JUDGE, markersize=4)
        each.plot(0, 0, "+", color=style.INK, markersize=7)
        style.plane(each, reach)
        each.set_title(title)
        each.set_xlabel("generator $g$")
    axes[0, 0].set_ylabel("discriminator $d$")
    return figure


_CENTRE, _SPREAD = 1.5, 0.6


def line(stops: tuple[int, ...] = (0, 60, 200, 1500)) -> Any:
    """Draws densities, D and the mapping from z to x of a game on the line, over training."""
    states = line_states(list(stops))
    figure, axes = style.panels(2, len(stops), 1.55, sharex=True, height_ratios=(2.6, 1))
    x, z = states[0]["x"], states[0]["z"]
    for i, (stop, state) in enumerate(zip(stops, states, strict=True)):
        upper, lower = axes[:, i]
        upper.plot(x, maths.gaussian(x, _CENTRE, _SPREAD), ":", color=style.INK, linewidth=1.5,
                   label="data")  # fmt: skip
        upper.fill_between(x, state["density"], color=style.SAMPLES, alpha=0.25, lw=0)
        upper.plot(x, state["density"], color=style.SAMPLES, label="samples")
        upper.plot(x, state["judged"], "--", color=style.JUDGE, label="D(x)")
        upper.set(title=f"step {stop:,}", ylim=(0, 1.25), yticks=[0, 0.5, 1])
        upper.spines["bottom"].set_visible(False)
        upper.tick_params(bottom=False)
        lower.vlines([0, 1], -2, 0, alpha=0)
        for start, end in zip(z, state["reached"], strict=True):
            lower.annotate("", (end, 1), (start, 0), annotation_clip=False,
                           arrowprops={"arrowstyle": "->", "color": style.MUTED, "linewidth": 0.6,
                                       "shrinkA": 0, "shrinkB": 0})  # fmt: skip
        for level in (0, 1):
            lower.axhline(level, color=style.INK, linewidth=0.8)
        lower.set(ylim=(-0.05, 1.05), xlim=(x[0], x[-1]), yticks=[0, 1])
        lower.set_yticklabels(["z", "x"] if i == 0 else [])
        for spine in lower.spines.values():
            spine.set_visible(False)
        lower.tick_params(left=False, bottom=False, labelbottom=False)
    axes[0, 0].legend(loc="upper right", fontsize=7, handlelength=1.4)
    return figure


def line_states(stops: list[int]) -> list[dict[str, np.ndarray]]:
    """Trains the first GAN on a Gaussian, from noise z ~ U(-1, 1) of one number.

    Args:
        stops: Steps to look at.

    Returns:
        At each: places x; at them, the samples' density and D; places z, and G(z) at them.
    """
    import keras
    import tensorflow as tf

    import tfgan_zoo

    keras.utils.set_random_seed(2)
    made = training.generator(1, 1, (32, 32))
    model = tfgan_zoo.GAN(
        (1,), 1, made, training.discriminator(1), latent_distribution="uniform", seed=1
    )
    model.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(2e-3, 0.5),
                  steps_per_execution=20)  # fmt: skip
    x, z = np.linspace(-2, 4, 241), np.linspace(-1, 1, 17)
    dense = np.linspace(-1, 1, 20_001, dtype=np.float32)[:, None]

    def state(step: int) -> dict[str, np.ndarray]:
        samples = model.generator.predict(dense, batch_size=8192, verbose=0)[:, 0]
        counts, edges = np.histogram(samples, np.linspace(-2, 4, 2401), density=True)
        middles = (edges[1:] + edges[:-1]) / 2
        kernel = maths.gaussian(middles, 1.0, 0.06)
        smooth = np.convolve(counts, kernel / kernel.sum(), "same")
        scores = model.discriminator.predict(x[:, None].astype(np.float32), verbose=0)[:, 0]
        reached = model.generator(tf.constant(z[:, None], tf.float32), training=False)
        return {
            "x": x,
            "z": z,
            "density": np.interp(x, middles, smooth),
            "judged": 1 / (1 + np.exp(-scores)),
            "reached": reached.numpy()[:, 0],
        }

    def draw(num: int, rng: np.random.Generator) -> np.ndarray:
        return rng.normal(_CENTRE, _SPREAD, (num, 1)).astype(np.float32)

    return training.fit(model, draw, stops, state)


FIGURES = {
    "line": Figure(
        "A game on the line",
        "The first GAN maps uniform noise z to numbers x (arrows): where arrows crowd, samples "
        "are dense. The samples (blue) follow the slope of D (red) to the data (dotted), until "
        "D can no longer tell and is near 1/2 wherever there are data.",
        line,
        models=("gan",),
    ),
    "rotation": Figure(
        "Two players go in circles",
        "Data are all 0, the generator makes the number g, and the score of D is d x: 160 steps "
        "lead from the blue dot to the red one, and the cross is the equilibrium. If both step "
        "at once, the minimax game spirals outwards; in turns it circles for ever, the "
        "non-saturating game closes in slowly, and a penalty on the slope of D at the data "
        "leads straight in.",
        rotation,
    ),
}
