"""Figures of mode collapse: points, and the modes that games find, miss and leave."""

from typing import Any

import numpy as np

from benchmarks.gallery import maths, style, training
from benchmarks.gallery.figure import Figure

#: Name in the figure -> model and its arguments.
GAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "GAN": ("gan", {}),
    "packed by 4": ("gan", {"packing": 4}),
    "WGAN": ("wgan", {"clip": 0.05}),
    "WGAN-GP": ("wgan_gp", {"penalty_weight": 0.1}),
}
_STOPS = (0, 20, 50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1600, 1800)
_STOPS += (2000,)
_SHOWN = 400


def game(name: str, latent_dim: int = 4, units: tuple[int, ...] = (128, 128)) -> Any:
    """Returns a compiled model of `GAMES`, for points in the plane."""
    import keras

    from tfgan_zoo.models import MODELS

    key, options = GAMES[name]
    keras.utils.set_random_seed(0)
    packing = options.get("packing", 1)
    model = MODELS[key](
        (2,),
        latent_dim,
        training.generator(2, latent_dim, units),
        training.discriminator(2, units, packing),
        latent_distribution="normal",
        seed=1,
        **options,
    )
    if key == "wgan":
        optimizers = [keras.optimizers.RMSprop(1e-3) for _ in range(2)]
    else:
        # The generator of the GANs outruns their discriminator, and a critic is meant to be ahead.
        rates = 1e-3, 1e-4 if key == "gan" else 1e-3
        optimizers = [keras.optimizers.Adam(rate, 0.5, 0.9) for rate in rates]
    model.compile(*optimizers, steps_per_execution=10)
    return model


def frames(source: str, stops: tuple[int, ...] = _STOPS) -> list[np.ndarray]:
    """Trains all games on a set of points, and draws their samples at each stop."""
    from tfgan_zoo import progress
    from tfgan_zoo.data.points import mixture

    data = mixture(source)
    samples = {}
    for name in GAMES:
        model = game(name)
        samples[name] = training.fit(
            model, data.sample, list(stops), lambda step, m=model: m.generate(2500, seed=0)
        )
        kept = maths.modes_kept(samples[name][-1], data.centres)
        print(f"  {name}: {progress.counted(kept, 'mode')}", flush=True)
    reach = 1.35 * float(np.abs(data.centres).max())
    drawn = []
    for i, stop in enumerate(stops):
        figure, axes = style.panels(1, len(GAMES), 2.35, dpi=110)
        for each, name in zip(axes[0], GAMES, strict=True):
            points = samples[name][i]
            each.plot(*data.centres.T, "o", color="#d0d7de", markersize=9)
            each.plot(*points[:_SHOWN].T, ".", color=style.SAMPLES, markersize=2)
            style.plane(each, reach)
            each.set_title(name)
            modes = maths.modes_kept(points, data.centres)
            each.set_xlabel(f"{modes} of {len(data.centres)} modes")
        axes[0, 0].set_ylabel(f"step {stop:,}", color=style.MUTED)
        drawn.append(style.pixels(figure))
    return drawn


def ring() -> list[np.ndarray]:
    """Draws four games on eight Gaussians."""
    return frames("8gaussians")


def grid() -> list[np.ndarray]:
    """Draws four games on 25 Gaussians."""
    return frames("25gaussians")


def folding(stops: tuple[int, ...] = (100, 400, 1500, 4000)) -> Any:
    """Draws where a plane of noise goes, and which mode each place of it becomes."""
    from tfgan_zoo.data.points import mixture

    data = mixture("8gaussians")
    model = game("WGAN-GP", latent_dim=2)
    reach_z, reach_x = 2.5, 1.35 * float(np.abs(data.centres).max())
    side = 120
    line = np.linspace(-reach_z, reach_z, side, dtype=np.float32)
    plane = np.stack(np.meshgrid(line, line), axis=-1)

    def mapped(step: int) -> np.ndarray:
        found = model.generator.predict(plane.reshape(-1, 2), batch_size=4096, verbose=0)
        return found.reshape(side, side, 2)

    states = training.fit(model, data.sample, list(stops), mapped)
    figure, axes = style.panels(2, len(stops), 1.95)
    colours = wheel(len(data.centres))
    for i, (stop, state) in enumerate(zip(stops, states, strict=True)):
        upper, lower = axes[:, i]
        modes = maths.partition(state.reshape(-1, 2), data.centres).reshape(side, side)
        upper.imshow(colours[modes], origin="lower", extent=(-reach_z, reach_z) * 2)
        style.plane(upper, reach_z)
        upper.set_title(f"step {stop:,}")
        for lines in (state[::8], state[:, ::8].swapaxes(0, 1)):
            for each in lines:
                lower.plot(*each.T, color=style.SAMPLES, linewidth=0.5, alpha=0.6)
        lower.scatter(*data.centres.T, c=colours, s=28, zorder=3)
        style.plane(lower, reach_x)
    axes[0, 0].set_ylabel("z: which mode it becomes")
    axes[1, 0].set_ylabel("x: the plane of z, mapped")
    return figure


def wheel(num: int) -> np.ndarray:
    """Returns soft colours around the circle, `[num, 3]` in [0, 1]."""
    import colorsys

    return np.array([colorsys.hsv_to_rgb(i / num, 0.5, 0.85) for i in range(num)])


FIGURES = {
    "ring": Figure(
        "Mode collapse on a ring",
        "Each blue dot is a sample, each grey disc one of the eight modes of the data, through "
        "2,000 steps of four games with the same networks. The discriminator of the GANs learns a "
        "tenth as fast as the generator: without packing, samples crowd at a few modes, leave "
        "them, and visit others. The count below is of modes that are nearest to at least half "
        "of their share of the samples.",
        ring,
        "gif",
        models=("gan", "wgan", "wgan_gp"),
    ),
    "grid": Figure(
        "Mode collapse on a grid",
        "The same four games on 25 modes. Samples between modes show a generator that covers "
        "them but cannot yet tell them apart, and modes without samples one that leaves them "
        "out.",
        grid,
        "gif",
        models=("gan", "wgan", "wgan_gp"),
    ),
    "folding": Figure(
        "How noise is folded",
        "Above, the plane of noise z in the colour of the mode that each place becomes; below, "
        "a grid in that plane as the generator maps it, with the modes as dots. A continuous "
        "map must join all modes, so thin stretched bridges of samples remain between them.",
        folding,
        models=("wgan_gp",),
    ),
}
