import numpy as np
import pytest

from tests.models.linear import critic_batches, linear, losses
from tests.models.tiny import LATENT, SHAPE, compiled, samples, tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import WGANGP


def test_loss():
    both, logs = losses(linear("wgan_gp"))
    slope = 768**-0.5  # of a mean over 768 numbers
    penalty = (slope - 1) ** 2
    assert both == pytest.approx((-2.0 + 10 * penalty, 1.0))
    assert logs["d_wasserstein"] == pytest.approx(2.0)
    assert logs["d_gradient_norm"] == pytest.approx(slope, rel=1e-4)
    assert logs["d_penalty"] == pytest.approx(penalty)


def test_slope_is_that_of_a_pack():
    _, logs = losses(linear("wgan_gp", packing=2, penalty_weight=0.1))
    assert logs["d_gradient_norm"] == pytest.approx(1536**-0.5, rel=1e-4)


def test_slopes_are_taken_between_real_and_fake():
    model = tiny("wgan_gp")
    seen = []
    critic = model.discriminator
    model.discriminator = lambda x, training: seen.append(x.numpy()) or critic(x)
    real, fake = np.zeros((64, *SHAPE), "float32"), np.ones((64, *SHAPE), "float32")
    model.gradient_norms(model.images(real), model.images(fake))
    weights = seen[0].reshape(64, -1)
    assert np.all(weights == weights[:, :1])  # one number a sample
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert abs(weights[:, 0].mean() - 0.5) < 0.15  # four standard deviations, 0.29 / 8 each
    assert abs(weights[:, 0].std() - 12**-0.5) < 0.07


def test_every_critic_step_has_fresh_data():
    model = compiled("wgan_gp", discriminator_steps=3)
    seen = critic_batches(model, samples(model))
    assert len(seen) == 3
    assert len({real.tobytes() for batch, _ in seen for real in batch}) == 12


def test_refuses_batch_normalisation_in_the_critic():
    critic = tiny("dcgan").discriminator
    with pytest.raises(InputError, match="batch normalisation"):
        WGANGP(SHAPE, LATENT, tiny("wgan_gp").generator, critic)


def test_toy_networks_for_points():
    model = WGANGP((2,), 2)
    assert model.generator.output_shape == (None, 2)
    assert [layer.units for layer in model.discriminator.layers if hasattr(layer, "units")] == [
        512,
        512,
        512,
        1,
    ]
