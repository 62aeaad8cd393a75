"""Text encoders on two replicas; run by two_replicas, in its own process."""

import numpy as np
import tensorflow as tf

from tests.networks.test_text_encoder import BUILD, TEXTS
from tests.two_devices import STRATEGY


def text_encoders_embed_and_differentiate():
    for build in BUILD.values():
        with STRATEGY.scope():
            model = build()
        batches = tf.data.Dataset.from_tensor_slices(TEXTS).batch(4)
        batch = next(iter(STRATEGY.experimental_distribute_dataset(batches)))

        def step(texts, model=model):
            with tf.GradientTape() as tape:
                out = model(texts, training=True)
                loss = tf.reduce_sum(out**2)
            gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
            return out, [tf.convert_to_tensor(g) for g in gradients]

        out, gradients = STRATEGY.run(tf.function(step, autograph=False), (batch,))
        out = np.concatenate([each.numpy() for each in STRATEGY.experimental_local_results(out)])
        np.testing.assert_allclose(out, model(tf.constant(TEXTS)), atol=1e-6)
        assert len(gradients) == len(model.trainable_weights)
        made = STRATEGY.run(lambda build=build: build()(tf.constant(TEXTS)))
        assert [each.shape for each in STRATEGY.experimental_local_results(made)] == [(4, 5)] * 2
