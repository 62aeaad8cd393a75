"""Tests whether two samples differ, given their means, standard deviations and sizes.

Published tables and ours give a mean and its spread over a few trials. A difference between two
means says little unless it is compared with both spreads, as t tests do. The arithmetic is written
out here because the library does not depend on SciPy.
"""

import math
from typing import NamedTuple

import numpy as np

#: Below this p, a difference counts as shown.
LEVEL = 0.05
#: Fewest trials of ours for a verdict.
ENOUGH = 5


class Sample(NamedTuple):
    """A figure's trials.

    Attributes:
        mean: Over the trials.
        deviation: The standard deviation over the trials (divided by n - 1); None if unknown.
        trials: Number of trials, n.
    """

    mean: float
    deviation: float | None
    trials: int


class Difference(NamedTuple):
    """The outcome of a test.

    Attributes:
        difference: The first mean minus the second.
        t: The difference in units of its standard error.
        freedom: Degrees of freedom of t.
        p: Probability of a t at least this far from 0, on either side, if the samples do not
            differ.
    """

    difference: float
    t: float
    freedom: float
    p: float


def sample(values: np.ndarray) -> Sample:
    """Returns the sample of a one-dimensional array; a single value has no deviation.

    Example:
        >>> sample(np.array([4.0, 5.0, 6.0]))
        Sample(mean=5.0, deviation=1.0, trials=3)
    """
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Sample(float(np.mean(values)), deviation, len(values))


def from_standard_error(mean: float, error: float | None, trials: int) -> Sample:
    """Returns the sample of a mean published with its standard error, deviation / sqrt(n).

    Example:
        >>> round(from_standard_error(6.3, 0.5, 10).deviation, 2)
        1.58
    """
    return Sample(mean, None if error is None else error * math.sqrt(trials), trials)


def welch(first: Sample, second: Sample) -> Difference | None:
    """Welch's t test, which does not assume equal spreads.

    Returns:
        The outcome; None if a deviation is unknown.

    Example:
        >>> found = welch(Sample(4.7, 0.58, 3), Sample(6.3, 1.58, 10))
        >>> round(found.t, 2), round(found.p, 3)
        (-2.66, 0.024)
    """
    if first.deviation is None or second.deviation is None:
        return None
    shares = [s.deviation**2 / s.trials for s in (first, second)]  # type: ignore[operator]
    total = sum(shares)
    if total == 0:
        return _without_spread(first.mean - second.mean)
    freedom = total**2 / sum(
        share**2 / (s.trials - 1) for share, s in zip(shares, (first, second), strict=True)
    )
    return _outcome(first.mean - second.mean, total, freedom)


def student(first: Sample, second: Sample) -> Difference | None:
    """Student's t test, which assumes equal spreads and pools them.

    Returns:
        The outcome; None if a deviation is unknown.
    """
    if first.deviation is None or second.deviation is None:
        return None
    freedom = first.trials + second.trials - 2
    squares = sum(s.deviation**2 * (s.trials - 1) for s in (first, second))  # type: ignore[operator]
    variance = squares / freedom * (1 / first.trials + 1 / second.trials)
    if variance == 0:
        return _without_spread(first.mean - second.mean)
    return _outcome(first.mean - second.mean, variance, freedom)


def judge(tested: Difference | None, trials: int) -> str:
    """Returns the verdict of a test.

    Args:
        tested: The outcome; None if there was no test.
        trials: Number of our trials.

    Returns:
        "n = 3: no verdict" for fewer than `ENOUGH` trials; "pass" if no difference is shown, which
        is not proof that there is none; "FAIL: below" or "FAIL: above" if the first mean is lower
        or higher; "no test" for None.
    """
    if trials < ENOUGH:
        return f"n = {trials}: no verdict"
    if tested is None:
        return "no test"
    if tested.p >= LEVEL:
        return "pass"
    return "FAIL: below" if tested.difference < 0 else "FAIL: above"


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Returns the p of Fisher's exact test, two-sided: how often counts are as far apart by chance.

    Args:
        first: How many of how many trials.
        second: The same of the other side.

    Example:
        All of three, and none of three: 2 of the 20 ways to choose three of six.

        >>> fisher((3, 3), (0, 3))
        0.1
    """
    (count, trials), (other, others) = first, second
    chosen = count + other
    ways = {
        k: math.comb(trials, k) * math.comb(others, chosen - k)
        for k in range(max(0, chosen - others), min(trials, chosen) + 1)
    }
    return sum(w for w in ways.values() if w <= ways[count]) / sum(ways.values())


def two_sided_p(t: float, freedom: float) -> float:
    """Returns the probability that Student's t is at least this far from 0, on either side.

    Args:
        t: Value of t.
        freedom: Degrees of freedom, above 0, not necessarily an integer.

    Example:
        >>> round(two_sided_p(2.228, 10), 4)
        0.05
    """
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Returns the regularized incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1].

    By its continued fraction (https://dlmf.nist.gov/8.17.E22), which converges quickly below
    x = (a + 1) / (a + b + 2); above, by I_x(a, b) = 1 - I_{1-x}(b, a).

    Example:
        >>> round(incomplete_beta(1.0, 1.0, 0.25), 12)
        0.25
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    factor = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    # Lentz's method for 1 / (1 + d_1 / (1 + d_2 / (1 + ...))).
    numerator, denominator, value = 1.0, 0.0, 1.0
    for k in range(1000):
        m = k // 2
        if k == 0:
            d = 1.0
        elif k % 2 == 0:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        denominator = 1 / (1 + d * denominator)
        numerator = 1 + d / numerator
        value *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-14:
            break
    return factor * (value - 1) / a


def _outcome(difference: float, variance: float, freedom: float) -> Difference:
    t = difference / math.sqrt(variance)
    return Difference(difference, t, freedom, two_sided_p(t, freedom))


def _without_spread(difference: float) -> Difference:
    """Returns the outcome for samples without spread, whose means are equal or not."""
    if difference == 0:
        return Difference(0.0, 0.0, math.inf, 1.0)
    return Difference(difference, math.copysign(math.inf, difference), math.inf, 0.0)
