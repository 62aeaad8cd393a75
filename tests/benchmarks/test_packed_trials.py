import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.reproduce.packed_trials import EPSILON, PIECES, STATISTICS_OF, PackedTrials
from tests.marks import slow
from tfgan_zoo import networks
from tfgan_zoo.data.points import Mixture, mixture
from tfgan_zoo.models import GAN

WIDE, BROAD, BATCH = 8, 6, 10
SMALL = {"batch_size": BATCH, "units": (WIDE, BROAD), "depths": (2, 2)}


def zoo_model(packing):
    normal = keras.initializers.RandomNormal(stddev=0.5)
    model = GAN(
        (2,),
        generator=networks.mlp_generator(
            (2,), 2, units=(WIDE,) * 2, batch_norm=True, use_bias=False, initializer=normal
        ),
        discriminator=networks.mlp_discriminator(
            (2 * packing,),
            units=(BROAD,) * 2,
            maxout_pieces=PIECES,
            input_dropout=0.0,
            dropout=0.0,
            initializer=normal,
        ),
        packing=packing,
    )
    model.compile(*(keras.optimizers.Adam(1e-4, beta_1=0.8, epsilon=1e-8) for _ in range(2)))
    return model


def pieces_first(weight):
    """Reorders Maxout's columns, (unit, piece), to those of `PackedTrials`, (piece, unit)."""
    return np.swapaxes(weight.reshape(*weight.shape[:-1], -1, PIECES), -1, -2).reshape(weight.shape)


def weights_of(model):
    """Returns the weights of a zoo model in the order and layout of `PackedTrials.weights`."""
    norms = [layer for layer in model.generator.layers if "norm" in layer.name]
    assert {n.epsilon for n in norms} == {EPSILON}
    g = [v.numpy() for v in model.generator.trainable_variables]
    *hidden, kernel, bias = (v.numpy() for v in model.discriminator.trainable_variables)
    return [*g, *map(pieces_first, hidden), kernel, bias]


def put(variables, values, trial):
    for variable, value in zip(variables, values, strict=True):
        whole = variable.numpy()
        whole[trial] = value.reshape(whole[trial].shape)
        variable.assign(whole)


def move_both(model, real, z):
    """Updates both players simultaneously: neither sees the other's update."""
    model.latents = lambda purpose, count: z
    before = [v.numpy() for v in model.discriminator.variables]
    fake = model.record_fakes("generator", real)
    model.update("discriminator", model.discriminator_loss, real, fake.value)
    after = [v.numpy() for v in model.discriminator.variables]
    for variable, value in zip(model.discriminator.variables, before, strict=True):
        variable.assign(value)
    model.update("generator", model.generator_loss, fake, real)
    for variable, value in zip(model.discriminator.variables, after, strict=True):
        variable.assign(value)


@pytest.mark.parametrize("packing", [slow(1), 3])
def test_an_update_is_the_zoo_s(packing):
    rng = np.random.default_rng(0)
    trials = PackedTrials(mixture("grid"), packing, 2, **SMALL)
    models = [zoo_model(packing) for _ in range(2)]
    for i, model in enumerate(models):
        put(trials.weights, weights_of(model), i)
    for step in range(3):
        real, z = rng.normal(size=(2, 2, BATCH * packing, 2)).astype("float32")
        before = [w.numpy() for w in trials.weights]
        trials.update(tf.constant(real), tf.constant(z), tf.constant(step, tf.int64))
        assert all((w.numpy() != b).any() for w, b in zip(trials.weights, before, strict=True))
        for i, model in enumerate(models):
            move_both(model, tf.constant(real[i]), tf.constant(z[i]))
            for ours, theirs in zip(trials.weights, weights_of(model), strict=True):
                np.testing.assert_allclose(ours[i], theirs.reshape(ours[i].shape), atol=1e-5)
    # Samples too, with the statistics of one large batch.
    noise, latents = (
        tf.random.stateless_normal([2, n, 2], [k, 0], alg="philox")[0]
        for n, k in ((STATISTICS_OF, 4), (5, 3))
    )
    for layer in models[0].generator.layers:
        layer.momentum = 0.0
    models[0].generator(noise, training=True)
    np.testing.assert_allclose(trials.sample(5)[0], models[0](latents), atol=1e-5)


def test_gradients_are_the_zoo_s():
    """Adam's first step hides the scale of a gradient, but its first moments show it."""
    trials = PackedTrials(mixture("grid"), 2, 1, **SMALL)
    model = zoo_model(2)
    put(trials.weights, weights_of(model), 0)
    real, z = np.random.default_rng(1).normal(size=(2, 1, BATCH * 2, 2)).astype("float32")
    trials.update(tf.constant(real), tf.constant(z), tf.constant(0, tf.int64))
    move_both(model, tf.constant(real[0]), tf.constant(z[0]))
    moments = {
        role: [
            v.numpy() for v in getattr(model, f"{role}_optimizer").variables if "momentum" in v.path
        ]
        for role in ("generator", "discriminator")
    }
    *hidden, kernel, bias = moments["discriminator"]
    theirs = [*moments["generator"], *map(pieces_first, hidden), kernel, bias]
    for (ours, _), m in zip(trials.moments, theirs, strict=True):
        assert np.abs(m).max() > 1e-5
        np.testing.assert_allclose(ours[0].numpy(), m.reshape(ours[0].shape), rtol=1e-3, atol=1e-7)


def test_resumed_is_uninterrupted(tmp_path):
    one, two, three = (PackedTrials(mixture("ring"), 2, 2, seed=s, **SMALL) for s in (5, 5, 5))
    one.run(7)
    two.run(4)
    two.save(tmp_path / "state.npz")
    three.restore(tmp_path / "state.npz")
    three.run(3)
    assert int(three.step) == 7
    for a, b in zip(one.state(), three.state(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]


def test_data_come_from_the_mixture_and_are_fresh():
    sharp = Mixture(mixture("ring").centres, sigma=1e-4)
    trials = PackedTrials(sharp, 2, 2, **{**SMALL, "batch_size": 200})
    real = trials._real(tf.constant(3, tf.int64)).numpy()
    distance = np.linalg.norm(real[:, :, None] - sharp.centres, axis=-1)
    assert distance.min(axis=-1).max() < 1e-3
    assert np.bincount(distance.argmin(axis=-1).ravel()).min() > 60  # of 800, of 8 modes
    other = trials._real(tf.constant(4, tf.int64)).numpy()
    assert len({point.tobytes() for batch in (*real, *other) for point in batch}) == 4 * 400


def test_points_that_are_drawn_once():
    trials = PackedTrials(mixture("ring"), 2, 2, points=50, **SMALL)
    batches = [trials._real(tf.constant(step, tf.int64)).numpy() for step in range(10)]
    seen = {point.tobytes() for batch in batches for point in batch.reshape(-1, 2)}
    assert seen <= {point.tobytes() for point in trials.points.numpy()}
    assert len(seen) > 45  # of 50, in 400 draws
    assert not np.array_equal(batches[0], batches[1])


def test_moving_statistics(tmp_path):
    """Those of training, kept with the state; without training, they normalise nothing."""
    trials, other = (PackedTrials(mixture("ring"), 1, 2, moving=True, **SMALL) for _ in range(2))
    means, deviations = [], []
    for step in range(3):
        z = np.random.default_rng(step).normal(size=(2, BATCH, 2)).astype("float32")
        x = z @ trials.generator[0][0].numpy()
        means.append(x.mean(axis=1))
        deviations.append(np.sqrt(x.var(axis=1) + EPSILON))
        trials.update(tf.constant(z), tf.constant(z), tf.constant(step, tf.int64))
    shares = [0.1 * 0.9**2, 0.1 * 0.9, 0.1]
    for moving, values, start in zip(
        trials.moving[0], (means, deviations), (0.0, 1.0), strict=True
    ):
        wanted = 0.9**3 * start + sum(s * v for s, v in zip(shares, values, strict=True))
        np.testing.assert_allclose(moving.numpy()[:, 0], wanted, rtol=1e-4, atol=1e-6)
    trials.save(tmp_path / "state.npz")
    other.restore(tmp_path / "state.npz")
    np.testing.assert_array_equal(trials.sample(9, moving=True), other.sample(9, moving=True))
    assert not np.allclose(trials.sample(9), trials.sample(9, moving=True), rtol=1e-3)
    # The points by hand.
    x = tf.random.stateless_normal([2, 9, 2], [3, 0], alg="philox").numpy()
    for (kernel, gamma, beta), (mean, deviation) in zip(
        trials.generator[:-1], trials.moving, strict=True
    ):
        x = (x @ kernel.numpy() - mean.numpy()) / deviation.numpy() * gamma.numpy() + beta.numpy()
        x = np.maximum(x, 0.0)
    kernel, bias = trials.generator[-1]
    np.testing.assert_allclose(
        trials.sample(9, moving=True), x @ kernel.numpy() + bias.numpy(), atol=1e-5
    )


@pytest.mark.parametrize("change", [{"epsilon": 1.0}, {"beta_1": 0.2}])
def test_a_setting_changes_training(change):
    one, two = (PackedTrials(mixture("ring"), 1, 1, **SMALL, **each) for each in ({}, change))
    for trials in (one, two):
        trials.run(2)
    assert any(
        not np.allclose(a.numpy(), b.numpy(), rtol=1e-4)
        for a, b in zip(one.weights, two.weights, strict=True)
    )
