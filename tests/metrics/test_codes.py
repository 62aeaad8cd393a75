import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import (
    active_units,
    arithmetic_scores,
    continuity,
    linear_probe,
    sparsity,
    trustworthiness,
)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_active_units_by_hand():
    means = random(1000, 4) * np.sqrt([1.0, 0.02, 0.005, 0.0]) + [0, 3, 3, 3]
    assert active_units(means) == 2
    assert active_units(means, threshold=0.001) == 3
    # Control: the second moment would count dimensions that are constant but not 0.
    assert np.count_nonzero((means**2).mean(axis=0) > 0.01) == 4


def test_sparsity_by_hand():
    found = sparsity(np.array([[0.0, 0.1, 0.8], [0.0, 0.3, 0.0]]))
    assert found["mean_activation"] == pytest.approx((0 + 0.2 + 0.4) / 3)
    assert (found["mean_activation_least"], found["mean_activation_most"]) == (0, 0.4)
    assert found["dead_units"] == 1
    # Units of tanh: -1 is off.
    tanh = sparsity(np.array([[-1.0, -0.8], [-1.0, -1.0]]), low=-1.0)
    assert tanh["mean_activation"] == pytest.approx(0.025)
    assert tanh["dead_units"] == 1


def test_a_unit_that_fires_once_is_not_dead():
    activations = np.zeros((10_000, 1))
    activations[7] = 0.5
    assert sparsity(activations)["dead_units"] == 0


def probe(codes, labels, **kwargs):
    half = len(codes) // 2
    return linear_probe(codes[:half], labels[:half], codes[half:], labels[half:], **kwargs)


def test_probe_of_what_is_linear_and_of_what_is_not():
    x = random(2000, 3)
    labels = np.array([10, 20, 30])[np.argmax(x, axis=1)]
    assert probe(x, labels) > 0.95
    assert probe(x * [1e-3, 1e3, 1] + [5, -7, 100], labels) == probe(x, labels)
    exclusive_or = (x[:, 0] > 0) ^ (x[:, 1] > 0)
    assert 0.4 < probe(x, exclusive_or) < 0.6
    assert 0.25 < probe(random(2000, 3, seed=1), labels) < 0.42


def test_probe_of_images_with_fewer_samples_than_values():
    """Both forms of the solution agree: constant values add columns and nothing else."""
    x = random(60, 20)
    labels = (x[:, 0] > 0).astype(int)
    wide = np.concatenate([x, np.ones((60, 80))], axis=1).reshape(60, 10, 10)
    assert probe(wide, labels) == probe(x, labels)


def brute_force(x, e, k):
    """Returns the score by its definition: sums over pairs, with ranks counted one by one."""
    n, total = len(x), 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        far = {j: np.linalg.norm(x[i] - x[j]) for j in others}
        near = sorted(others, key=lambda j: np.linalg.norm(e[i] - e[j]))[:k]
        for j in near:
            rank = 1 + sum(far[m] < far[j] for m in others)
            total += max(0, rank - k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


@pytest.mark.parametrize("neighbours", [1, 4])
def test_trustworthiness_and_continuity_by_definition(neighbours):
    x, e = random(20, 2, 3), random(20, 2, seed=1)
    flat = x.reshape(20, -1)
    assert trustworthiness(x, e, neighbours) == pytest.approx(brute_force(flat, e, neighbours))
    assert continuity(x, e, neighbours) == pytest.approx(brute_force(e, flat, neighbours))


def test_a_plane_that_is_folded_and_one_that_is_torn():
    x = random(300, 2)
    assert trustworthiness(x, 3 * x + 1) == continuity(x, 3 * x + 1) == 1
    assert trustworthiness(x, random(300, 2, seed=1)) == pytest.approx(0.5, abs=0.06)
    folded = np.abs(x)
    assert continuity(x, folded) > 0.95 > 0.9 > trustworthiness(x, folded)
    torn = x + 100 * np.sign(x)
    assert trustworthiness(x, torn) > 0.97
    assert continuity(x, torn) < trustworthiness(x, torn)


def test_equal_distances_are_ranked_alike_in_every_unit():
    """Rounding does not rank them: grids and binary images have many."""
    random = np.random.default_rng(0)
    for x in (random.integers(0, 3, (60, 5)), random.integers(0, 2, (60, 9)) * 255):
        for same in (3.0 * x, 0.1 * x, x / 127.5 - 1, x + 1000.3):
            assert trustworthiness(x, same, 5) == continuity(x, same, 5) == 1
    assert trustworthiness(np.zeros((9, 2)), np.full((9, 3), 0.1), 2) == 1  # all at one place


def test_arithmetic_by_hand():
    before = {"shape": [0, 1, 2, 0], "colour": [1, 1, 1, 1], "size": [0, 0, 1, 1]}
    after = {"shape": [0, 1, 2, 5], "colour": [3, 3, 1, 3], "size": [0, 1, 1, 1]}
    assert arithmetic_scores(before, after, "colour", 3) == {
        "changed": 0.75,
        "kept": 0.5,
        "alone": 0.25,
    }


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda: active_units(np.zeros(3)), r"means: expected shape \(num, dim\), got \(3,\)"),
        (lambda: active_units(np.array([[np.nan]])), "means: expected finite numbers"),
        (lambda: probe(random(8, 2), np.zeros(8)), "labels: expected two classes or more"),
        (
            lambda: linear_probe(random(4, 2), [0, 1, 0, 1], random(4, 3), [0, 1, 0, 1]),
            "test_codes: expected length 2",
        ),
        (
            lambda: linear_probe(random(4, 2), [0, 1], random(4, 2), [0, 1, 0, 1]),
            "labels: expected one for each of 4 codes",
        ),
        (lambda: trustworthiness(random(9, 2), random(8, 2)), "codes: expected 9, one for each"),
        (lambda: continuity(random(9, 2), random(9, 2), 5), "neighbours: expected less than half"),
        (
            lambda: arithmetic_scores({"a": [1]}, {"a": [1]}, "b", 1),
            "changed: expected one of a, which both have, got 'b'",
        ),
    ],
)
def test_bad_arguments(call, advice):
    with pytest.raises(InputError, match=advice):
        call()
