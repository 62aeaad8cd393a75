"""A figure of four games by year, trained for the same time on the same images."""

import time
from typing import Any, NamedTuple

import numpy as np

from benchmarks.gallery import style, training
from benchmarks.gallery.figure import Figure

#: Name in the figure -> recipe; None for the first GAN as it was published.
GAMES: dict[str, str | None] = {
    "GAN 2014": None,
    "DCGAN 2015": "dcgan",
    "WGAN-GP 2017": "wgan_gp",
    "R3GAN 2024": "r3gan_unconditional",
}
#: Steps before the speed is measured, in which graphs are built, and steps that are measured. The
#: latter are a multiple of 8, as recipes take penalties in every 8th step.
_FIRST, _MEASURED = 8, 48
_COLUMNS = 13


class Trained(NamedTuple):
    """What became of a game.

    Attributes:
        model: The model.
        steps: The steps that it took.
        seconds: Their CPU time, and that of building graphs.
    """

    model: Any
    steps: int
    seconds: float


def generations(minutes: float = 5.0, samples: int = 1000) -> Any:
    """Draws samples of four games after the same CPU time, beside the images that they learn from.

    Args:
        minutes: CPU time of each game's steps.
        samples: Samples of each game that are scored.
    """
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import figure_scores
    from tfgan_zoo.progress import counted

    images = figures.load()["image"]
    rows = {"data": images[:_COLUMNS]}
    for name in GAMES:
        model, steps, seconds = trained(config_of(name), images, minutes)
        made = pictures.to_uint8(model.generate(samples, seed=0))
        validity = figure_scores(made)["validity"]
        took = counted(steps, "step")
        rows[f"{name}\n{took}\n{validity:.0%} clean"] = made[:_COLUMNS]
        print(f"  {name}: {took} in {seconds:.0f} s, {validity:.1%} clean", flush=True)
    return style.strips(rows)


def config_of(name: str) -> Any:
    """Returns the config of a game of `GAMES`: its recipe's, or that of the first paper.

    The model `gan` has the fully connected networks of the first GAN unless a config names others;
    its recipe does. Adam takes the place of the paper's gradient descent with momentum, which needs
    the authors' bounds on weights: without them it diverges on figures.
    """
    from tfgan_zoo import config as config_lib

    recipe = GAMES[name]
    if recipe is not None:
        return config_lib.load_config(recipe)
    config = config_lib.noise_to_image_config("gan")
    config.model_args.latent_distribution = "uniform"
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
    config.data.batch_size = 100
    return config


def trained(config: Any, images: np.ndarray, minutes: float) -> Trained:
    """Trains the model of a config for some CPU time.

    A copy takes the first steps, to measure how many fit. Learning rates that decay reach their
    end with the last one.

    Args:
        config: From `config_of`; its number of steps is replaced.
        images: The training images, uint8 `[N, H, W, C]`.
        minutes: CPU time of the steps.
    """
    from tfgan_zoo.config import Planner
    from tfgan_zoo.run.building import build_model

    batch = config.data.batch_size

    def draw(num: int, rng: np.random.Generator) -> np.ndarray:
        drawn = images[rng.integers(len(images), size=num)]
        flipped = rng.random(num) < 0.5  # as in the recipes: the figures are symmetrical
        drawn[flipped] = drawn[flipped, :, ::-1]
        return drawn

    def took(model: Any, first: int, last: int) -> float:
        def clock(step: int) -> float:
            del step
            return time.process_time()

        start, end = training.fit(model, draw, [first, last], clock, batch)
        return end - start

    measured = took(build_model(config), _FIRST, _FIRST + _MEASURED)
    steps = max(1, round(60 * minutes / measured * _MEASURED))
    model = build_model(Planner(config).planned(steps))
    return Trained(model, steps, took(model, 0, steps))


FIGURES = {
    "generations": Figure(
        "Four games by year",
        "Each game trains from scratch for the same CPU time on the same images: the first GAN "
        "with the fully connected networks of its paper and Adam, the others with convolutional "
        "networks like DCGAN's and the settings of their recipes, aids of later years included. "
        "WGAN-GP has a critic, with a penalty that keeps its slopes near 1, and R3GAN compares "
        "each real image with a generated one, with penalties on the slopes at both; percentages "
        "are shares of 1,000 samples that show one clean figure.",
        generations,
        models=("gan", "dcgan", "wgan_gp", "r3gan"),
    ),
}
