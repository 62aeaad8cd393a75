"""Compares autoencoders with what needs no training, or less of it, and tabulates the results.

  python -m benchmarks.autoencoders                          # all parts, hours on a CPU
  python -m benchmarks.autoencoders --parts=linear,embedding # minutes
  python -m benchmarks.autoencoders --parts=linear --output=docs/results.md

Parts, each with a table of its own:

  linear     a linear autoencoder and a convolutional one beside PCA, on Fashion-MNIST
  embedding  maps of Fashion-MNIST in the plane by PCA, an autoencoder and an embedding autoencoder
  figures    reconstructions of figures beside those of PCA
  denoising  restored figures beside the best median filter
  filters    what the units of a denoising autoencoder look at, with noise and without (a picture)
  probe      what a linear classifier reads from pixels, PCA and codes
  sparse     how often the units of a sparse autoencoder are active
  samples    samples, interpolations and arithmetic of VAE and VAE/GAN on figures
  bound      the bound of log p(x) of binarised MNIST

Finished runs in --workdir are only scored. Prints the tables and, with --output, puts each into a
Markdown file between the lines `<!-- autoencoders-PART:begin -->` and `<!-- autoencoders-PART:end
-->`. Where a comparison is lost that an autoencoder must win, the command ends with an error, after
the tables.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

#: Corruptions of figures, and the levels to restore them from.
_CORRUPTIONS = (
    ("gaussian", 0.25),
    ("gaussian", 0.5),
    ("masking", 0.25),
    ("salt_and_pepper", 0.1),
    ("salt_and_pepper", 0.25),
)


def images_of(source: str, split: str, num: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns images, uint8, and their classes."""
    from tfgan_zoo.data import fit_for, load_images, open_source

    opened = open_source(source, split=split)
    images = load_images(opened, fit_for(opened), num)
    return images, np.asarray(opened.labels)[: len(images)]


def fitted(model: Any, images: np.ndarray, rate: float, epochs: int, batch_size: int = 200) -> Any:
    """Trains a model on images, at a rate that falls to zero along a cosine."""
    import keras

    decay = keras.optimizers.schedules.CosineDecay(rate, epochs * (len(images) // batch_size))
    model.compile(keras.optimizers.Adam(decay))
    model.fit(images, batch_size=batch_size, epochs=epochs, verbose=2)
    return model


# ---------------------------------------------------------------------- Fashion-MNIST


def linear(given: cli.Flags) -> Iterator[str]:
    """A linear autoencoder spans the principal components; a convolutional one does better."""
    import keras

    from benchmarks import codes
    from tfgan_zoo import models, networks, pictures

    train, _ = images_of(given.fashion_mnist, "train")
    test, _ = images_of(given.fashion_mnist, "test")
    x = pictures.from_uint8(test)
    shape, dims = train.shape[1:], [int(dim) for dim in given.dims]
    pca = codes.components(pictures.from_uint8(train), max(dims))
    yield f"Mean squared error of the pixels in [0, 1] of {len(x):,} held-out images, after"
    yield f"{given.epochs} epochs, {given.conv_epochs} of the convolutional one; {common.where()}."
    yield ""
    yield "| code | PCA | linear autoencoder | convolutional autoencoder |"
    yield "|---|---|---|---|"
    for dim in dims:
        keras.utils.set_random_seed(0)
        decoder = networks.mlp_decoder(shape, dim, units=(), output_activation="linear")
        decoder.get_layer("output").bias.assign(pca.mean)
        straight = models.Autoencoder(
            shape, dim, networks.mlp_encoder(shape, dim, units=()), decoder
        )
        fitted(straight, train, 2e-3, given.epochs)
        floor = codes.mse(pca.first(dim).reconstruct(x), x)
        # As the decoder returns it: clipping to [-1, 1] would help it.
        found = codes.mse(straight.decoder.predict(straight.encode(x), verbose=0), x)
        row = f"| {dim} | {floor:.5f} | {found:.5f} |"
        if not 0.99 * floor < found < 1.01 * floor:
            yield f"! linear, code {dim}: expected within 1 % of {floor:.5f}, got {found:.5f}."
        if not given.conv_epochs:
            yield f"{row} not measured |"
            continue
        decoder = networks.conv_decoder(shape, dim, output_activation="linear")
        convolutional = models.Autoencoder(shape, dim, decoder=decoder)
        fitted(convolutional, train, 2e-3, given.conv_epochs, batch_size=50)
        better = codes.mse(convolutional.reconstruct(x), x)
        yield f"{row} {better:.5f} |"
        if better >= floor:
            yield f"! convolutional, code {dim}: expected below {floor:.5f}, got {better:.5f}."


def embedding(given: cli.Flags) -> Iterator[str]:
    """Distances are kept best by the model that learns to keep them."""
    import keras

    from benchmarks import codes
    from tfgan_zoo import losses, metrics, models, networks, pictures

    train, _ = images_of(given.fashion_mnist, "train")
    test, labels = images_of(given.fashion_mnist, "test", given.num)
    x, shape = pictures.from_uint8(test), train.shape[1:]
    pca = codes.components(pictures.from_uint8(train), 2)
    plane = {"PCA": pca.encode(x)}
    errors = {"PCA": codes.mse(pca.reconstruct(x), x)}
    for name, weight in (("autoencoder", 0.0), ("embedding autoencoder", 1.0)):
        keras.utils.set_random_seed(0)
        units = {"units": (512, 256, 64), "activation": "relu"}
        model = models.EmbeddingAutoencoder(
            shape,
            2,
            networks.mlp_encoder(shape, 2, **units),
            networks.mlp_decoder(shape, 2, **units | {"units": (64, 256, 512)}),
            embedding_weight=weight,
        )
        fitted(model, train, 1e-3, given.epochs)
        plane[name], errors[name] = model.encode(x), codes.mse(model.reconstruct(x), x)
    yield f"{len(x):,} held-out images, after {given.epochs} epochs; {common.where()}."
    yield ""
    yield "| codes of 2 | stress | trustworthiness | continuity | MSE of pixels |"
    yield "|---|---|---|---|---|"
    stress = {}
    for name, places in plane.items():
        # An autoencoder alone has no scale; the best one is as fair as can be.
        scale = codes.best_scale(x, places)
        stress[name] = float(losses.mds_stress(x, scale * places))
        yield (
            f"| {name} | {stress[name]:.4f} | {metrics.trustworthiness(x, places):.4f} | "
            f"{metrics.continuity(x, places):.4f} | {errors[name]:.4f} |"
        )
    picture = np.concatenate([codes.plane(each, labels) for each in plane.values()], axis=1)
    pictures.save_png(Path(given.workdir) / "embedding.png", picture)
    if min(stress, key=stress.__getitem__) != "embedding autoencoder":
        yield f"! embedding: expected the lowest stress of the embedding autoencoder, got {stress}."


# ---------------------------------------------------------------------- figures


def figures(given: cli.Flags) -> Iterator[str]:
    """Reconstructions of figures beside those of as many principal components."""
    from benchmarks import codes
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures as data

    yield f"PSNR in dB of {given.num:,} held-out reconstructions; {common.where()}."
    yield ""
    yield "| view | code | PCA | `autoencoder` | clean figures | steps | time | images/s |"
    yield "|---|---|---|---|---|---|---|---|"
    for view, dims in (("", (16, 64)), ("full", (64, 128))):
        pca = codes.components(pictures.from_uint8(data.load(view)["image"]), max(dims))
        x = pictures.from_uint8(data.load(view, split="test", num=given.num)["image"])
        for dim in dims:
            source = f"figures/{view}" if view else "figures"
            # Figures of `full` differ in much more, which takes longer to learn.
            longer = {"train.steps": 375 * dim} if view else {}
            model, workdir = common.trained(
                given,
                "autoencoder",
                f"autoencoder_{view or 'default'}_{dim}",
                {"data.source": source, "model_args.latent_dim": dim, **longer},
            )
            made = model.reconstruct(x)
            floor = codes.psnr(pca.first(dim).reconstruct(x), x)
            yield (
                f"| {view or 'default'} | {dim} | {floor:.1f} | {codes.psnr(made, x):.1f} | "
                f"{codes.share_clean(made):.3f} | {common.cost(workdir, model.steps_done)} |"
            )
            if codes.psnr(made, x) < floor + 3:
                yield f"! figures, {view or 'default'} {dim}: expected {floor + 3:.1f} dB or more."


def denoising(given: cli.Flags) -> Iterator[str]:
    """Figures restored from noise beside the best median filter for that noise."""
    from benchmarks import codes
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures as data

    x = pictures.from_uint8(data.load(split="test", num=given.num)["image"])
    yield f"{len(x):,} held-out figures: PSNR in dB, and the share of clean figures;"
    yield f"{common.where()}."
    yield ""
    yield "| corruption | noisy | best median | restored | clean: noisy | median | restored |"
    yield "|---|---|---|---|---|---|---|"
    for kind, level in _CORRUPTIONS:
        model, _ = common.trained(
            given,
            "denoising_autoencoder",
            f"denoising_{kind}_{level:g}",
            {"model_args.corruption": kind, "model_args.corruption_level": level},
        )
        noisy = model.corrupted(x)
        window, median = codes.best_median(noisy, x)
        made = model.reconstruct(noisy)
        ratios = [codes.psnr(each, x) for each in (noisy, median, made)]
        clean = [codes.share_clean(each) for each in (noisy, median, made)]
        yield (
            f"| {kind} {level:g} | {ratios[0]:.1f} | {ratios[1]:.1f} ({window}x{window}) | "
            f"{ratios[2]:.1f} | {' | '.join(f'{share:.3f}' for share in clean)} |"
        )
        if ratios[2] <= ratios[1]:
            yield f"! denoising, {kind} {level:g}: expected more than {ratios[1]:.1f} dB."


def filters(given: cli.Flags) -> Iterator[str]:
    """First-layer filters of one layer of sigmoid units, trained without and with noise."""
    import keras

    from benchmarks import codes
    from tfgan_zoo import models, pictures

    train, _ = images_of(given.mnist, "train")
    sheets, lines = [], []
    for level in (0.0, 0.25, 0.5):
        keras.utils.set_random_seed(0)
        model = models.DenoisingAutoencoder(
            train.shape[1:], 256, corruption="masking", corruption_level=level
        )
        fitted(model, train, 1e-3, given.epochs)
        sheets.append(codes.filters(model.encoder, train.shape[1:]))
        lines.append(f"{level:g}")
    path = Path(given.workdir) / "filters.png"
    pictures.save_png(path, np.concatenate(sheets, axis=1))
    yield (
        f"64 of 256 units of one layer on MNIST, masked by {', '.join(lines)} from left to right, "
        f"after {given.epochs} epochs."
    )


def probe(given: cli.Flags) -> Iterator[str]:
    """Linear probes of the attributes of figures from pixels, components and codes."""
    from benchmarks import codes
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures as data

    seen, tested = (data.attributes("full", split, num) for split, num in _PROBED)
    images, test = (data.render(each) for each in (seen, tested))
    x, y = pictures.from_uint8(images), pictures.from_uint8(test)
    pca = codes.components(pictures.from_uint8(data.load("full")["image"]), 64)
    encoded = {"pixels": (x, y), "PCA, 64": (pca.encode(x), pca.encode(y))}
    for name in ("autoencoder", "denoising_autoencoder", "sparse_autoencoder", "vae"):
        model, _ = common.trained(
            given,
            name,
            f"probe_{name}",
            {"data.source": "figures/full", "model_args.latent_dim": 64},
        )
        encoded[f"`{name}`, 64"] = model.encode(images), model.encode(test)
    yield f"Accuracy of linear probes on {len(tested):,} held-out figures; {common.where()}."
    yield ""
    yield f"| codes | {' | '.join(codes.PROBED)} |"
    yield "|---|---|---|---|---|---|"
    for name, (ours, theirs) in encoded.items():
        found = codes.probes(ours, seen, theirs, tested)
        yield f"| {name} | {' | '.join(f'{value:.3f}' for value in found.values())} |"


_PROBED = (("train", 10_000), ("test", 2000))


def sparse(given: cli.Flags) -> Iterator[str]:
    """How often the units of a sparse autoencoder are active on held-out figures."""
    from benchmarks import plots
    from tfgan_zoo import metrics, pictures
    from tfgan_zoo.data import figures as data

    images = data.load(split="test", num=given.num)["image"]
    yield f"Mean activation of units on {len(images):,} held-out figures; {common.where()}."
    yield ""
    yield "| penalty | rho | mean | least | most | units within 0.01 of rho | dead units |"
    yield "|---|---|---|---|---|---|---|"
    curves, found = {}, {}
    for weight in (3.0, 0.0):
        model, _ = common.trained(
            given,
            "sparse_autoencoder",
            f"sparse_{weight:g}",
            {"model_args.sparsity_weight": weight},
        )
        codes = model.encode(images)
        found[weight] = metrics.sparsity(codes)
        units = codes.mean(axis=0)
        counts, edges = np.histogram(units, bins=50, range=(0.0, 1.0))
        title = f"weight {weight:g}"
        curves[title] = [(float(x), float(n)) for x, n in zip(edges, counts, strict=False)]
        yield (
            f"| {title} | {model.rho:g} | {found[weight]['mean_activation']:.4f} | "
            f"{found[weight]['mean_activation_least']:.4f} | "
            f"{found[weight]['mean_activation_most']:.4f} | "
            f"{np.mean(np.abs(units - model.rho) < 0.01):.0%} | "
            f"{found[weight]['dead_units']:.0f} |"
        )
    pictures.save_png(
        Path(given.workdir) / "sparse.png", plots.plot(curves, "units", "mean activation")
    )
    with_penalty, rho = found[3.0], model.rho
    if abs(with_penalty["mean_activation"] - rho) > 0.01 or with_penalty["dead_units"]:
        yield f"! sparse: expected {rho} within 0.01 and no dead unit, got {with_penalty}."


def samples(given: cli.Flags) -> Iterator[str]:
    """Samples, interpolations and arithmetic on codes: VAE at several weights, and VAE/GAN."""
    from benchmarks import codes
    from tfgan_zoo import metrics, pictures
    from tfgan_zoo.data import figures as data

    seen = data.load(num=5000)["image"], data.attributes(num=5000)
    images = data.load(split="test", num=given.num)["image"]
    x = pictures.from_uint8(images)
    yield f"{len(images):,} held-out figures and as many samples; {common.where()}."
    yield ""
    yield (
        "| recipe | clean samples | clean between codes | between pixels | active units | "
        "PSNR | SWD | recoloured, rest kept | steps | time | images/s |"
    )
    yield f"|{'---|' * 11}"
    runs = {
        f"`vae`, beta {beta:g}": ("vae", {"model_args.beta": beta}) for beta in (0.1, 1.0, 10.0)
    }
    runs["`vae_gan`"] = ("vae_gan", {})
    sheet_of = {}
    for title, (name, entries) in runs.items():
        beta = f"_{next(iter(entries.values())):g}" if entries else ""
        model, workdir = common.trained(given, name, f"{name}{beta}", entries)
        made = model.generate(len(images), seed=3)
        fours = made[: min(48, len(made) // 4 * 4)].reshape(-1, 4, *made.shape[1:])
        sheet_of[f"{name}{beta}"] = np.concatenate(list(pictures.to_uint8(fours).swapaxes(0, 1)), 2)
        arithmetic, sheet = codes.recolour(model, seen, images)
        between, pixels = codes.blends(model, images)
        pictures.save_png(Path(given.workdir) / f"recoloured_{name}{beta}.png", sheet)
        yield (
            f"| {title} | {codes.share_clean(made):.3f} | {between:.3f} | {pixels:.3f} | "
            f"{metrics.active_units(model.encode(images))} of {model.latent_dim} | "
            f"{codes.psnr(model.reconstruct(x), x):.1f} | "
            f"{metrics.sliced_wasserstein(made, x):.4f} | {arithmetic['alone']:.3f} | "
            f"{common.cost(workdir, model.steps_done)} |"
        )
        if between <= pixels:
            yield f"! {name}{beta}: expected more clean figures between codes than between pixels."
    drawn = pictures.titled_rows(list(sheet_of), list(sheet_of.values()), at_least=640)
    pictures.save_png(Path(given.workdir) / "samples.png", drawn)


# ---------------------------------------------------------------------- MNIST


def bound(given: cli.Flags) -> Iterator[str]:
    """The bound of log p(x) of all test digits, by the number of draws."""
    from tfgan_zoo import pictures

    model, workdir = common.trained(given, "vae_mnist", "vae_mnist", {"data.source": given.mnist})
    images, _ = images_of(given.mnist, "test", given.num)
    x = (pictures.from_uint8(images) + 1) / 2
    binary = 2.0 * (np.random.default_rng(0).uniform(size=x.shape) < x).astype("float32") - 1.0
    yield f"Mean over {len(images):,} test digits, in nats, after {model.steps_done:,} steps and"
    yield f"{common.minutes(workdir):.0f} minutes; {common.where()}."
    yield ""
    yield "| draws | dynamic binarisation | one binarisation by seed 0 |"
    yield "|---|---|---|"
    values = []
    for draws in (None, *(int(each) for each in given.draws)):
        values.append(float(model.bound(images, draws).mean()))
        fixed = float(model.bound(binary, draws).mean())
        yield f"| {'ELBO' if draws is None else f'{draws:,}'} | {values[-1]:.2f} | {fixed:.2f} |"
    yield "| published (Burda et al. 2015), 5,000 | -86.76 | |"
    if sorted(values[1:]) != values[1:]:
        yield f"! bound: expected bounds that rise with the number of draws, got {values[1:]}."


def main(argv: list[str]) -> None:
    """Trains the models and writes the tables."""
    parts = {
        "linear": linear,
        "embedding": embedding,
        "figures": figures,
        "denoising": denoising,
        "filters": filters,
        "probe": probe,
        "sparse": sparse,
        "samples": samples,
        "bound": bound,
    }
    given = cli.Flags()
    given.define_list("parts", list(parts), "Parts.")
    given.define_string("workdir", "runs", "Folder of the run folders and pictures.")
    given.define_string("fashion_mnist", "tfds:fashion_mnist", "Source of Fashion-MNIST.")
    given.define_string("mnist", "tfds:mnist", "Source of MNIST.")
    given.define_list("dims", ["2", "8", "16", "32", "64"], "Lengths of codes, for linear.")
    given.define_integer("epochs", 20, "Epochs of fully connected models on MNISTs.")
    given.define_integer("conv_epochs", 10, "Epochs of convolutional models; 0 for none.")
    given.define_integer("steps", None, "Steps of each recipe; its own by default.")
    given.define_integer("num", 2000, "Held-out images to score.")
    given.define_list("draws", ["1", "5", "50", "500", "5000"], "Draws, for bound.")
    given.define_string("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    Path(given.workdir).mkdir(parents=True, exist_ok=True)
    common.write_parts(parts, given, "autoencoders")


if __name__ == "__main__":
    cli.run(main)
