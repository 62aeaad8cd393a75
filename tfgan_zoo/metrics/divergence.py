"""Divergences of counts."""

import numpy as np


def reverse_kl(counts: np.ndarray) -> float:
    r"""Returns by how much K counts are uneven: \(\sum_k p_k \log (K p_k)\), p their shares.

    It is the divergence of the samples from a uniform distribution over modes, which PacGAN's
    tables have (Lin et al. 2018, https://arxiv.org/abs/1712.04086), in nats: 0 when all are as
    frequent, log K when there is one alone. NaN if there are none at all.

    Example:
        >>> reverse_kl(np.array([2, 2, 0, 0]))  # log(4 / 2)
        0.693...
    """
    if not counts.any():
        return float("nan")
    share = counts[counts > 0] / counts.sum()
    return float((share * np.log(share * len(counts))).sum())
