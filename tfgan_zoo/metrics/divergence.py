"""Divergence of counts from a uniform distribution."""

import numpy as np


def reverse_kl(counts: np.ndarray) -> float:
    r"""Returns how uneven K counts are: \(\sum_k p_k \log (K p_k)\), with p their shares.

    This is the divergence, in nats, of the samples from a uniform distribution over modes, as in
    PacGAN's tables (Lin et al. 2018, https://arxiv.org/abs/1712.04086): 0 if all are equally
    frequent, log K if there is only one. NaN if all counts are 0.

    Example:
        >>> reverse_kl(np.array([2, 2, 0, 0]))  # log(4 / 2)
        0.693...
    """
    if not counts.any():
        return float("nan")
    share = counts[counts > 0] / counts.sum()
    return float((share * np.log(share * len(counts))).sum())
