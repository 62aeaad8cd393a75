"""Figures of autoencoders, on the drawn figures of the library."""

from typing import Any

import numpy as np

from benchmarks.gallery import maths, style
from benchmarks.gallery.figure import Figure

_RHO = 0.05


def sparse(steps: int = 2000, units: int = 128) -> Any:
    """Draws the sparsity penalty, and how often units are active without it and with it."""
    import keras

    import tfgan_zoo
    from tfgan_zoo import networks
    from tfgan_zoo.data import figures

    shape = (32, 32, 3)
    images = figures.load(num=8000)["image"]
    test = figures.load(split="test", num=1000)["image"]
    means = {}
    sparsity = {"rho": _RHO, "sparsity_weight": 3.0}
    for name, made, options in (
        ("without a penalty", tfgan_zoo.Autoencoder, {}),
        (f"with rho = {_RHO}", tfgan_zoo.SparseAutoencoder, sparsity),
    ):
        keras.utils.set_random_seed(0)
        model = made(
            shape,
            units,
            networks.mlp_encoder(shape, units, units=(), output_activation="sigmoid"),
            networks.mlp_decoder(shape, units, units=(), output_activation="linear"),
            **options,
        )
        model.compile(keras.optimizers.Adam(1e-3))
        stream = _batches(images, 128)
        model.fit(stream, steps_per_epoch=steps, verbose=0)
        means[name] = model.encode(test).mean(axis=0)
    figure, axes = style.panels(1, 2, 2.4)
    left, right = axes[0]
    activity = np.linspace(0.002, 0.998, 300)
    for rho, colour in ((_RHO, style.JUDGE), (0.2, style.AMBER), (0.5, style.GREEN)):
        left.plot(activity, maths.sparsity(activity, rho), color=colour, label=f"rho = {rho}")
    left.set(title="the penalty of a unit", xlabel="its mean activation", ylim=(0, 3), xlim=(0, 1))
    left.grid(axis="y")
    left.legend(loc="upper center")
    bins = np.linspace(0, 1, 41)
    for (name, values), colour in zip(means.items(), (style.DATA, style.JUDGE), strict=True):
        right.hist(values, bins, color=colour, alpha=0.7, label=name)
    right.set(title=f"{units} units: mean activation", xlabel="on held-out images", xlim=(0, 1))
    right.legend(loc="upper right")
    return figure


def denoising(steps: int = 2500, level: float = 0.5) -> Any:
    """Draws noisy figures, the best median filter, and what a trained model makes of them."""
    import keras

    import tfgan_zoo
    from benchmarks import codes
    from tfgan_zoo import networks, pictures
    from tfgan_zoo.data import figures

    shape, dim = (32, 32, 3), 64
    keras.utils.set_random_seed(0)
    model = tfgan_zoo.DenoisingAutoencoder(
        shape,
        dim,
        networks.conv_encoder(shape, dim, filters=16),
        networks.conv_decoder(shape, dim, filters=16, output_activation="linear"),
        corruption="gaussian",
        corruption_level=level,
    )
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)))
    model.fit(_batches(figures.load()["image"], 64), steps_per_epoch=steps, verbose=0)
    clean = pictures.from_uint8(figures.load(split="test", num=200)["image"])
    noisy = model.corrupted(clean)
    window, median = codes.best_median(noisy, clean)
    rows = {
        "noisy": noisy,
        f"median {window}x{window}": median,
        "restored": model.reconstruct(noisy),
    }
    named = {f"{name}\n{codes.psnr(made, clean):.1f} dB": made for name, made in rows.items()}
    return style.strips(named | {"original": clean}, 10)


def embeddings(steps: int = 1000) -> Any:
    """Draws figures in the plane, by three codes of two numbers."""
    import keras

    import tfgan_zoo
    from benchmarks import codes
    from tfgan_zoo import losses, networks, pictures
    from tfgan_zoo.data import figures

    shape = (32, 32, 3)
    images = figures.load()["image"]
    test = figures.load(split="test", num=500)["image"]
    x = pictures.from_uint8(test)
    found = {"PCA": codes.components(pictures.from_uint8(images[:4000]), 2).encode(x)}
    for name, weight in (("autoencoder", 0.0), ("embedding autoencoder", 1.0)):
        keras.utils.set_random_seed(0)
        model = tfgan_zoo.EmbeddingAutoencoder(
            shape,
            2,
            networks.conv_encoder(shape, 2, filters=16),
            networks.conv_decoder(shape, 2, filters=16, output_activation="linear"),
            embedding_weight=weight,
        )
        model.compile(keras.optimizers.Adam(1e-3))
        model.fit(_batches(images, 64), steps_per_epoch=steps, verbose=0)
        found[name] = model.encode(x)
    figure, axes = style.panels(1, 3, 2.6)
    for each, (name, places) in zip(axes[0], found.items(), strict=True):
        scaled = codes.best_scale(x, places) * places
        stress = float(losses.mds_stress(x, scaled))
        centred = places - places.mean(axis=0)
        reach = 1.15 * float(np.abs(centred).max())
        style.plane(each, reach)
        _thumbnails(each, centred, test, reach / 13)
        each.set_title(f"{name}\nstress {stress:.2f}")
    return figure


#: Sums that `arithmetic` draws.
_SUMS = (
    ("red ring", "red star", "blue star"),
    ("green circle", "green square", "pink square"),
    ("yellow cross", "yellow triangle", "cyan triangle"),
)


def arithmetic(steps: int = 1500) -> Any:
    """Draws sums of the codes of figures: a - b + c, for images a and mean codes of b and c."""
    import keras

    import tfgan_zoo
    from tfgan_zoo import networks, pictures
    from tfgan_zoo.data import figures

    shape, dim = (32, 32, 3), 16
    keras.utils.set_random_seed(0)
    model = tfgan_zoo.VAE(
        shape,
        dim,
        networks.conv_encoder(shape, 2 * dim, filters=16),
        networks.conv_decoder(shape, dim, filters=16, output_activation="linear"),
        sigma=0.1,
    )
    data = figures.load()
    model.start_at_mean(data["image"][:2000])
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)))
    model.fit(_batches(data["image"], 64), steps_per_epoch=steps, verbose=0)
    test = figures.load(split="test")

    def mean(name: str) -> np.ndarray:
        images = data["image"][data["label"] == figures.CLASS_NAMES.index(name)]
        return model.encode(images).mean(axis=0)

    figure, axes = style.panels(len(_SUMS), 4, 1.05)
    for row, names in zip(axes, _SUMS, strict=True):
        first, second, third = (figures.CLASS_NAMES.index(name) for name in names)
        picked = [test["image"][test["label"] == label][:3] for label in (first, second, third)]
        sums = model.encode(picked[0]) - mean(names[1]) + mean(names[2])
        made = pictures.to_uint8(model.decode(sums))
        titles = (names[0], f"-  {names[1]}", f"+  {names[2]}", "=")
        for each, title, images in zip(row, titles, [*picked, made], strict=True):
            each.imshow(pictures.grid(images, 3), interpolation="nearest")
            style.bare(each)
            each.set_title(title)
    return figure


def _thumbnails(axes: Any, places: np.ndarray, images: np.ndarray, half: float) -> None:
    """Draws images at their places, unless another one is there."""
    taken = np.zeros((0, 2))
    for place, image in zip(places, images, strict=True):
        if np.any(np.all(np.abs(taken - place) < 2 * half, axis=1)):
            continue
        taken = np.concatenate([taken, place[None]])
        (x, y) = place
        axes.imshow(image, extent=(x - half, x + half, y - half, y + half), zorder=2)
    reach = axes.get_xlim(), axes.get_ylim()
    axes.set(xlim=reach[0], ylim=reach[1], aspect="equal")


def _batches(images: np.ndarray, batch: int) -> Any:
    """Returns an endless dataset of shuffled batches."""
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images), seed=0).repeat()
    return data.batch(batch, drop_remainder=True).prefetch(2)


FIGURES = {
    "sparse": Figure(
        "Sparse codes",
        "The penalty is the divergence of the wanted mean activation rho from the actual one, 0 "
        "where they agree and steep towards 0 and 1. Without it, half of the sigmoid units of a "
        "layer are always on and carry nothing; with it, nearly all are about as seldom active "
        "as asked for.",
        sparse,
        models=("sparse_autoencoder",),
    ),
    "denoising": Figure(
        "Restored from noise",
        "A denoising autoencoder is shown the noisy figures only, and returns clean ones. It "
        "knows what figures look like, so edges are sharp where a median filter can only trade "
        "noise for blur.",
        denoising,
        models=("denoising_autoencoder",),
    ),
    "arithmetic": Figure(
        "Arithmetic on codes",
        "To the codes of three images, the difference of two mean codes is added: that of the "
        "third figure and that of the second, which have the same shape. Decoded by a VAE, the "
        "sum keeps the shape of the first figure and takes the colour of the last.",
        arithmetic,
        models=("vae",),
    ),
    "embeddings": Figure(
        "Maps of images",
        "Each of three models gives an image two numbers, its place on the map. Principal "
        "components and the embedding autoencoder keep distances (stress is the share that is "
        "lost), while a plain autoencoder spends its two numbers on telling images apart.",
        embeddings,
        models=("embedding_autoencoder",),
    ),
}
