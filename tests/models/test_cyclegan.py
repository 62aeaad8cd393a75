import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.pointwise import SHAPE, times
from tests.models.tiny import compiled, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import CycleGAN

A, B = tf.fill([2, *SHAPE], 0.5), tf.fill([2, *SHAPE], -1.0)


def by_hand(**kwargs):
    """G(a) = a / 2, F(b) = b, D_a(x) = x, D_b(x) = 2 x."""
    return CycleGAN(SHAPE, None, times(0.5), times(1.0), times(1.0), times(2.0), **kwargs)


def losses(model):
    g_loss, (g_logs, (fake_a, fake_b)) = model.generator_loss(A, B)
    np.testing.assert_allclose(fake_a, B)
    np.testing.assert_allclose(fake_b, A / 2)
    d_loss, d_logs = model.discriminator_loss(A, B, fake_a, fake_b)
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert set(logs) == set(model.log_names)
    assert float(g_loss) == logs["g_loss"]
    assert float(d_loss) == logs["d_loss"]
    return logs


def test_losses():
    assert losses(by_hand()) == pytest.approx(
        {
            "g_gan_a_to_b": 0.25,  # (0.5 - 1)^2
            "g_gan_b_to_a": 4.0,  # (-1 - 1)^2
            "g_cycle_a": 0.25,  # |0.25 - 0.5|
            "g_cycle_b": 0.5,  # |-0.5 - -1|
            "g_identity_a": 0.0,
            "g_identity_b": 0.5,  # |-0.5 - -1|
            "g_loss": 0.25 + 4.0 + 10 * 0.75 + 10 * 0.5 * 0.5,
            "d_a": 0.625,  # ((0.5 - 1)^2 + (-1)^2) / 2
            "d_b": 4.625,  # ((-2 - 1)^2 + 0.5^2) / 2
            "d_loss": 5.25,
        }
    )


def test_weights():
    logs = losses(by_hand(cycle_weight=1.0, identity_weight=0.0))
    assert logs["g_loss"] == pytest.approx(0.25 + 4.0 + 0.75)
    assert logs["g_identity_b"] == 0


def test_cross_entropy():
    logs = losses(by_hand(objective="cross_entropy"))
    assert logs["g_gan_a_to_b"] == pytest.approx(0.4740770)  # softplus(-0.5)
    assert logs["g_gan_b_to_a"] == pytest.approx(1.3132617)  # softplus(1)
    assert logs["d_a"] == pytest.approx((0.4740770 + 0.3132617) / 2)  # softplus(-1)
    assert logs["d_b"] == pytest.approx((2.1269280 + 0.9740770) / 2)  # softplus(2), (0.5)


def test_wasserstein_with_gradient_penalty():
    logs = losses(by_hand(objective="wasserstein_gp"))
    assert logs["g_gan_b_to_a"] == pytest.approx(1.0)
    # The mean over 16 pixels of x has slope sqrt(16) / 16, of 2 x twice that.
    assert logs["d_a"] == pytest.approx(-1.0 - 0.5 + 10 * (0.25 - 1) ** 2)
    assert logs["d_b"] == pytest.approx(0.5 + 2.0 + 10 * (0.5 - 1) ** 2)
    mixing = keras.Sequential([keras.Input(SHAPE), keras.layers.BatchNormalization()])
    with pytest.raises(InputError, match="discriminator_b: expected a critic without batch norm"):
        CycleGAN(
            SHAPE, None, times(1.0), times(1.0), times(1.0), mixing, objective="wasserstein_gp"
        )


def test_one_optimizer_for_each_role():
    model = compiled("cyclegan")
    before = [net.get_weights() for nets in model.roles().values() for net in nets]
    step(model, samples(model))
    after = [net.get_weights() for nets in model.roles().values() for net in nets]
    for old, new in zip(before, after, strict=True):
        assert np.any(old[0] != new[0])
    for role in ("generator", "discriminator"):
        optimizer = getattr(model, f"{role}_optimizer")
        assert int(optimizer.iterations) == 1
        # Adam: the step, the rate, and two moments for each variable of both networks.
        assert len(optimizer.variables) == 2 + 2 * len(model.role_variables(role))


def test_discriminators_are_shown_the_pool():
    model = compiled("cyclegan", pool_size=1)
    made, shown = [], []
    generator_loss, discriminator_loss = model.generator_loss, model.discriminator_loss

    def watch_made(*args):
        result = generator_loss(*args)
        made.append(result[1][1][0].numpy())
        return result

    def watch_shown(*args):
        shown.append(args[2].numpy())
        return discriminator_loss(*args)

    model.generator_loss, model.discriminator_loss = watch_made, watch_shown
    for seed in range(8):
        step(model, samples(model, batch=1, seed=seed))
    stored, old = made[0], 0
    np.testing.assert_array_equal(shown[0], made[0])
    for new, seen in zip(made[1:], shown[1:], strict=True):
        if not np.array_equal(seen, new):
            np.testing.assert_array_equal(seen, stored)
            stored, old = new, old + 1
    assert 0 < old < 7


def test_the_pool_survives_saving(tmp_path):
    model = compiled("cyclegan")
    step(model, samples(model))
    model.save_weights(tmp_path / "model.weights.h5")
    other = compiled("cyclegan")
    other.load_weights(tmp_path / "model.weights.h5")
    for pool, copy in ((model.pool_a, other.pool_a), (model.pool_b, other.pool_b)):
        assert int(copy.count.numpy()) == 3
        np.testing.assert_array_equal(copy.images.numpy(), pool.images.numpy())
        assert np.any(pool.images.numpy() != 0)


def test_translates_both_ways_and_any_size():
    model = tiny("cyclegan")
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (3, 30, 45, 1), "uint8")
    colour = model.translate(grey)
    assert colour.shape == (3, 30, 45, 3)
    assert colour.dtype == np.float32
    assert np.all(np.abs(colour) <= 1)
    floats = grey.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(model.translate(floats), colour, atol=1e-5)
    np.testing.assert_allclose(model.translate(grey, batch_size=3), colour, atol=1e-5)
    np.testing.assert_allclose(model.translate(grey[1:2]), colour[1:2], atol=1e-5)
    assert model.translate(colour, "b_to_a").shape == grey.shape
    # Where nothing has to be padded, it is the network's own answer.
    whole = grey[:, :28, :44]
    expected = model.generator_a_to_b(floats[:, :28, :44])
    np.testing.assert_allclose(model.translate(whole), expected, atol=1e-5)


def test_translate_refuses():
    model = tiny("cyclegan")
    with pytest.raises(InputError, match="a_to_b or b_to_a of CycleGAN, got 'a_to_c'"):
        model.translate(np.zeros((1, 16, 16, 1), "uint8"), "a_to_c")
    with pytest.raises(InputError, match=r"\(batch, any, any, 1\), got \(1, 16, 16, 3\)"):
        model.translate(np.zeros((1, 16, 16, 3), "uint8"))
    with pytest.raises(InputError, match="an image or more"):
        model.translate(np.zeros((0, 16, 16, 1), "uint8"))


def test_kinds_of_data():
    model = tiny("cyclegan")
    a, b = samples(model).values()
    for data in ((a, b), [a, b], {"a": a, "b": b}):
        one, other = model.pair(data)
        np.testing.assert_allclose(one, a / 127.5 - 1, atol=1e-6)
        np.testing.assert_allclose(other, b / 127.5 - 1, atol=1e-6)
    for data in (a, (a,), {"image": a}):
        with pytest.raises(InputError, match=r"\(a, b\), or a dict with the keys a and b, got"):
            model.pair(data)
    with pytest.raises(InputError, match=r"batches, a: expected shape \(batch, 16, 16, 1\)"):
        model.pair((b, a))


def test_networks_must_fit():
    with pytest.raises(InputError, match=r"generator_b_to_a: .*input .*\(batch, 4, 4, 1\)"):
        CycleGAN(SHAPE, None, times(1.0), times(1.0, channels=3), times(1.0), times(1.0))
    with pytest.raises(InputError, match="identity_weight: expected 0 between domains of 1 and 3"):
        tiny("cyclegan", identity_weight=0.5)
    with pytest.raises(InputError, match="objective: expected one of"):
        by_hand(objective="hinge")
    with pytest.raises(InputError, match="cycle_weight: expected a number from 0 up, got -1"):
        by_hand(cycle_weight=-1)
    with pytest.raises(InputError, match="image_shape"):
        CycleGAN((16, 16))


@pytest.mark.slow
def test_the_paper_is_the_default():
    model = CycleGAN((64, 64, 3))
    model.compile()
    assert (model.cycle_weight, model.identity_weight, model.pool_size) == (10, 0.5, 50)
    for network in (model.generator_a_to_b, model.generator_b_to_a):
        assert sum("Conv" in type(layer).__name__ for layer in network.layers) == 6 + 2 * 6
    for network in (model.discriminator_a, model.discriminator_b):
        assert network.compute_output_shape((1, 256, 256, 3)) == (1, 30, 30, 1)
    assert model.pool_a.images.shape == (50, 64, 64, 3)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)
        assert optimizer.beta_1 == 0.5


def test_other_players():
    def unet(name):
        return networks.unet_generator((32, 32, 1), filters=4, depth=2, name=name)

    unets = unet("generator_a_to_b"), unet("generator_b_to_a")
    model = CycleGAN((32, 32, 1), None, *unets, pool_size=2)
    model.compile()
    assert np.isfinite(float(step(model, samples(model))["g_loss"]))
