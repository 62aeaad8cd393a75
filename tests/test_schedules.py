import math

import keras
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.optimizers import apply_gradients
from tfgan_zoo.schedules import Cosine, LinearDecay, ScheduledAdam, checked


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


@pytest.mark.parametrize(("start", "end"), [(2e-4, 5e-5), (0.0, 0.55)])
def test_cosine_by_hand(start, end):
    schedule = Cosine(start, end, steps=8)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    for step in (0, 1, 4, 8, 30):
        expected = end + (start - end) * (1 + math.cos(math.pi * min(step / 8, 1))) / 2
        for each in (schedule, copy):
            assert float(each(step)) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def adam_by_hand(gradients, rates, betas):
    m, v, w = 0.0, 0.0, 0.0
    for t, (g, rate, beta) in enumerate(zip(gradients, rates, betas, strict=True), 1):
        m, v = 0.5 * m + 0.5 * g, beta * v + (1 - beta) * g * g
        w -= rate * math.sqrt(1 - beta**t) / (1 - 0.5**t) * m / (math.sqrt(v) + 1e-7)
    return w


@pytest.mark.parametrize("ours", [False, True])
def test_scheduled_adam_by_hand(ours):
    gradients = [1.0, -3.0, 0.5, 2.0, 2.0]
    rates = [0.3 + (0.1 - 0.3) * (1 - math.cos(math.pi * min(t / 3, 1))) / 2 for t in range(5)]
    betas = [0.9 + (0.99 - 0.9) * (1 - math.cos(math.pi * min(t / 4, 1))) / 2 for t in range(5)]
    weight = keras.Variable([0.0])
    adam = ScheduledAdam(Cosine(0.3, 0.1, 3), 0.5, beta_2={"start": 0.9, "end": 0.99, "steps": 4})
    adam.build([weight])
    for i, gradient in enumerate(gradients):
        if i == 2:  # It goes on where it stopped, also as another object.
            stored = [v.numpy() for v in adam.variables]
            adam = keras.optimizers.deserialize(keras.optimizers.serialize(adam))
            adam.build([weight])
            for variable, value in zip(adam.variables, stored, strict=True):
                variable.assign(value)
        each = [tf.constant([gradient])]
        (apply_gradients if ours else keras.optimizers.Optimizer.apply)(adam, each, [weight])
    assert float(weight.numpy()[0]) == pytest.approx(
        adam_by_hand(gradients, rates, betas), rel=1e-4
    )
    # The control: a constant rate ends elsewhere.
    constant = adam_by_hand(gradients, rates, [0.9] * 5)
    assert float(weight.numpy()[0]) != pytest.approx(constant, rel=0.01)


@pytest.mark.parametrize("rate", [1.0, Cosine(0.9, 1.0, 4), {"start": 1, "end": 0.9, "steps": 4}])
def test_scheduled_adam_moves_at_every_rate(rate):
    """At a second decay rate of 1, Adam's step is 0."""
    with pytest.raises(InputError, match=r"^beta_2: expected a number from 0 to below 1, got 1\.0"):
        ScheduledAdam(1e-3, beta_2=rate)


@pytest.mark.parametrize(
    "value", [{"start": 1, "end": 2}, {"start": "a", "end": 2, "steps": 3}, "fast", None, True]
)
def test_settings_that_are_none(value):
    with pytest.raises(InputError, match=r"gamma.*: expected"):
        checked("gamma", value)
    assert checked("gamma", 2) == 2.0
