"""3D-GAN: its losses, when its discriminator rests, and the features that it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.tiny import LATENT, VOXELS, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import GAN3D, WGANGP
from tfgan_zoo.models.gan_3d import features_of

L = keras.layers


def judged(**kwargs):
    """A game whose discriminator scores a sample by its mean."""
    x = keras.Input(VOXELS)
    mean = L.GlobalAveragePooling3D()(x)
    scores = L.Dense(1, kernel_initializer="ones")(mean)
    return GAN3D(VOXELS, LATENT, tiny("gan_3d").generator, keras.Model(x, scores), **kwargs)


def of_means(*means):
    return tf.ones([len(means), *VOXELS]) * np.reshape(means, (-1, 1, 1, 1, 1)).astype("float32")


def test_losses_by_hand():
    model = judged()
    real, fake = of_means(1.0, 0.0), of_means(-1.0, 0.5)
    loss, logs = model.discriminator_loss(real, fake)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    expected = -np.mean(np.log(sigmoid(np.array([1.0, 0.0])))) - np.mean(
        np.log(1 - sigmoid(np.array([-1.0, 0.5])))
    )
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    # 1 and -1 are right, 0 is not above 0, and 0.5 is not below.
    assert float(logs["d_accuracy"]) == 0.5
    loss, _ = model.generator_loss(fake, real)
    assert float(loss) == pytest.approx(-np.mean(np.log(sigmoid(np.array([-1.0, 0.5])))), rel=1e-5)


def test_the_accuracy_on_the_batch_before_decides():
    """Accuracies 1, 0.5, 0.75, 1, 1 and at most 0.8: the second and the fifth batch are skipped."""
    model = judged()
    model.compile(run_eagerly=True)
    # A rate of 0: the accuracies are those of the batches.
    model.discriminator_optimizer.learning_rate.assign(0.0)
    right, half, three = (of_means(1, 1), of_means(-1, -1)), (of_means(1, 1),) * 2, None
    three = of_means(1, 1), of_means(-1, 1)
    idle, updates = [], []
    for real, fake in (right, half, three, right, right):
        logs = model.update("discriminator", model.discriminator_loss, real, fake)
        idle.append(float(logs["d_idle"]))
        updates.append(int(model.discriminator_optimizer.iterations))
    assert idle == [0.0, 1.0, 0.0, 0.0, 1.0]
    assert updates == [1, 1, 2, 3, 3]
    assert float(model.accuracy) == 1.0


@pytest.mark.parametrize(
    ("most", "num", "right"), [(0.7, 10, (6, 8)), (0.7, 20, (11, 17)), (0.8, 10, (10, 6))]
)
def test_an_accuracy_of_exactly_the_limit_is_not_above_it(most, num, right):
    """In float32, half of 6/10 and half of 8/10 add up to more than 0.7."""
    model = judged(skip_discriminator_above=most)
    scores = [tf.constant(np.where(np.arange(num) < each, 1.0, -1.0), "float32") for each in right]
    logs = model.accuracy_logs(scores[0], -scores[1])
    assert not model.is_ahead(logs["d_accuracy"])
    assert not model.is_ahead(tf.constant(most + 0.5 / num))  # of the limit itself
    assert model.is_ahead(tf.constant(0.5))


def test_a_mean_over_ten_batches_decides_otherwise():
    """The control: the rule of other games, given the same batches, never skips one."""
    model = judged()
    model.is_ahead = lambda accuracy: super(GAN3D, model).is_ahead(accuracy)
    model.compile(run_eagerly=True)
    model.discriminator_optimizer.learning_rate.assign(0.0)
    for _ in range(2):
        logs = model.update("discriminator", model.discriminator_loss, of_means(1), of_means(-1))
    assert float(logs["d_idle"]) == 0.0


def test_it_rests_in_fit_and_after_loading(tmp_path):
    model = tiny("gan_3d", skip_discriminator_above=0.5)
    model.compile(run_eagerly=True)  # The suites rest in graphs, too.
    model.accuracy.assign(1.0)  # on the batch before
    before = [v.numpy() for v in model.role_variables("discriminator")]
    model.fit(samples(model), batch_size=4, verbose=0)
    for was, now in zip(before, model.role_variables("discriminator"), strict=True):
        np.testing.assert_array_equal(was, now.numpy())
    model.save(tmp_path / "m.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "m.keras")
    assert float(loaded.accuracy) == float(model.accuracy) <= 1.0
    assert loaded.skip_discriminator_above == 0.5


def test_latents_are_uniform_from_0_to_1():
    z = tiny("gan_3d", latent_distribution="uniform").sample_latents(2000)
    assert 0 <= z.min() < 0.01
    assert 0.99 < z.max() <= 1
    assert z.mean() == pytest.approx(0.5, abs=0.01)
    assert tiny("dcgan", latent_distribution="uniform").sample_latents(100).min() < -0.9


# ---------------------------------------------------------------------- features


def pooled_by_hand(x, size=2):
    """Returns the largest number of each octant, `[B, 2, 2, 2, C]`, flattened."""
    num, side, channels = len(x), x.shape[1] // size, x.shape[-1]
    cells = x.reshape(num, size, side, size, side, size, side, channels)
    return cells.max(axis=(2, 4, 6)).reshape(num, -1)


def test_features_are_those_of_all_convolutions_but_the_first():
    shape = (32, 32, 32, 1)
    judge = networks.gan_3d_discriminator(shape, filters=2)
    model = GAN3D(shape, 4, networks.gan_3d_generator(shape, 4, filters=2), judge)
    voxels = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    found = model.encode(voxels, batch_size=2)
    x, maps = voxels.astype("float32") / 127.5 - 1, []
    for layer in judge.layers[1:-2]:
        x = layer(x)
        if layer.name.startswith("lrelu"):
            maps.append(x.numpy())
    assert [m.shape[1:] for m in maps] == [(16, 16, 16, 2), (8, 8, 8, 4), (4, 4, 4, 8)]
    expected = np.concatenate([pooled_by_hand(m) for m in maps[1:]], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.shape == (3, 8 * 4 + 8 * 8)


def test_features_of_the_papers_network():
    assert features_of(networks.gan_3d_discriminator((64, 64, 64, 1))).output_shape == (None, 7168)


def test_features_follow_training_and_know_no_classes():
    model = tiny("gan_3d", num_classes=3)
    voxels = samples(model)["image"]
    before = model.encode(voxels)
    for variable in model.discriminator.trainable_variables:
        variable.assign(variable * 1.5)
    assert np.abs(model.encode(voxels) - before).max() > 1e-4


def test_what_has_no_features():
    packed = tiny("gan_3d", packing=2)
    with pytest.raises(InputError, match="encode: expected packing=1, got 2"):
        packed.encode(np.zeros((2, *VOXELS), np.uint8))
    with pytest.raises(InputError, match="a discriminator with Conv3D layers"):
        tiny("gan_3d", dense=True).encode(np.zeros((2, *VOXELS), np.uint8))
    with pytest.raises(InputError, match="encode: expected one or more, got none"):
        tiny("gan_3d").encode(np.zeros((0, *VOXELS), np.uint8))


# ---------------------------------------------------------------------- other games, and XLA


def test_wgan_gp_of_voxels():
    model = WGANGP(VOXELS, latent_dim=8)
    assert model.generator.get_layer("conv_1").units == 64 * 64
    assert model.discriminator.get_layer("norm_1").groups == 1
    model.compile(run_eagerly=True)
    logs = step(model, model.example_batch(2))
    assert all(np.isfinite(float(value)) for value in logs.values())
    assert np.isfinite(float(logs["d_gradient_norm"]))


@pytest.mark.filterwarnings("ignore:.*as in occupancies")
@pytest.mark.parametrize("as_dataset", [False, True])
def test_voxels_of_0_and_1_are_refused(as_dataset):
    model = tiny("gan_3d", dense=True)
    model.compile(run_eagerly=True)
    full = np.random.default_rng(0).random((8, *VOXELS)) < 0.5
    of = r"of 0 and 255 as uint8, .* got (bool|uint8|float32) of 0"
    for wrong in (full.astype("uint8"), full, full.astype("float32")):
        data = tf.data.Dataset.from_tensor_slices(wrong).batch(4) if as_dataset else wrong
        with pytest.raises(InputError, match=of):
            model.fit(data, **({} if as_dataset else {"batch_size": 4}), verbose=0)
    right = np.uint8(255) * full
    data = tf.data.Dataset.from_tensor_slices(right).batch(4) if as_dataset else right
    model.fit(data, **({} if as_dataset else {"batch_size": 4}), verbose=0)
    assert model.steps_done == 2


def test_occupancies_are_warned_of_and_encoded_by_no_discriminator():
    model = tiny("gan_3d")
    model.compile(run_eagerly=True)
    half = np.random.default_rng(0).random((4, *VOXELS), np.float32)
    with pytest.warns(UserWarning, match=r"as in occupancies .*; give 2.0 \* x - 1\."):
        model.fit(half, batch_size=4, verbose=0)
    for wrong in (half > 0.5, np.uint8(half > 0.5), np.float32(half > 0.5)):
        with pytest.raises(InputError, match="encode: expected voxels of 0 and 255"):
            model.encode(wrong)
    model.encode(np.ones((1, *VOXELS), np.float32))  # all full


def test_a_generator_of_occupancies_is_warned_of():
    """The paper's sigmoid alone makes [0, 1], and empty voxels here are -1."""
    z = keras.Input((LATENT,))
    made = L.Reshape(VOXELS)(L.Dense(8**3, activation="sigmoid")(z))
    with pytest.warns(UserWarning, match=r"generator: expected .* anywhere in \[-1, 1\]"):
        GAN3D(VOXELS, LATENT, keras.Model(z, made), tiny("gan_3d").discriminator)
    tiny("gan_3d")  # scales it, and is not


def test_images_are_refused():
    with pytest.raises(InputError, match=r"expected \(depth, height, width, channels\), got \(16,"):
        GAN3D((16, 16, 3))


def test_xla_is_refused_on_a_cpu(tmp_path):
    assert not tf.config.list_logical_devices("GPU")
    model = tiny("gan_3d")
    with pytest.raises(InputError, match="jit_compile: expected False on a CPU, where XLA takes"):
        model.compile(jit_compile=True)
    dense = tiny("gan_3d", dense=True)
    dense.compile(jit_compile=True)  # without 3-D convolutions
    assert dense.jit_updates
    # What was trained on a GPU is loaded here without it.
    model.compile()
    model.jit_updates = True
    model.save(tmp_path / "m.keras")
    assert tfgan_zoo.load_model(tmp_path / "m.keras").jit_updates is False
