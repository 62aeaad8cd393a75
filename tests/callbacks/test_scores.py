import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
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


@pytest.mark.parametrize("batched", [slow(False), True])
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


class Ruined(keras.callbacks.Callback):
    """Lets the generator make NaN from the second epoch on."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            weight = self.model.generator.weights[0]
            weight.assign(np.full(weight.shape, np.nan))


NUMBERS = (
    *("fid", "kid", "kid_std", "inception_score", "inception_score_std", "precision", "recall"),
    *("density", "coverage", "modes", "modes_of", "reverse_kl"),
)


def test_images_with_nan_are_scored_nan_and_end_nothing(tmp_path):
    model = small_model()
    of_classes = distributions.by_class(distributions.METRICS)
    metrics = [name for name in distributions.METRICS if name not in of_classes]
    evaluate = EvaluateImages(metrics, IMAGES, num=16, features="fashion_mnist_v1")
    watched = {"monitor": "fid[fashion_mnist_v1]", "mode": "min"}
    best = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True, **watched)
    early = keras.callbacks.EarlyStopping(patience=1, **watched)
    with (
        pytest.warns(UserWarning, match="16 of 16 outputs have NaN or infinity"),
        pytest.warns(UserWarning, match="expected finite numbers, got 4,096 that are not. Their"),
    ):
        history = model.fit(
            IMAGES,
            batch_size=16,
            epochs=5,
            callbacks=[Ruined(), evaluate, best, early],
            verbose=0,
        ).history
    expected = {f"{name}[fashion_mnist_v1]" for name in NUMBERS}
    expected |= {"ms_ssim_diversity", "ms_ssim_diversity_of_data", "swd"}
    assert {name for name in history if not name.startswith(("g_", "d_"))} == expected
    for name in expected:
        assert np.isfinite(history[name][0])
        assert np.isnan(history[name][1:]).all()
    # The first epoch's was the best, and the second ends the run.
    assert len(history["swd"]) == 2
    assert best.best == history["fid[fashion_mnist_v1]"][0]


def test_images_of_0_to_255_are_scored_nan_with_a_sentence():
    evaluate = EvaluateImages(
        ["swd"], IMAGES, num=8, make=lambda model, num, seed: IMAGES[:num].astype(np.float32)
    )
    logs = {}
    with pytest.warns(UserWarning, match=r"expected floats in \[-1, 1\], got 0 to 255; give those"):
        evaluate.on_epoch_end(0, logs)
    assert np.isnan(logs["swd"])


def test_mistakes_are_sentences():
    with pytest.raises(InputError, match="metrics: there is no 'ssim'"):
        EvaluateImages(["ssim"], IMAGES)
    with pytest.raises(InputError, match="features: there is no 'blur'"):
        EvaluateImages(["fid"], IMAGES, features="blur")
    with pytest.raises(InputError, match="images: expected 1 image or more for swd, got 0"):
        EvaluateImages(["swd"], IMAGES[:0])
    with pytest.raises(InputError, match="images: expected 6 images or more for density_coverage"):
        EvaluateImages(["fid", "density_coverage"], IMAGES[:5], features=features())
    with pytest.raises(InputError, match="num: expected 10 images or more for inception_score"):
        EvaluateImages(["inception_score"], IMAGES, num=9, features="mnist_v1")
    with pytest.raises(InputError, match="of 11x11 pixels or more for ms_ssim_diversity, got 16x8"):
        EvaluateImages(["ms_ssim_diversity"], IMAGES[:, :8])
