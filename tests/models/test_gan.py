import numpy as np
import pytest

from tests.models.linear import critic_batches, linear, losses
from tests.models.tiny import compiled, samples
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import GAN


def test_non_saturating_loss():
    both, logs = losses(linear("gan"))
    # (log 2 + softplus(-2) + softplus(1) + softplus(-3)) / 2, (softplus(-1) + softplus(3)) / 2
    assert both == pytest.approx((1.0909621, 1.6809245))
    assert logs["d_loss"] == pytest.approx(1.0909621)
    assert logs["g_loss"] == pytest.approx(1.6809245)
    assert logs["d_real"] == pytest.approx((0.5 + 0.8807971) / 2)  # D = sigmoid(C)
    assert logs["d_fake"] == pytest.approx((0.7310586 + 0.0474259) / 2)


def test_minimax_loss():
    both, _ = losses(linear("gan", objective="minimax"))
    assert both == pytest.approx((1.0909621, -0.6809245))


def test_label_smoothing():
    both, _ = losses(linear("gan", label_smoothing=0.1))
    assert both == pytest.approx((1.0909621 + 0.1 * 1.0, 1.6809245))  # one-sided: G's is as it was


def test_r1():
    both, logs = losses(linear("gan", r1_gamma=2.0))
    # |dC/dx|^2 = 768 / 768^2: the penalty is half of that.
    assert both[0] == pytest.approx(1.0909621 + 2.0 / 2 / 768)
    assert logs["d_loss"] == pytest.approx(1.0909621)


def test_r1_of_a_pack():
    # One score for both samples, a mean over 1536 numbers: |dC/dx|^2 = 1 / 1536.
    alone, _ = losses(linear("gan", packing=2))
    both, _ = losses(linear("gan", packing=2, r1_gamma=2.0, r1_every=3))
    assert both[0] - alone[0] == pytest.approx(3 * 2.0 / 2 / 1536, rel=1e-3)


def test_r1_is_left_out_in_between():
    model = linear("gan", r1_gamma=2.0, r1_every=3)
    model.compile()
    penalties = []
    for step in range(5):
        model.step.assign(step)
        penalties.append(float(model.r1(model.images(samples(model)))))
    assert penalties == pytest.approx([3 / 768, 0, 0, 3 / 768, 0], rel=1e-5)


def test_packing_puts_consecutive_samples_side_by_side():
    model = linear("gan", packing=2)
    images = samples(model)[:4].astype("float32")
    packs = model.pack(images).numpy()
    assert packs.shape == (2, 16, 16, 6)
    np.testing.assert_array_equal(packs[0], np.concatenate([images[0], images[1]], axis=-1))
    np.testing.assert_array_equal(packs[1], np.concatenate([images[2], images[3]], axis=-1))
    vectors = GAN((2,), 2, packing=3)
    np.testing.assert_array_equal(
        vectors.pack(np.arange(12.0).reshape(6, 2)), np.arange(12.0).reshape(2, 6)
    )


def test_k_steps_on_fresh_data_and_noise():
    model = compiled("gan", discriminator_steps=3)
    data = samples(model)
    seen = critic_batches(model, data)
    assert int(model.discriminator_optimizer.iterations) == len(seen) == 3
    assert int(model.generator_optimizer.iterations) == 1
    assert int(model.step) == 1
    reals = np.concatenate([real for real, _ in seen])
    expected = data.astype("float32") / 127.5 - 1
    assert sorted(r.tobytes() for r in reals) == sorted(e.tobytes() for e in expected)
    fakes = [fake for _, fake in seen] + [model.record_fakes("generator", reals[:4]).value.numpy()]
    assert len({sample.tobytes() for fake in fakes for sample in fake}) == 16


def test_points_instead_of_images():
    model = GAN((2,), 2, packing=2)
    model.compile()
    points = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    history = model.fit(points, batch_size=8, shuffle=False, verbose=0).history
    assert all(np.isfinite(v[0]) for v in history.values())
    assert model.generate(5).shape == (5, 2)
    with pytest.raises(InputError, match="points"):
        GAN((2,), 2, diff_augment=["color"])


def test_refuses_an_unknown_objective():
    with pytest.raises(InputError, match="objective"):
        linear("gan", objective="hinge")
