import numpy as np
import pytest

from tests.models.linear import critic_batches, linear, losses
from tests.models.tiny import compiled, samples, step, tiny


def test_loss():
    both, _ = losses(linear("sngan"))
    # Real 0 and 2, fake 1 and -3: (1 + 0) / 2 + (2 + 0) / 2, and -(1 - 3) / 2.
    assert both == pytest.approx((1.5, 1.0))


def test_every_discriminator_step_has_fresh_data():
    model = tiny("sngan")
    model.compile(run_eagerly=True)
    data = samples(model)
    seen = critic_batches(model, data)
    assert len(seen) == 2
    for i, (real, _) in enumerate(seen):
        np.testing.assert_allclose(real, data[i::2] / 127.5 - 1, atol=1e-6)
    assert np.abs(seen[0][1] - seen[1][1]).max() > 1e-3


def test_the_generators_step_leaves_the_discriminator_as_it_is():
    """Bit by bit, the vectors of spectral normalisation included."""
    model = compiled("sngan", num_classes=3)
    step(model, model.example_batch(4))
    update, after = model.update, {}

    def watched(role, *args):
        found = update(role, *args)
        after[role] = [v.numpy() for v in model.discriminator.variables]
        return found

    model.update = watched
    step(model, model.example_batch(4, seed=1))
    for a, b in zip(after["discriminator"], after["generator"], strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(v.path.endswith("/u") for v in model.discriminator.variables)
