"""Figures of losses: what they give a generator that is far behind."""

from typing import Any

import numpy as np

from benchmarks.gallery import maths, style, training
from benchmarks.gallery.figure import Figure

_NAMES = {
    "minimax_generator": ("minimax: $\\log(1 - D)$", style.JUDGE),
    "non_saturating_generator": ("non-saturating: $-\\log D$", style.SAMPLES),
}


def saturation() -> Any:
    """Draws both generator losses of the first GAN and their slopes over D(G(z))."""
    share = np.linspace(0.002, 0.998, 400)
    found = maths.generator_slopes(share)
    figure, axes = style.panels(1, 2)
    left, right = axes[0]
    for each in (left, right):
        each.axvspan(0, 0.12, color=style.RULE, alpha=0.6, linewidth=0)
        each.set_xlabel("$D(G(z))$: how real a fake looks to D")
        each.set_xlim(0, 1)
        each.grid(axis="y")
    for name, (values, slopes) in found.items():
        label, colour = _NAMES[name]
        left.plot(share, values, color=colour, label=label)
        right.plot(share, np.abs(slopes), color=colour, label=label)
    left.set(title="the generator's loss", ylim=(-5, 5))
    right.set(title="its slope along D's score (absolute)", ylim=(0, 1.05))
    for each, level in ((left, -4.7), (right, 0.3)):
        each.text(0.06, level, "early in training", color=style.MUTED, fontsize=7.5, rotation=90,
                  ha="center", va="bottom")  # fmt: skip
    right.annotate(
        "no slope where\nit is needed most",
        (0.03, 0.03),
        (0.36, 0.16),
        color=style.JUDGE,
        arrowprops={"arrowstyle": "->", "color": style.JUDGE, "linewidth": 0.8},
    )
    left.legend(loc="lower left", bbox_to_anchor=(0.14, 0.0))
    return figure


def least_squares(steps: int = 800) -> Any:
    """Draws three generator losses over the score, and where two games push fakes."""
    scores = np.linspace(-5, 7, 300)
    curves = maths.losses_over_score(scores)
    figure, axes = style.panels(1, 3, 2.5)
    for (name, values), colour in zip(
        curves.items(), style.CURVES[1::-1] + (style.GREEN,), strict=True
    ):
        axes[0, 0].plot(scores, values, color=colour, label=name)
    axes[0, 0].set(title="losses of the generator", ylim=(-4, 9.5), xlabel="score C(G(z))")
    axes[0, 0].legend(loc="upper center")
    axes[0, 0].grid(axis="y")
    for each, name in zip(axes[0, 1:], ("gan", "lsgan"), strict=True):
        model, places, push = pushed(name, steps)
        _boundary(each, model, 0.0 if name == "gan" else 0.5)
        each.quiver(*places.T, *push.T, color=style.SAMPLES, angles="xy", scale_units="xy",
                    scale=1, width=0.008)  # fmt: skip
        each.plot(*places.T, ".", color=style.SAMPLES, markersize=5)
        each.set_title(
            "cross-entropy: push on fakes" if name == "gan" else "least squares: push on fakes"
        )
    return figure


#: Centres of the data and of the fakes that D is trained on.
_REAL, _FAKE, _REACH = (1.0, 0.6), (-1.0, -0.6), 4.0


def pushed(name: str, steps: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Trains a discriminator on two clouds of points, and pushes new fakes by its game.

    Args:
        name: "gan" or "lsgan".
        steps: Steps of the discriminator; the generator stays.

    Returns:
        The model; fakes on both sides of the boundary, `[N, 2]`; and the direction in which the
        generator's loss falls at each, the longest of length 1.5.
    """
    import keras
    import tensorflow as tf

    from tfgan_zoo.models import MODELS

    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(
        2,
        kernel_initializer=keras.initializers.Identity(0.5),
        bias_initializer=lambda shape, dtype=None: tf.constant(_FAKE, dtype),
    )
    still = keras.Sequential([keras.Input((2,)), layer])
    straight = training.discriminator(2, ())
    model = MODELS[name]((2,), 2, still, straight, latent_distribution="normal", seed=1)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-2), steps_per_execution=50)

    def draw(num: int, rng: np.random.Generator) -> np.ndarray:
        return rng.normal(_REAL, 0.5, (num, 2)).astype(np.float32)

    training.fit(model, draw, [steps], lambda step: None)
    places = np.float32(
        [(-2.2, -1), (-1.2, 0.4), (-0.4, -1.4), (2, 1.6), (3, 0.2), (1.4, 3), (3.2, 2.8)]
    )
    points = tf.constant(places)
    with tf.GradientTape() as tape:
        tape.watch(points)
        loss, _ = model.generator_loss(points, points, training=False)
    push = -tape.gradient(loss, points).numpy()
    return model, places, 1.5 * push / np.linalg.norm(push, axis=1).max()


def _boundary(axes: Any, model: Any, score: float) -> None:
    """Draws D's shades, its decision boundary, and the data."""
    line = np.linspace(-_REACH, _REACH, 100, dtype=np.float32)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    scores = model.discriminator.predict(grid, batch_size=4096, verbose=0).reshape(100, 100)
    span = 6 if score == 0.0 else 1.5
    axes.contourf(line, line, np.clip(scores - score, -span, span), 20, cmap=style.shades())
    axes.contour(line, line, scores, [score], colors=style.INK, linewidths=1)
    data = np.random.default_rng(0).normal(_REAL, 0.5, (120, 2))
    axes.plot(*data.T, ".", color=style.DATA, markersize=2.5)
    style.plane(axes, _REACH)


FIGURES = {
    "saturation": Figure(
        "Why the minimax generator stalls",
        "Early in training D is sure that samples are fake, and D(G(z)) is near 0: there log(1 "
        "- D) is flat, so the generator learns next to nothing. The non-saturating loss -log D "
        "has the same fixed point, and its slope is steepest exactly there.",
        saturation,
    ),
    "least_squares": Figure(
        "What least squares do to fakes that pass",
        "Four fakes are on the side of the data (grey) of the decision boundary (black), but "
        "far from the data: cross-entropy is content and hardly moves them. Least squares push "
        "every sample towards the score of real data, from both sides.",
        least_squares,
        models=("gan", "lsgan"),
    ),
}
