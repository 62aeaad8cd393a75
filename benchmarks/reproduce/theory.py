"""Theorems on GANs, checked on one-dimensional Gaussians with known answers.

Goodfellow et al. 2014 (https://arxiv.org/abs/1406.2661): against a fixed G the best D is
p_data / (p_data + p_g), with value -log 4 + 2 JSD(p_data, p_g); if the distributions agree, D is
1/2 and the value -log 4. Arjovsky et al. 2017 (https://arxiv.org/abs/1701.07875): a K-Lipschitz
critic's value
is K times the Wasserstein distance, here the integral of the distance of the quantiles.

The generator is z * deviation + mean. It is fixed, with a learning rate of 0, except in the game
that is played to the end. With a gradient penalty of weight lambda, the optimal slope is a little
above 1, on a plain shift 1 + W / (2 lambda), so a critic's value is divided by its mean slope
between data and samples, which the model logs as `d_gradient_norm`. The best of several critics
counts: to reverse its slope, a critic must pass slopes near 0, where the penalty is highest, and
some get stuck. A clipped critic's value is divided by its largest slope, and so is at most the
distance. It is well below it: biases are clipped too, so units bend within the data, and the slope
is not the largest everywhere.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import flags

from benchmarks import common
from benchmarks.reproduce.experiment import verdict

Gaussian = tuple[float, float]  # mean, standard deviation
DATA: Gaussian = (0.0, 1.0)
BATCH, HELD_OUT, STARTS = 512, 200_000, 4
#: Allowed errors: of D, of the game's value, of G's mean and deviation, and of W, as a fraction.
BANDS = {"D": 0.05, "value": 0.01, "G": 0.05, "W": 0.05}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_integer("steps", 3000, "Steps of each discriminator or critic.", flag_values=given)


def run(given: flags.FlagValues) -> str:
    """Trains a discriminator or critic for each case; returns the table."""
    steps = given.steps
    lines = [
        f"Data N(0, 1), {steps:,} steps on batches of {BATCH}; {common.where()}.",
        "",
        "| G makes | quantity | ours | exact | within | |",
        "|---|---|---|---|---|---|",
    ]
    for other in ((1.5, 0.8), DATA):
        error, value = discriminator(other, steps)
        lines += [
            row(named(other), "largest error of D in the bulk", error, 0.0, BANDS["D"]),
            row(named(other), "value of the game", value, best_value(other), BANDS["value"]),
        ]
    (mean, deviation), value = played((1.5, 0.8), steps)
    start = f"{named((1.5, 0.8))} first, then learns"
    lines += [
        row(start, "its mean at the end", mean, DATA[0], BANDS["G"]),
        row(start, "its deviation", deviation, DATA[1], BANDS["G"]),
        row(start, "value of the game", value, best_value(DATA), BANDS["value"]),
    ]
    for other in ((2.0, 0.5), (0.5, 2.0)):
        exact = wasserstein(other)
        ours, bound = penalised(other, steps), clipped(other, steps)
        below = "below" if bound <= exact else "FAIL"
        lines += [
            row(named(other), "W by gradient penalty", ours, exact, BANDS["W"] * exact),
            f"| {named(other)} | W by clipping | {bound:.4f} | {exact:.4f} | at most | {below} |",
        ]
    return "\n".join(lines)


def named(gaussian: Gaussian) -> str:
    """Formats a Gaussian."""
    mean, deviation = gaussian
    return f"N({mean:g}, {deviation:g}²)"


def row(maker: str, quantity: str, ours: float, exact: float, band: float) -> str:
    """Returns a line of the table."""
    return (
        f"| {maker} | {quantity} | {ours:.4f} | {exact:.4f} | {band:.4f} | "
        f"{verdict(ours, exact, band)} |"
    )


# ------------------------------------------------------------------ exact values


def density(x: np.ndarray, gaussian: Gaussian) -> np.ndarray:
    """Returns the density of a Gaussian."""
    mean, deviation = gaussian
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def best_discriminator(x: np.ndarray, other: Gaussian) -> np.ndarray:
    """Returns p_data / (p_data + p_g)."""
    real = density(x, DATA)
    return real / (real + density(x, other))


def best_value(other: Gaussian) -> float:
    """Returns the best discriminator's value, -log 4 + 2 JSD.

    Example:
        >>> round(best_value(DATA), 4)  # -log 4
        -1.3863
    """
    x = np.linspace(-12, 12, 100_001)
    best = best_discriminator(x, other)
    real, fake = density(x, DATA), density(x, other)
    # Where a density is 0, so is its term, whatever D is.
    terms = real * np.log(np.maximum(best, 1e-300)) + fake * np.log(np.maximum(1 - best, 1e-300))
    return float(np.trapezoid(terms, x))


def wasserstein(other: Gaussian) -> float:
    """Returns the Wasserstein distance to the data: E|quantile - quantile|.

    Quantiles differ by a + b z at z ~ N(0, 1), and E|a + b z| has a closed form.

    Example:
        >>> wasserstein((2.0, 1.0)), round(wasserstein((0.0, 2.0)), 4)  # sqrt(2 / pi)
        (2.0, 0.7979)
    """
    a, b = other[0] - DATA[0], abs(other[1] - DATA[1])
    if b == 0:
        return abs(a)
    t = a / b
    return b * math.sqrt(2 / math.pi) * math.exp(-(t**2) / 2) + a * math.erf(t / math.sqrt(2))


# ------------------------------------------------------------------ learnt values


def discriminator(other: Gaussian, steps: int) -> tuple[float, float]:
    """Trains D; returns its largest error in the bulk and the game's value on held-out samples.

    The bulk is where the summed density of data and samples exceeds a twentieth of its maximum.
    """
    model = game(other)
    fit(model, adam(3e-3, steps), steps)
    x = np.linspace(-8, 8, 4001)
    both = density(x, DATA) + density(x, other)
    bulk = x[both > both.max() / 20]
    error = np.abs(sigmoid(scores(model, bulk)) - best_discriminator(bulk, other)).max()
    return float(error), value_of(model, other)


def played(start: Gaussian, steps: int) -> tuple[Gaussian, float]:
    """Trains both players; returns G's final Gaussian and the game's value."""
    model = game(start)
    fit(model, adam(3e-3, steps), steps, adam(3e-3, steps))
    deviation, mean = (float(w.numpy().item()) for w in model.generator.weights)
    end = (mean, abs(deviation))
    return end, value_of(model, end)


def game(other: Gaussian) -> Any:
    """Returns the first GAN, with a generator of `other`."""
    import keras

    import tfgan_zoo

    keras.utils.set_random_seed(0)
    return tfgan_zoo.GAN((1,), 1, affine(other), network(), latent_distribution="normal", seed=1)


def value_of(model: Any, other: Gaussian) -> float:
    """Returns E[log D(x)] + E[log(1 - D(G(z)))] on held-out samples."""
    real, fake = held_out(other)
    return float(-softplus(-scores(model, real)).mean() - softplus(scores(model, fake)).mean())


def penalised(other: Gaussian, steps: int) -> float:
    """Trains several WGAN-GP critics; returns the largest value divided by its mean slope."""
    import keras
    import tensorflow as tf

    import tfgan_zoo

    real, fake = held_out(other)
    found = []
    for start in range(STARTS):
        keras.utils.set_random_seed(start)
        model = tfgan_zoo.WGANGP((1,), 1, affine(other), network(), discriminator_steps=1, seed=1)
        fit(model, adam(1e-3, steps, beta_1=0.5, beta_2=0.9), steps)
        slopes = model.gradient_norms(*(tf.constant(x[:, None]) for x in (real, fake)))
        found.append((scores(model, real).mean() - scores(model, fake).mean()) / np.mean(slopes))
    return float(max(found))


def clipped(other: Gaussian, steps: int) -> float:
    """Trains WGAN's critic, clipped to 0.1; returns its value divided by its largest slope.

    That is the largest between the 0.1% and 99.9% quantiles of data and samples.
    """
    import keras

    import tfgan_zoo

    keras.utils.set_random_seed(0)
    model = tfgan_zoo.WGAN(
        (1,), 1, affine(other), network(), discriminator_steps=1, clip=0.1, seed=1
    )
    rate = keras.optimizers.schedules.CosineDecay(1e-3, steps)
    fit(model, keras.optimizers.RMSprop(rate), steps)
    real, fake = held_out(other)
    x = np.linspace(*np.quantile(np.concatenate([real, fake]), [0.001, 0.999]), 2001)
    largest = np.abs(np.diff(scores(model, x)) / np.diff(x)).max()
    return float((scores(model, real).mean() - scores(model, fake).mean()) / largest)


def adam(rate: float, steps: int, **betas: float) -> Any:
    """Returns Adam with a rate that falls to 0, so that the final weights are not noisy."""
    import keras

    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps), **betas)


def fit(model: Any, optimizer: Any, steps: int, generator_optimizer: Any = None) -> None:
    """Trains on new data; without an optimizer, the generator's learning rate is 0."""
    import keras
    import tensorflow as tf

    def batches() -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        while True:
            yield rng.normal(*DATA, (BATCH, 1)).astype(np.float32)

    data = tf.data.Dataset.from_generator(
        batches, output_signature=tf.TensorSpec((BATCH, 1), tf.float32)
    )
    per_call = math.gcd(steps, 100)
    still = keras.optimizers.SGD(0.0)
    model.compile(generator_optimizer or still, optimizer, steps_per_execution=per_call)
    model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)


def affine(gaussian: Gaussian) -> Any:
    """Returns the generator z -> mean + deviation z."""
    import keras

    mean, deviation = map(keras.initializers.Constant, gaussian)
    layer = keras.layers.Dense(1, kernel_initializer=deviation, bias_initializer=mean)
    return keras.Sequential([keras.Input((1,)), layer])


def network() -> Any:
    """Returns a small network that yields scores."""
    from tfgan_zoo import networks

    return networks.mlp_discriminator(
        (1,),
        units=(64, 64),
        maxout_pieces=0,
        input_dropout=0.0,
        dropout=0.0,
        initializer="he_uniform",
    )


def held_out(other: Gaussian) -> tuple[np.ndarray, np.ndarray]:
    """Returns new data and generator samples."""
    rng = np.random.default_rng(7)
    return tuple(rng.normal(*g, HELD_OUT).astype(np.float32) for g in (DATA, other))


def scores(model: Any, x: np.ndarray) -> np.ndarray:
    """Returns C(x), float64, for numbers `[B]`."""
    found = model.discriminator.predict(x[:, None].astype(np.float32), batch_size=4096, verbose=0)
    return found[:, 0].astype(np.float64)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x))."""
    return np.logaddexp(0, x)
