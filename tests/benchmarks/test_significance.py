"""Student's t, against tables and closed forms."""

import doctest
import math

import numpy as np
import pytest

from benchmarks.reproduce import significance
from benchmarks.reproduce.significance import Sample, fisher, judge, sample, student, welch


def test_the_examples_in_the_docstrings_hold():
    result = doctest.testmod(significance, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(
    ("freedom", "t", "p"),
    [
        (1, 12.706, 0.05),
        (2, 4.303, 0.05),
        (5, 2.571, 0.05),
        (10, 2.228, 0.05),
        (30, 2.042, 0.05),
        (120, 1.980, 0.05),
        (1, 63.657, 0.01),
        (3, 5.841, 0.01),
        (30, 2.750, 0.01),
        (10, 0.700, 0.50),
    ],
)
def test_p_is_that_of_the_table_of_student_s_t(freedom, t, p):
    assert significance.two_sided_p(t, freedom) == pytest.approx(p, rel=1e-3)
    assert significance.two_sided_p(-t, freedom) == significance.two_sided_p(t, freedom)


def test_p_has_its_closed_forms_at_one_and_two_degrees_of_freedom():
    for t in (0.0, 0.3, 1.0, 4.0, 50.0):
        one, two = 1 - 2 / math.pi * math.atan(t), 1 - t / math.sqrt(2 + t * t)
        assert significance.two_sided_p(t, 1) == pytest.approx(one, abs=1e-12)
        assert significance.two_sided_p(t, 2) == pytest.approx(two, abs=1e-12)


@pytest.mark.parametrize(("a", "b"), [(2, 3), (5, 1), (7, 9)])
def test_incomplete_beta_is_a_sum_of_binomials(a, b):
    for x in (0.0, 0.1, 0.4, 0.9, 1.0):
        n = a + b - 1
        exact = sum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
        assert significance.incomplete_beta(a, b, x) == pytest.approx(exact, abs=1e-12)


def test_welch_and_student_on_numbers_worked_out_by_hand():
    first, second = sample(np.array([4.0, 5.0, 5.0])), sample(np.array([6.0, 8.0, 7.0, 7.0]))
    # Variances 1/3 and 2/3; their shares of the means' are 1/9 and 1/6.
    found = welch(first, second)
    assert found.difference == pytest.approx(-7 / 3)
    assert found.t == pytest.approx(-7 / 3 / math.sqrt(5 / 18))
    assert found.freedom == pytest.approx((5 / 18) ** 2 / (1 / 81 / 2 + 1 / 36 / 3))
    pooled = student(first, second)
    assert pooled.freedom == 5
    assert pooled.t == pytest.approx(-7 / 3 / math.sqrt(8 / 15 * 7 / 12))  # (2/3 + 2) / 5


def test_fisher_s_exact_test():
    """Fisher's lady, who found three of four cups: 17/35 by hand, as both tails are alike."""
    assert fisher((3, 4), (1, 4)) == pytest.approx(34 / 70)
    assert fisher((1, 4), (3, 4)) == pytest.approx(34 / 70)
    assert fisher((2, 5), (4, 10)) == 1
    assert fisher((0, 3), (0, 9)) == fisher((3, 3), (9, 9)) == 1
    # Of groups of different sizes: C(2,2) C(8,1) = 8 of C(10,3) = 120.
    assert fisher((2, 2), (1, 8)) == pytest.approx(8 / 120)


@pytest.mark.parametrize("test", [welch, student])
def test_a_verdict_says_to_which_side_and_needs_both_spreads(test):
    low, high = Sample(1.0, 0.1, 5), Sample(2.0, 0.1, 5)
    assert judge(test(low, high), 5) == "FAIL: below"
    assert judge(test(high, low), 5) == "FAIL: above"
    assert judge(test(low, Sample(1.05, 0.1, 5)), 5) == "pass"
    assert judge(test(low, Sample(9.0, None, 5)), 5) == "no test"
    assert judge(test(sample(np.array([1.0])), high), 5) == "no test"
    assert judge(test(low, high), 4) == judge(None, 4) == "n = 4: no verdict"


@pytest.mark.parametrize("test", [welch, student])
def test_samples_without_any_spread_differ_unless_they_are_equal(test):
    assert judge(test(Sample(5.0, 0.0, 3), Sample(5.0, 0.0, 10)), 5) == "pass"
    assert judge(test(Sample(4.0, 0.0, 3), Sample(5.0, 0.0, 10)), 5) == "FAIL: below"
