"""Figures of critics: what their slopes tell a generator."""

from typing import Any

import numpy as np

from benchmarks.gallery import style, training
from benchmarks.gallery.figure import Figure

_APART = (6.0, 0.8)


def critics(steps: int = 1500) -> Any:
    """Draws D and two critics on two Gaussians that are far apart, and the slopes fakes get."""
    import keras

    import tfgan_zoo
    from benchmarks.reproduce import theory

    x = np.linspace(-4, 10, 561)
    scores = {}
    model = theory.game(_APART)
    theory.fit(model, theory.adam(3e-3, steps), steps)
    scores["GAN: D"] = theory.sigmoid(theory.scores(model, x))
    for name, made in (("WGAN, clipped", tfgan_zoo.WGAN), ("WGAN-GP", tfgan_zoo.WGANGP)):
        keras.utils.set_random_seed(0)
        options = {"clip": 0.1} if made is tfgan_zoo.WGAN else {}
        model = made(
            (1,),
            1,
            theory.affine(_APART),
            theory.network(),
            discriminator_steps=1,
            seed=1,
            **options,
        )
        optimizer = keras.optimizers.RMSprop(1e-3) if options else theory.adam(1e-3, steps)
        theory.fit(model, optimizer, steps)
        scores[name] = theory.scores(model, x)
    figure, axes = style.panels(1, 2)
    left, right = axes[0]
    for density, colour, name in (
        (theory.DATA, style.DATA, "data"),
        (_APART, style.SAMPLES, "samples"),
    ):
        shape = theory.density(x, density)
        left.fill_between(x, shape / shape.max() * 0.35, color=colour, alpha=0.25, lw=0, label=name)
        right.axvspan(density[0] - 2 * density[1], density[0] + 2 * density[1], color=colour,
                      alpha=0.1, lw=0)  # fmt: skip
    colours = zip(scores, (style.JUDGE, style.AMBER, style.GREEN), strict=True)
    for name, colour in colours:
        values = scores[name]
        slopes = np.abs(np.gradient(values, x))
        if name != "GAN: D":  # A critic's scores have neither a zero nor a unit.
            span = np.ptp(values[(x > -1) & (x < 7)])
            values, slopes = (values - values.min()) / span, slopes / slopes.max()
        else:
            slopes = slopes / slopes.max()
        left.plot(x, values, color=colour, label=name)
        right.plot(x, slopes, color=colour)
    left.set(title="D(x), and critics on a scale of their own", ylim=(0, 1.5), xlabel="x")
    left.set_yticks([0, 1])
    left.legend(loc="upper right")
    right.set(title="slope, as a share of its largest", ylim=(0, 1.05), xlabel="x")
    right.text(_APART[0], 0.5, "where the\nsamples are", color=style.SAMPLES, ha="center")
    right.grid(axis="y")
    return figure


def clipping(steps: int = 600) -> Any:
    """Draws the surfaces and the weights of a clipped critic and of a penalised one."""
    import keras

    import tfgan_zoo
    from tfgan_zoo.data.points import mixture

    data = mixture("8gaussians")
    noise = 0.2
    reach = 2.2
    line = np.linspace(-reach, reach, 120).astype(np.float32)
    places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    figure, axes = style.panels(1, 4, 2.2)
    for i, (name, made) in enumerate(
        (("clipped", tfgan_zoo.WGAN), ("penalised", tfgan_zoo.WGANGP))
    ):
        keras.utils.set_random_seed(0)
        penalised = made is tfgan_zoo.WGANGP
        options = {"penalty_weight": 0.1} if penalised else {"clip": 0.1}
        model = made((2,), 2, _noisy_ring(noise), training.discriminator(2, (128,) * 3),
                     discriminator_steps=1, seed=1, **options)  # fmt: skip
        optimizer = (
            keras.optimizers.Adam(1e-3, 0.5, 0.9) if penalised else keras.optimizers.RMSprop(5e-4)
        )
        model.compile(keras.optimizers.SGD(0.0), optimizer)
        training.fit(model, data.sample, [steps], lambda step: None, batch=256)
        scores = model.discriminator.predict(places, batch_size=4096, verbose=0)
        surface, weights = axes[0, i], axes[0, 2 + i]
        levels = scores.reshape(len(line), -1)
        surface.contourf(line, line, levels, 24, cmap=style.shades())
        surface.contour(line, line, levels, 12, colors=style.JUDGE, linewidths=0.5)
        surface.plot(*data.sample(300, np.random.default_rng(0)).T, ".", color=style.INK, ms=2)
        style.plane(surface, reach)
        surface.set_title(f"critic, {name}")
        kernels = np.concatenate(
            [w.numpy().ravel() for w in model.discriminator.trainable_variables]
        )
        bound = 0.1 if not penalised else 0.5
        weights.hist(kernels, np.linspace(-bound, bound, 41), color=style.GREEN if penalised else
                     style.AMBER, density=True)  # fmt: skip
        weights.set(title=f"its weights, {name}", yticks=[])
        weights.spines["left"].set_visible(False)
    return figure


def _noisy_ring(noise: float) -> Any:
    """Returns a generator whose samples stay: noise around the origin."""
    import keras

    layer = keras.layers.Dense(2, kernel_initializer=keras.initializers.Identity(noise))
    return keras.Sequential([keras.Input((2,)), layer])


FIGURES = {
    "critics": Figure(
        "A discriminator and critics on two Gaussians",
        "Data and samples hardly overlap, so the discriminator of a GAN is right about both, "
        "flat where the samples are, and its slope tells them nothing. Critics rise steadily "
        "from the samples to the data: with a penalty nearly at one slope, with clipped weights "
        "less evenly.",
        critics,
        models=("gan", "wgan", "wgan_gp"),
    ),
    "clipping": Figure(
        "Clipping against a gradient penalty",
        "Samples lie at the origin, data (black) on a ring; the first critic has its weights "
        "clipped to 0.1, the second one a gradient penalty. Clipping drives most weights to the "
        "two bounds, and the critic is of simple shape; the penalty leaves weights about where "
        "they started, and the critic follows each mode.",
        clipping,
        models=("wgan", "wgan_gp"),
    ),
}
