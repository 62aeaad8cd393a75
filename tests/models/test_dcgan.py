import numpy as np
import pytest
import tensorflow as tf

from tests.models.linear import critic_batches, linear, losses
from tests.models.tiny import compiled, samples


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
    model.generator_loss = lambda fake, real: generated.append(fake) or loss(fake, real)
    ((_, judged),) = critic_batches(model, samples(model))
    np.testing.assert_array_equal(judged, generated[0])


def test_the_shared_pass_gives_the_gradient_of_a_pass_of_its_own():
    model = compiled("dcgan", normalization="none")
    real = model.images(samples(model))
    shared = model.record_fakes("latents", real)
    taken = {}
    model.generator_optimizer.apply = lambda gradients, variables: taken.update(g=gradients)
    model.update("generator", model.generator_loss, shared, real)
    variables = [v.value for v in model.role_variables("generator")]
    with tf.GradientTape() as tape:
        value, _ = model.generator_loss(model.fakes("latents", real), real)
    for ours, plain in zip(taken["g"], tape.gradient(value, variables), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-7)
