import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.linear import FAKE, REAL, images
from tests.models.tiny import CLASSES, step, tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of


def batch_norms(network):
    return [x for x in layers_of(network) if isinstance(x, keras.layers.BatchNormalization)]


def test_orthogonality_by_hand():
    model = tiny("biggan", orthogonal_weight=0.5)
    expected, count = 0.0, 0
    for variable in model.generator.trainable_variables:
        if variable.path.endswith("kernel"):
            w = variable.numpy().reshape(-1, variable.shape[-1]).astype(float)
            products = w.T @ w
            expected += np.sum((products - np.diag(np.diag(products))) ** 2)
            count += 1
    assert count > 10
    assert float(model.orthogonality()) == pytest.approx(expected, rel=1e-4)
    fake, given = images(FAKE), (tf.constant([0, 1]),)
    total, logs = model.generator_loss(fake, fake, given)
    assert float(total - logs["g_loss"]) == pytest.approx(0.5 * expected, rel=1e-4)
    # The control: a kernel whose columns are alike.
    kernel = next(v for v in model.generator.trainable_variables if v.path.endswith("kernel"))
    kernel.assign(np.ones(kernel.shape))
    assert float(model.orthogonality()) > expected + 1


def test_losses_without_orthogonality():
    model = tiny("biggan", orthogonal_weight=0.0)
    model.logits = lambda images, *args: tf.reduce_mean(images, axis=(1, 2, 3))
    real, fake, given = images(REAL), images(FAKE), (tf.constant([0, 1]),)
    # Real 0 and 2, fake 1 and -3: (1 + 0) / 2 + (2 + 0) / 2, and -(1 - 3) / 2.
    assert float(model.discriminator_loss(real, fake, given)[0]) == pytest.approx(1.5)
    assert float(model.generator_loss(fake, real, given)[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["biggan", "conditional_dcgan"])
def test_the_average_may_have_batch_statistics_of_its_own(name):
    """Those of its own passes; other models' averages have copies."""
    model = tiny(name, ema_half_life=1e9)
    model.compile(run_eagerly=True)
    # The average's weights differ from the network's, as after many steps.
    average, network = model.averages[0], model.generator
    for variable in network.trainable_variables:
        variable.assign(variable.value * 1.5)
    step(model, model.example_batch(4))
    own, raw = batch_norms(average), batch_norms(network)
    assert len(own) == len(raw) > 1
    alike = [np.array_equal(a.moving_mean, b.moving_mean) for a, b in zip(own, raw, strict=True)]
    assert not any(alike) if name == "biggan" else all(alike)
    assert all(np.abs(np.asarray(layer.moving_mean)).max() > 0 for layer in own)


def test_standing_statistics_are_means_over_batches(monkeypatch):
    model = tiny("biggan", ema_half_life=None)
    asked = []
    run = model.run
    monkeypatch.setattr(
        model,
        "run",
        lambda net, given, training: asked.append(given[1]) or run(net, given, training),
    )
    layer = batch_norms(model.generator)[0]
    momentum, trained = layer.momentum, [v.numpy() for v in model.generator.trainable_variables]
    model.standing_statistics(num=12, batch_size=4, seed=3)
    name = next(x.name for x in model.generator.layers if layer in layers_of(x))
    entering = keras.Model(model.generator.inputs, model.generator.get_layer(name).input[0])
    z, labels = model.sample_latents(12, 3), np.concatenate(asked)
    # Each class equally often, and in no order that batches of neighbours would follow.
    np.testing.assert_array_equal(np.sort(labels), np.sort(np.arange(12) % CLASSES))
    assert not np.array_equal(labels, np.arange(12) % CLASSES)
    batches = [
        np.asarray(entering([z[i : i + 4], labels[i : i + 4]], training=True)) for i in (0, 4, 8)
    ]
    means = np.mean([x.mean(axis=(0, 1, 2)) for x in batches], axis=0)
    variances = np.mean([x.var(axis=(0, 1, 2)) for x in batches], axis=0)
    np.testing.assert_allclose(layer.moving_mean, means, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, variances, rtol=1e-4, atol=1e-6)
    assert layer.momentum == momentum
    for before, after in zip(trained, model.generator.trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after)
    with pytest.raises(InputError, match="num: expected"):
        model.standing_statistics(num=3, batch_size=4)


def test_truncated_samples_are_made_of_truncated_noise():
    model = tiny("biggan")
    z = model.sample_latents(500, 0, truncation=0.5)
    assert np.abs(z).max() <= 0.5
    # The deviation of N(0, 1) within 0.5 of 0.
    assert z.std() == pytest.approx(0.2847, abs=0.01)
