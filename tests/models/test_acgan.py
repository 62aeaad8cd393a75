import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.linear import FAKE, REAL, images
from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import ACGAN

L = keras.layers


def by_hand(packing=1, num_classes=2, **kwargs):
    """S's logit is the mean m of a pack; the logits of the classes are 0 and m, of each sample."""
    shape = (*SHAPE[:-1], SHAPE[-1] * packing)
    mean = keras.initializers.Constant(1 / np.prod(shape))
    x = keras.Input(shape)
    m = L.Dense(1, use_bias=False, kernel_initializer=mean)(L.Flatten()(x))
    answers = L.Concatenate()([m] + [m * 0, m] * packing)
    generator = tiny("acgan", dense=True, num_classes=num_classes).generator
    return ACGAN(
        SHAPE,
        LATENT,
        generator,
        keras.Model(x, answers),
        num_classes=num_classes,
        packing=packing,
        **kwargs,
    )


def softplus(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize(("weight", "of_fakes"), [(1.0, 1.0), (0.25, 1.0), (2.0, 0.25), (1.0, 0.0)])
def test_losses(weight, of_fakes):
    model = by_hand(class_weight=weight, fake_class_weight=of_fakes, fake_labels="real")
    real, fake, given = images(REAL), images(FAKE), (tf.constant([0, 1]),)
    d_loss, d_logs = model.discriminator_loss(real, fake, given)
    # Real 0 and 2, fake 1 and -3.
    source = (softplus(0) + softplus(-2) + softplus(1) + softplus(-3)) / 2
    # -log P(0) = softplus(m), -log P(1) = softplus(-m).
    of_real, of_fake = (softplus(0) + softplus(-2)) / 2, (softplus(1) + softplus(3)) / 2
    assert float(d_loss) == pytest.approx(source + weight * (of_real + of_fakes * of_fake))
    assert float(d_logs["d_class"]) == pytest.approx(of_real)
    assert float(d_logs["d_class_fake"]) == pytest.approx(of_fake)
    assert float(d_logs["d_loss"]) == pytest.approx(source)
    g_loss, g_logs = model.generator_loss(fake, real, given)
    assert float(g_logs["g_loss"]) == pytest.approx((softplus(-1) + softplus(3)) / 2)
    assert float(g_loss) == pytest.approx((softplus(-1) + softplus(3)) / 2 + weight * of_fake)
    assert set(d_logs | g_logs) == set(model.log_names)


def test_other_labels_change_the_loss_of_the_class_alone():
    """The control of the test above."""
    model, real = by_hand(fake_labels="real"), images(REAL)
    right, wrong = (
        model.discriminator_loss(real, real, (tf.constant(labels),))[1]
        for labels in ([0, 1], [1, 0])
    )
    assert float(wrong["d_class"]) == pytest.approx(float(right["d_class"]) + 1)
    assert float(wrong["d_loss"]) == float(right["d_loss"])


def test_each_sample_of_a_pack_is_classified():
    model = by_hand(packing=2, fake_labels="real")
    _, logs = model.discriminator_loss(images(REAL), images(FAKE), (tf.constant([0, 1]),))
    # One pack of mean 1: -log P(0) and -log P(1).
    assert float(logs["d_class"]) == pytest.approx((softplus(1) + softplus(-1)) / 2, rel=1e-5)


def test_fakes_are_classified_with_the_label_they_were_asked_for():
    model = by_hand(fake_labels="uniform")
    given = (tf.zeros([64], tf.int32),)
    (asked,) = model.asked(given)
    assert 16 < np.sum(asked) < 48
    _, logs = model.discriminator_loss(images([0.0] * 64), images([3.0] * 64), given)
    ones = float(np.mean(asked))
    expected = ones * softplus(-3) + (1 - ones) * softplus(3)
    assert float(logs["d_class_fake"]) == pytest.approx(expected, rel=1e-5)


def test_penalties_are_those_of_the_source():
    """The slope of S's logit is 1/768 in each of 768 numbers; those of the classes do not count."""
    model = by_hand(r1_gamma=2.0, r2_gamma=4.0, fake_labels="real")
    real, given = images(REAL), (tf.constant([0, 1]),)
    assert float(model.penalties(real, real, given)) == pytest.approx((2 + 4) / 2 / 768)


def test_discriminators_without_classes_are_refused():
    good = tiny("acgan")
    for units in (1, 3, 5):
        wrong = keras.Sequential([keras.Input(SHAPE), L.Flatten(), L.Dense(units)])
        with pytest.raises(
            InputError,
            match=r"discriminator: expected a network whose output has shape \(batch, 4\)",
        ):
            ACGAN(SHAPE, LATENT, good.generator, wrong, num_classes=3)


@pytest.mark.slow
def test_the_discriminator_learns_classes():
    model = tiny("acgan", num_classes=2, fake_labels="real")
    model.compile(discriminator_optimizer=keras.optimizers.Adam(2e-3))
    labels = np.arange(32) % 2
    x = np.where(labels[:, None, None, None], 255, 0) + np.zeros((1, *SHAPE))
    history = model.fit(x.astype("uint8"), labels, batch_size=8, epochs=30, verbose=0).history
    assert history["d_class"][-1] < 0.5 * history["d_class"][0]
