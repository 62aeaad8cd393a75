import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo.models.mechanics.optimizers import apply_gradients, prepare
from tfgan_zoo.schedules import LinearDecay

SHAPES = ((7, 5), (5,), (3, 3, 2, 4))


def weights():
    random = np.random.default_rng(0)
    return [keras.Variable(random.standard_normal(shape, "float32")) for shape in SHAPES]


def states_after(optimizer, apply, steps=100, dtype="float32"):
    """The weights, and the optimizer's own variables, after a number of random gradients."""
    variables = weights()
    optimizer.build(variables)
    prepare(optimizer)
    random = np.random.default_rng(1)

    @tf.function(autograph=False)
    def step(*gradients):
        apply(optimizer, gradients, variables)

    for _ in range(steps):
        step(*(tf.constant(random.standard_normal(s), dtype) for s in SHAPES))
    kinds = {o.type for o in step.get_concrete_function(*weights()).graph.get_operations()}
    return [v.numpy() for v in (*variables, *optimizer.variables)], kinds


def keras_own(optimizer, gradients, variables):
    optimizer.apply(gradients, variables)


ADAM, SGD, RMSPROP = (
    keras.optimizers.Adam,
    keras.optimizers.SGD,
    keras.optimizers.RMSprop,
)


@pytest.mark.parametrize(
    ("cls", "settings", "kernel"),
    [
        slow(ADAM, {}, "ResourceApplyAdam"),
        (ADAM, {"beta_1": 0.0, "beta_2": 0.9, "epsilon": 1e-8}, "ResourceApplyAdam"),
        slow(SGD, {}, "ResourceApplyGradientDescent"),
        slow(SGD, {"momentum": 0.5}, "ResourceApplyKerasMomentum"),
        (SGD, {"momentum": 0.9, "nesterov": True}, "ResourceApplyKerasMomentum"),
        slow(RMSPROP, {}, "ResourceApplyRMSProp"),
        slow(RMSPROP, {"momentum": 0.9}, "ResourceApplyRMSProp"),
        slow(RMSPROP, {"centered": True}, "ResourceApplyCenteredRMSProp"),
        (RMSPROP, {"momentum": 0.9, "centered": True}, "ResourceApplyCenteredRMSProp"),
    ],
)
def test_kernels_do_what_keras_does(cls, settings, kernel):
    def made():
        return cls(LinearDecay(0.01, 80, 20), **settings)

    ours, kinds = states_after(made(), apply_gradients)
    theirs, others = states_after(made(), keras_own)
    assert kernel in kinds
    assert kernel not in others
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)


class Halved(keras.optimizers.Adam):
    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate / 2)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: ADAM(amsgrad=True),
        slow(lambda: ADAM(weight_decay=0.1)),
        slow(lambda: ADAM(clipnorm=0.1)),
        slow(lambda: ADAM(clipvalue=0.1)),
        lambda: ADAM(global_clipnorm=0.1),
        lambda: ADAM(use_ema=True, ema_overwrite_frequency=2),
        slow(lambda: ADAM(loss_scale_factor=8.0)),
        lambda: SGD(gradient_accumulation_steps=2),
        lambda: keras.mixed_precision.LossScaleOptimizer(ADAM()),
        slow(lambda: keras.optimizers.AdamW()),
        lambda: Halved(),
    ],
)
def test_what_the_kernels_do_not_cover_is_left_to_keras(optimizer):
    ours, kinds = states_after(optimizer(), apply_gradients, steps=4)
    theirs, _ = states_after(optimizer(), keras_own, steps=4)
    assert not {kind for kind in kinds if kind.startswith("ResourceApply")}
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_rmsprop_forgets_a_nan():
    weight = keras.Variable([1.0])
    optimizer = RMSPROP(0.1, rho=0.0, epsilon=0.0)
    optimizer.build([weight])
    prepare(optimizer)
    apply_gradients(optimizer, [tf.constant([np.nan])], [weight])
    weight.assign([1.0])  # as when a checkpoint is restored
    optimizer.variables[-1].assign([1.0])
    apply_gradients(optimizer, [tf.constant([2.0])], [weight])
    np.testing.assert_allclose(weight.numpy(), [0.9])


def test_constraints_and_sparse_gradients():
    weight = keras.Variable([[1.0], [-1.0]])
    weight.constraint = keras.constraints.NonNeg()
    sgd = SGD(0.5)
    sgd.build([weight])
    rows = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]), tf.constant([2, 1]))
    apply_gradients(sgd, [rows], [weight])
    np.testing.assert_array_equal(weight.numpy(), [[0.5], [0.0]])


def test_epsilon_is_added_where_the_docstring_says():
    gradient, rate, epsilon = 3e-7, 1e-3, 1e-8
    for optimizer, step in (
        # Adam's first step: sqrt(v) = sqrt(1 - beta2) |g|, c = sqrt(1 - beta2) / (1 - beta1).
        (
            ADAM(rate, beta_1=0.5, beta_2=0.999, epsilon=epsilon),
            gradient / (gradient + epsilon / np.sqrt(0.001)),
        ),
        (
            RMSPROP(rate, rho=0.99, epsilon=epsilon),
            gradient / np.sqrt(0.01 * gradient**2 + epsilon),
        ),
    ):
        weight = keras.Variable([0.0])
        optimizer.build([weight])
        prepare(optimizer)
        apply_gradients(optimizer, [tf.constant([gradient])], [weight])
        np.testing.assert_allclose(weight, [-rate * step], rtol=1e-4)
