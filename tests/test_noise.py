import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import noise

DRAWS = [noise.uniform, noise.normal]


@pytest.mark.parametrize("draw", DRAWS)
def test_is_a_function_of_the_key(draw):
    first = draw(noise.key(0, "z", 5), [8, 3])
    tf.random.normal([4])
    np.testing.assert_array_equal(first, draw(noise.key(0, "z", 5), [8, 3]))
    graph = tf.function(lambda step: draw(noise.key(0, "z", step), [8, 3]), autograph=False)
    # A step known when the key is made is part of its name: another key, as good.
    np.testing.assert_array_equal(
        graph(tf.constant(5)), draw(noise.key(0, "z", tf.constant(5, tf.int64)), [8, 3])
    )
    for other in [(1, "z", 5), (0, "y", 5), (0, "z", 6), (0, "z"), ("0", "z", 5)]:
        assert not np.any(np.isclose(first, draw(noise.key(*other), [8, 3]), atol=1e-7))
    steps = [draw(noise.key(0, "z", tf.constant(i)), [8, 3]).numpy() for i in range(3)]
    assert len({s.tobytes() for s in steps}) == 3


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_longer_draw_continues_a_shorter_one(draw, width):
    key = noise.key("prefix")
    np.testing.assert_array_equal(draw(key, [8, width])[:3], draw(key, [3, width]))


def test_distributions():
    u = noise.uniform(noise.key("u"), [100_000], -1.0, 3.0).numpy()
    assert u.min() >= -1
    assert u.max() < 3
    # 100,000 draws: the mean's standard deviation is 4 / sqrt(12e5) = 0.0037.
    assert abs(u.mean() - 1) < 0.015
    assert abs(u.var() - 16 / 12) < 0.02
    z = noise.normal(noise.key("z"), [100_000]).numpy()
    assert abs(z.mean()) < 0.0130  # four standard deviations
    assert abs(z.std() - 1) < 0.01


def test_key_takes_one_tensor():
    assert noise.key("a", tf.constant(1)).shape == (2,)
    with pytest.raises(ValueError, match="at most one"):
        noise.key(tf.constant(1), tf.constant(2))
