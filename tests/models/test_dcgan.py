import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.linear import critic_batches, linear, losses
from tests.models.tiny import compiled, samples, tiny


def test_loss():
    both, _ = losses(linear("dcgan"))
    assert both == pytest.approx((1.0909621, 1.6809245))  # as the first GAN's


def test_label_smoothing():
    both, _ = losses(linear("dcgan", label_smoothing=0.1))
    assert both == pytest.approx((1.1909621, 1.6809245))


def test_both_players_learn_from_the_same_fakes():
    model = compiled("dcgan")
    generated = []
    loss = model.generator_loss
    model.generator_loss = lambda fake, *rest: generated.append(fake) or loss(fake, *rest)
    ((_, judged),) = critic_batches(model, samples(model))
    np.testing.assert_array_equal(judged, generated[0])


def test_the_shared_pass_gives_the_gradient_of_a_pass_of_its_own():
    model = tiny("dcgan", normalization="none")
    model.compile(generator_optimizer=keras.optimizers.SGD(1.0))  # a step is the gradient
    real = model.images(samples(model))
    shared = model.record_fakes("latents", real)
    variables = [v.value for v in model.role_variables("generator")]
    with tf.GradientTape() as tape:
        value, _ = model.generator_loss(model.fakes("latents", real), real)
    gradients = tape.gradient(value, variables)
    before = [v.numpy() for v in variables]
    model.update("generator", model.generator_loss, shared, real)
    for gradient, old, new in zip(gradients, before, variables, strict=True):
        np.testing.assert_allclose(old - new, gradient, rtol=1e-3, atol=1e-6)
