"""How many modes of a mixture samples reach."""

from typing import NamedTuple

import numpy as np

from tfgan_zoo.data.points import Mixture


class Coverage(NamedTuple):
    """What `coverage` found.

    Attributes:
        modes: how many have a sample within 3 sigma.
        quality: share of the samples that lie within 3 sigma of a mode, in [0, 1].
        reverse_kl: sum p log(K p) over the K modes, p the shares of those samples: 0 if even, log K
            for a single mode; NaN if there is none of those samples.
    """

    modes: int
    quality: float
    reverse_kl: float


def coverage(points: np.ndarray, mixture: Mixture) -> Coverage:
    """Scores samples as Lin et al. 2018 do (https://arxiv.org/abs/1712.04086, section 4.1).

    Args:
        points: shape (num, 2).
        mixture: what they should come from.

    Example:
        >>> coverage(np.array([[1.0, 0.0], [1.0, 0.02], [0.5, 0.5]]), mixture("ring"))
        Coverage(modes=1, quality=0.6666666666666666, reverse_kl=2.0794415416798357)
    """
    distance = np.linalg.norm(points[:, None] - mixture.centres[None], axis=-1)
    good = distance.min(axis=1) < 3 * mixture.sigma
    counts = np.bincount(distance[good].argmin(axis=1), minlength=len(mixture.centres))
    share = counts[counts > 0] / max(counts.sum(), 1)
    reverse_kl = float((share * np.log(share * len(counts))).sum()) if len(share) else float("nan")
    return Coverage(len(share), float(good.mean()), reverse_kl)
