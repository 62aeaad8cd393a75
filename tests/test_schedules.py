import keras
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.schedules import LinearDecay


def test_constant_then_linear_to_zero():
    rate = LinearDecay(0.4, steps=200, start=100)
    came = [float(rate(step)) for step in (0, 99, 100, 101, 150, 199, 200, 500)]
    assert came == pytest.approx([0.4, 0.4, 0.4, 0.396, 0.2, 0.004, 0.0, 0.0])


def test_from_the_first_step():
    rate = LinearDecay(1.0, steps=4)
    assert [float(rate(step)) for step in range(6)] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]


def test_survives_serialisation():
    optimizer = keras.optimizers.Adam(LinearDecay(1.0, steps=10, start=5))
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    copy.build([])
    copy.iterations.assign(8)
    assert float(copy.learning_rate) == pytest.approx(0.4)


def test_start_must_come_before_the_end():
    with pytest.raises(InputError, match="start: expected a step from 0 to 9, got 10"):
        LinearDecay(1.0, steps=10, start=10)
