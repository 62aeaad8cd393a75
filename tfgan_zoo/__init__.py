"""tfgan_zoo: every classic GAN as a Keras model that trains with `model.fit`.

>>> import tfgan_zoo
>>> model = tfgan_zoo.DCGAN(image_shape=(64, 64, 3))
>>> model.compile()
>>> model.fit(dataset, epochs=10)
"""

from typing import TYPE_CHECKING, Any

from tfgan_zoo.kernels import prefer_onednn
from tfgan_zoo.moved import MOVED, find_moved_modules

if TYPE_CHECKING:
    from tfgan_zoo import (
        callbacks,
        commands,
        config,
        data,
        errors,
        evaluation,
        importing,
        layers,
        losses,
        metrics,
        models,
        networks,
        noise,
        pictures,
        presets,
        reporting,
        run,
        schedules,
        serving,
        tasks,
        weight_files,
    )
    from tfgan_zoo.models import (
        ACGAN,
        CGAN,
        DCGAN,
        DTN,
        GAN,
        GAN3D,
        GANCLS,
        LSGAN,
        R3GAN,
        SNGAN,
        SRGAN,
        VAE,
        VAEGAN,
        WGAN,
        WGANGP,
        AttributeToImage,
        Autoencoder,
        BigGAN,
        Classifier,
        CycleGAN,
        DenoisingAutoencoder,
        EmbeddingAutoencoder,
        FeatureInversion,
        JointEmbedding,
        Pix2Pix,
        Pix2PixHD,
        RelativisticGAN,
        SparseAutoencoder,
    )

find_moved_modules()
prefer_onednn()

__version__ = "0.2.0"

__all__ = [
    "ACGAN",
    "CGAN",
    "DCGAN",
    "DTN",
    "GAN",
    "GAN3D",
    "GANCLS",
    "LSGAN",
    "R3GAN",
    "SNGAN",
    "SRGAN",
    "VAE",
    "VAEGAN",
    "WGAN",
    "WGANGP",
    "AttributeToImage",
    "Autoencoder",
    "BigGAN",
    "Classifier",
    "CycleGAN",
    "DenoisingAutoencoder",
    "EmbeddingAutoencoder",
    "FeatureInversion",
    "JointEmbedding",
    "Pix2Pix",
    "Pix2PixHD",
    "RelativisticGAN",
    "SparseAutoencoder",
    "callbacks",
    "commands",
    "config",
    "data",
    "errors",
    "evaluation",
    "from_preset",
    "importing",
    "layers",
    "list_models",
    "list_presets",
    "load_model",
    "losses",
    "metrics",
    "models",
    "networks",
    "noise",
    "pictures",
    "presets",
    "reporting",
    "run",
    "schedules",
    "serving",
    "show",
    "tasks",
    "weight_files",
]


def list_models() -> list[str]:
    """Returns the names of all models, as `--model` takes them."""
    from tfgan_zoo.models import MODELS

    return list(MODELS)


def load_model(filepath: Any) -> Any:
    """Loads a model saved with `model.save`, compiled as it was, ready to continue training.

    Args:
        filepath: A `.keras` file, or a run folder that has a `model.keras`.

    Raises:
        InputError: If there is no such file, or it is none that `model.save` writes.
    """
    from tfgan_zoo.run.loading import load_model

    return load_model(filepath)


def show(images: Any, titles: Any = None, *, columns: int | None = None) -> Any:
    """Shows images in a notebook; elsewhere, returns them as one picture.

    Takes what models return: `generate`, `translate`, `reconstruct` and others. Several batches
    stand below one another, each in a row with its title. Small images are enlarged by repeating
    pixels.

    Args:
        images: Images `[N, H, W, C]`, floats in [-1, 1] or uint8; points `[N, size]`, of which two
            dimensions are plotted; voxels `[N, D, H, W, C]`; or one image `[H, W, C]`. Arrays or
            tensors. A list of batches, or a dict with their titles, is shown in rows; a list of
            images of one size is one batch.
        titles: A title for one batch, or one for each of its images; for several batches, one for
            each. None for no titles.
        columns: Images in a line; None for about a square, and for several batches up to 16.

    Returns:
        None in a notebook, where the images are shown below the cell. Elsewhere a `PIL.Image`, with
        methods `show()` and `save(path)`.

    Raises:
        InputError: If the images have another shape, type or range, or the number of titles does
            not match.

    Example:
        >>> model = tfgan_zoo.GAN(image_shape=(16, 16, 1), latent_dim=4)
        >>> tfgan_zoo.show(model.generate(16, seed=0)).size
        (518, 518)
        >>> seeds = {f"seed {seed}": model.generate(8, seed=seed) for seed in (0, 1)}
        >>> tfgan_zoo.show(seeds).size
        (526, 180)
    """
    from tfgan_zoo.pictures.show import show

    return show(images, titles, columns=columns)


def list_presets() -> Any:
    """Returns the pretrained models that `from_preset` and `--preset` take, as a table.

    Each row is a `tfgan_zoo.presets.Preset`: the card of a preset, with its scores and the protocol
    by which they were measured, the licence of its data, and its limits.

    Example:
        >>> print(tfgan_zoo.list_presets())
        >>> [preset.name for preset in tfgan_zoo.list_presets() if "generate" in preset.commands]
    """
    from tfgan_zoo import presets

    return presets.list_presets()


def from_preset(name: str) -> Any:
    """Returns a pretrained model, ready to generate, translate, encode or export.

    Args:
        name: The name of a preset, as `list_presets` shows it. Small ones come with the library.

    Returns:
        The Keras model. Its discriminator, if it has one, is untrained, and it is not compiled:
        `model.compile()` before `model.fit` sets the paper's optimizers.

    Raises:
        InputError: If there is no such preset, or its file is damaged or cannot be downloaded.

    Example:
        >>> model = tfgan_zoo.from_preset("r3gan_figures")
        >>> images = model.generate(16, seed=0)
    """
    from tfgan_zoo.run.loading import from_preset

    return from_preset(name)


def __getattr__(name: str) -> Any:
    # TensorFlow takes seconds to import; `python -m tfgan_zoo.train --help` must not wait for it.
    import importlib

    if f"{__name__}.{name}" in MOVED:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name[0].islower():  # the classes are capitalized, the functions defined above
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module(f"{__name__}.models"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
