"""What the networks of class-conditional games are checked for alike."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers import SpectralNormalization

WEIGHTED = (
    keras.layers.Dense,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.Embedding,
)


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def blocks(model):
    """Returns the shapes of the blocks' outputs and of what attention returns."""
    return [
        layer.output.shape[1:]
        for layer in model.layers
        if layer.name.endswith("_add") or layer.name == "attention"
    ]


def not_normalised(model):
    """Returns the names of layers with a kernel or table that is not spectrally normalised."""
    layers = layers_of(model)
    inside = {id(x.layer) for x in layers if isinstance(x, SpectralNormalization)}
    return [x.name for x in layers if isinstance(x, WEIGHTED) and id(x) not in inside]


def inputs_of(model, num_classes=3, batch=3, seed=0):
    random = np.random.default_rng(seed)
    made = [
        random.integers(0, num_classes, (batch, *x.shape[1:])).astype("int32")
        if x.dtype == "int32"
        else random.normal(size=(batch, *x.shape[1:])).astype("float32")
        for x in model.inputs
    ]
    return made if len(made) > 1 else made[0]


def assert_saved_and_loaded(model, path):
    model.save(path)
    loaded, x = keras.saving.load_model(path), inputs_of(model)
    for training in (True, False):
        np.testing.assert_array_equal(loaded(x, training=training), model(x, training=training))


def without_gradient(model):
    """Returns the paths of weights that do not learn, besides biases that are cancelled."""
    x = inputs_of(model, batch=12)
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [w.value for w in weights])
    return [
        weight.path
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is None or np.max(np.abs(tf.convert_to_tensor(gradient))) < 1e-5
    ]


def assert_projects(model, packing=1):
    """Logits are w.phi + b + <e_y, phi>, with all tables normalised; each place has its own."""
    x, label = inputs_of(model)
    phi = keras.Model(model.inputs, model.get_layer("logits").input)([x, label]).numpy()
    logits = model.get_layer("logits")
    expected = phi @ np.array(logits.normalized_kernel())[:, 0]
    if logits.layer.use_bias:
        logits.layer.bias.assign([0.5])
        expected += 0.5
    for i in range(packing):
        table = model.get_layer("class_embedding" if packing == 1 else f"class_embedding_{i + 1}")
        rows = np.array(table.normalized_kernel())[label if packing == 1 else label[:, i]]
        expected += (rows * phi).sum(axis=1)
    np.testing.assert_allclose(model([x, label])[:, 0], expected, rtol=1e-4, atol=1e-5)
