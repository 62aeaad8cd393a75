import numpy as np
import pytest

from tests.models.linear import critic_batches, linear, losses
from tests.models.tiny import compiled, samples
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import WGAN


def test_loss():
    both, logs = losses(linear("wgan"))
    assert both == pytest.approx((-2.0, 1.0))  # -1 - 1, -(-1)
    assert logs["d_wasserstein"] == pytest.approx(2.0)


def test_weights_are_clipped_after_each_step():
    model = compiled("wgan", clip=0.005)
    assert any(np.abs(w).max() > 0.005 for w in model.discriminator.get_weights())
    critic_batches(model, samples(model))
    for weight in model.discriminator.trainable_weights:
        assert np.abs(weight.numpy()).max() <= 0.005
    assert any(np.abs(w.numpy()).max() > 0.005 for w in model.generator.trainable_weights)


def test_five_steps_by_default():
    assert WGAN((16, 16, 1)).samples_per_step(64) == 320


def test_refuses_no_bound():
    with pytest.raises(InputError, match="clip"):
        linear("wgan", clip=0.0)
