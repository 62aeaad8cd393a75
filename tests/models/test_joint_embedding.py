import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.tiny import EMBEDDING, SHAPE, WORDS, assert_same
from tfgan_zoo import networks
from tfgan_zoo.callbacks import LossScales
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import JointEmbedding


def tiny(**kwargs):
    keras.utils.set_random_seed(0)
    encoder = networks.word_encoder(EMBEDDING, vocabulary=WORDS, word_dim=4, units=4)
    images = networks.image_encoder(SHAPE, EMBEDDING, filters=4)
    return JointEmbedding(SHAPE, EMBEDDING, encoder, images, **kwargs)


def test_loss_by_hand():
    model = tiny()
    # F(v_n, t_k) in row n, column k.
    scores = tf.constant([[2.0, 1.5, 0.0], [0.0, 1.0, 3.0], [0.0, 0.0, 0.5]])
    model.image_encoder = lambda images, training: scores
    model.text_encoder = lambda texts, training: tf.eye(3)
    images = tf.zeros([3, *SHAPE])
    loss, logs = model.loss_between(images, None, tf.constant([0, 1, 2]))
    # 1 + 1.5 - 2; nothing; 1 + 3 - 1; and 1 + 0 - 0.5 twice: by images, halved
    by_images = [0.5 / 2, (0 + 3) / 2, (0.5 + 0.5) / 2]
    # By texts, down the columns: nothing; 1 + 1.5 - 1; 1 + 0 - 0.5, 1 + 3 - 0.5
    by_texts = [0, 1.5 / 2, (0.5 + 3.5) / 2]
    assert float(loss) == pytest.approx(np.mean(by_images) + np.mean(by_texts))
    assert float(logs["accuracy"]) == pytest.approx(2 / 3)
    # Of one class, the second and third are no rivals.
    loss, logs = model.loss_between(images, None, tf.constant([0, 1, 1]))
    assert float(loss) == pytest.approx((0.5 / 2 + 0 + 0.5) / 3 + (0 + 1.5 + 0.5) / 3)
    assert float(logs["accuracy"]) == 1.0


def test_equal_texts_are_no_rivals():
    model = tiny()
    images = tf.random.stateless_normal([4, *SHAPE], [0, 1])
    same = tf.constant(["a ring"] * 4)
    assert float(model.loss_between(images, same, same)[0]) == 0


def test_learns_resumes_and_embeds(tmp_path):
    model = tiny()
    model.compile(keras.optimizers.Adam(1e-2))
    texts = np.array([f"a {colour} {shape}" for colour in WORDS[1:3] for shape in WORDS[3:]])
    images = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), "uint8")
    data = tf.data.Dataset.from_tensors({"image": images, "text": texts}).repeat()
    logs = model.fit(data, steps_per_epoch=60, epochs=2, verbose=0, shuffle=False).history
    assert logs["loss"][1] < 0.5 * logs["loss"][0]
    assert logs["accuracy"][1] > 0.9
    nearest = (model.embed(texts) @ model.embed_images(images).T).argmax(axis=1)
    assert nearest.tolist() == [0, 1, 2, 3]
    with pytest.raises(InputError, match="embed_images: expected an image or more"):
        model.embed_images(images[:0])
    assert model.evaluate(data, steps=1, return_dict=True, verbose=0)["accuracy"] == 1.0

    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    own = lambda model: [(v.path, v.numpy()) for v in model.encoder_optimizer.variables]  # noqa: E731
    assert_same(own(loaded), own(model))
    np.testing.assert_allclose(loaded.embed(texts), model.embed(texts), atol=1e-6)
    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["embed"]
    made = served(text=tf.constant(texts))["embeddings"]
    np.testing.assert_allclose(made, model.embed(texts), atol=1e-5)


def test_the_papers_optimizer_updates_as_torch_does():
    """Torch: x -= rate g / (sqrt(m) + 1e-8) with m = 0.99 m + 0.01 g^2, m = 0 at first."""
    optimizer = tiny().default_optimizers()["encoder"]
    weight = keras.Variable([0.0, 0.0, 0.0])
    optimizer.build([weight])
    gradients = np.array([[0.3, 1e-4, 1e-6], [0.1, 2e-4, 1e-6]], "float32")
    expected, m = np.zeros(3), np.zeros(3)
    for g in gradients:
        optimizer.apply([tf.constant(g)], [weight])
        m = 0.99 * m + 0.01 * g**2
        expected -= 7e-4 * g / (np.sqrt(m) + 1e-8)
    np.testing.assert_allclose(weight[:2], expected[:2], rtol=2e-3)
    np.testing.assert_allclose(weight[2], expected[2], rtol=0.1)  # sqrt(m) is 1e-7, near 1e-8


def test_bad_batches():
    model = tiny()
    with pytest.raises(InputError, match="XLA has no strings"):
        model.compile(jit_compile=True)
    model.compile(jit_compile="auto")
    assert not model.jit_updates
    with pytest.raises(InputError, match="with the keys image, text"):
        model.batch(np.zeros((2, *SHAPE), "uint8"))
    with pytest.raises(InputError, match="strings, got type float32"):
        model.batch((np.zeros((2, *SHAPE), "uint8"), np.zeros((2, 3), "float32")))


@pytest.mark.slow
def test_float16_logs_its_one_loss_scale():
    keras.config.set_dtype_policy("mixed_float16")
    model = tiny()
    model.compile()
    texts = np.array(["a red ring", "a blue circle"])
    images = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), "uint8")
    data = tf.data.Dataset.from_tensors({"image": images, "text": texts}).repeat(3)
    logs = model.fit(data, verbose=0, shuffle=False, callbacks=[LossScales()]).history
    assert logs["loss_scale"] == [2.0 ** (15 - logs["skipped"][0])]
