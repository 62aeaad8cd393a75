"""What the figures of formulas compute, without Matplotlib."""

import math
from collections.abc import Callable

import numpy as np

LOG_2 = math.log(2)


def generator_slopes(share: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns each generator's loss and its slope along the score C, as the zoo computes them.

    Args:
        share: D(G(z)) = sigmoid(C), in (0, 1), `[N]`.

    Returns:
        Name of the loss -> (values, slopes), each `[N]`.
    """
    import tensorflow as tf

    from tfgan_zoo import losses

    scores = tf.constant(np.log(share / (1 - share)), tf.float32)
    found = {}
    for loss in (losses.minimax_generator, losses.non_saturating_generator):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            # The mean of one number each: the losses average over a batch.
            values = tf.map_fn(lambda c, loss=loss: loss(c[tf.newaxis]), scores)
        found[loss.__name__] = values.numpy(), tape.gradient(values, scores).numpy()
    return found


def losses_over_score(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the losses of a generator at single scores C(G(z)), `[N]` each."""
    import tensorflow as tf

    from tfgan_zoo import losses

    named = {
        "minimax": losses.minimax_generator,
        "non-saturating": losses.non_saturating_generator,
        "least squares": losses.least_squares_generator,
    }
    return {
        name: np.array([float(loss(tf.constant([c], tf.float32))) for c in scores])
        for name, loss in named.items()
    }


def gaussian(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Returns the density of a Gaussian."""
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def distances(shift: float, deviation: float) -> dict[str, float]:
    """Returns distances of N(0, deviation^2) and N(shift, deviation^2).

    Args:
        shift: The distance of the means.
        deviation: The standard deviation of both.

    Returns:
        "KL", shift^2 / (2 deviation^2); "JS", integrated numerically; "W", the Wasserstein
        distance, |shift|.

    Example:
        >>> {name: round(value, 3) for name, value in distances(2.0, 0.5).items()}
        {'KL': 8.0, 'JS': 0.659, 'W': 2.0}
    """
    x = np.linspace(min(0, shift) - 8 * deviation, max(0, shift) + 8 * deviation, 20_001)
    p, q = gaussian(x, 0, deviation), gaussian(x, shift, deviation)
    middle = (p + q) / 2

    def divergence(density: np.ndarray) -> float:
        ratio = np.where(density > 0, density / np.maximum(middle, 1e-300), 1.0)
        return float(np.trapezoid(density * np.log(ratio), x))

    return {
        "KL": shift**2 / (2 * deviation**2),
        "JS": (divergence(p) + divergence(q)) / 2,
        "W": abs(shift),
    }


#: A game's slopes at (generator, discriminator).
Field = Callable[[np.ndarray], np.ndarray]


def dirac_game(point: np.ndarray, non_saturating: bool = False, r1: float = 0.0) -> np.ndarray:
    """Returns the direction in which both players go in the simplest game there is.

    Data are all 0, the generator makes one number g, and the discriminator's score is d x, so that
    D(g) = sigmoid(d g) (Mescheder et al. 2018, https://arxiv.org/abs/1801.04406). The discriminator
    ascends log(1 - D(g)), and the generator descends it.

    Args:
        point: (g, d), `[..., 2]`.
        non_saturating: Whether the generator ascends log D(g) instead.
        r1: Weight of the penalty r1 / 2 d^2 on the discriminator's slope at the data.

    Returns:
        Directions `[..., 2]`.

    Example:
        >>> dirac_game(np.array([1.0, 0.0])).tolist()  # D learns to tell 1 from 0
        [0.0, -0.5]
    """
    g, d = point[..., 0], point[..., 1]
    share = 1 / (1 + np.exp(-d * g))
    pull = 1 - share if non_saturating else share
    return np.stack([pull * d, -share * g - r1 * d], axis=-1)


def played(
    field: Field, start: tuple[float, float], rate: float, steps: int, alternating: bool = False
) -> np.ndarray:
    """Returns the path of both players under gradient descent.

    Args:
        field: The directions.
        start: (g, d) at first.
        rate: Learning rate of both.
        steps: Number of steps.
        alternating: Whether the generator answers the new discriminator, and not the old one.

    Returns:
        Points `[steps + 1, 2]`.
    """
    point = np.array(start, np.float64)
    path = [point.copy()]
    for _ in range(steps):
        if alternating:
            point[1] += rate * field(point)[1]
            point[0] += rate * field(point)[0]
        else:
            point += rate * field(point)
        path.append(point.copy())
    return np.stack(path)


def sparsity(activity: np.ndarray, target: float) -> np.ndarray:
    """Returns KL(rho, a) of single units, as `losses.sparsity_kl` computes it.

    Args:
        activity: Mean activations, in (0, 1), `[N]`.
        target: The mean activation rho that is asked for.
    """
    from tfgan_zoo import losses

    return np.array([float(losses.sparsity_kl(np.float32([a]), target)) for a in activity])


def partition(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Returns which centre is nearest to each point, `[N]`.

    Args:
        points: `[N, 2]`.
        centres: `[modes, 2]`.
    """
    return np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)


def modes_kept(points: np.ndarray, centres: np.ndarray) -> int:
    """Returns how many modes are nearest to at least half of their share of points.

    Args:
        points: `[num, 2]`.
        centres: Of the modes, which are equally likely, `[modes, 2]`.

    Example:
        >>> centres = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
        >>> modes_kept(np.array([[0.1, 0.0]] * 7 + [[1.4, 0.0]] + [[1.6, 0.0]] * 2), centres)
        2
    """
    shares = np.bincount(partition(points, centres), minlength=len(centres)) / len(points)
    return int((shares >= 1 / (2 * len(centres))).sum())
