import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import DCGAN, networks
from tfgan_zoo.callbacks import EvaluateImages
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import ModelFeatures

IMAGES = np.random.default_rng(0).integers(0, 256, (48, 16, 16, 1), np.uint8)


def features():
    inputs = keras.Input((16, 16, 1))
    return ModelFeatures(keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs)), "blur")


def small_model():
    model = DCGAN(
        (16, 16, 1),
        latent_dim=4,
        generator=networks.dcgan_generator((16, 16, 1), 4, filters=4),
        discriminator=networks.dcgan_discriminator((16, 16, 1), filters=4),
    )
    model.compile()
    return model


@pytest.mark.parametrize("batched", [False, True])
def test_scores_reach_the_callbacks_after_it(tmp_path, batched):
    real = tf.data.Dataset.from_tensor_slices((IMAGES, np.zeros(48))).batch(10)
    given = real.repeat() if batched else IMAGES
    evaluate = EvaluateImages(["fid", "swd"], given, num=32, features=features(), every=2, seed=5)
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.weights.h5", monitor="fid[blur]", mode="min", save_weights_only=True
    )
    model = small_model()
    history = model.fit(IMAGES, batch_size=16, epochs=2, callbacks=[evaluate, best], verbose=0)
    assert len(history.history["swd"]) == 1  # the second epoch's
    found, _ = distributions.compare(
        ["fid", "swd"],
        [model.generate(32, seed=5)],
        distributions.Reference({}, lambda: [IMAGES[:32]], 32),
        features(),
    )
    for name, value in found.items():
        assert history.history[name][0] == pytest.approx(value, rel=1e-5)


def test_mistakes_are_sentences():
    with pytest.raises(InputError, match="metrics: there is no 'ssim'"):
        EvaluateImages(["ssim"], IMAGES)
    with pytest.raises(InputError, match="features: there is no 'blur'"):
        EvaluateImages(["fid"], IMAGES, features="blur")
    with pytest.raises(InputError, match="images: expected 1 images or more for swd, got 0"):
        EvaluateImages(["swd"], IMAGES[:0])
    with pytest.raises(InputError, match="images: expected 6 images or more for density_coverage"):
        EvaluateImages(["fid", "density_coverage"], IMAGES[:5], features=features())
    with pytest.raises(InputError, match="num: expected 10 images or more for inception_score"):
        EvaluateImages(["inception_score"], IMAGES, num=9, features="mnist_v1")
    with pytest.raises(InputError, match="of 11x11 pixels or more for ms_ssim_diversity, got 16x8"):
        EvaluateImages(["ms_ssim_diversity"], IMAGES[:, :8])
