"""How much is computed in a train step: what nobody would notice but by the time it takes."""

from collections import Counter

import keras
import pytest
import tensorflow as tf

from tests.models.tiny import compiled, dataset, fit, samples, tiny
from tfgan_zoo.models import MODELS

#: Of the networks of `tiny`: forward passes in one step, of each generator and each discriminator.
#: The multi-step games take two discriminator steps. Of a model without an entry, the passes are
#: not known beforehand; that each weight is updated once is checked all the same.
PASSES = {
    # Algorithm 1 draws new fakes for each update; a discriminator sees real and fake apart.
    "gan": {"generator": 2 + 1, "discriminator": 2 * 2 + 1},
    # Both updates share one pass of the generator.
    "dcgan": {"generator": 1, "discriminator": 2 + 1},
    "lsgan": {"generator": 1, "discriminator": 2 + 1},
    "wgan": {"generator": 2 + 1, "discriminator": 2 * 2 + 1},
    # The third pass is between real and fake, for the penalty.
    "wgan_gp": {"generator": 2 + 1, "discriminator": 2 * 3 + 1},
    # The generator's loss compares with real samples as well.
    "relativistic_gan": {"generator": 1, "discriminator": 2 + 2},
    # Translation and cycle; real, fake from the pool, and the generators' own.
    "cyclegan": {"generator": 2, "discriminator": 2 + 1},
    "pix2pix": {"generator": 1, "discriminator": 2 + 1},
    "srgan": {"generator": 1, "discriminator": 2 + 1},
    # Real images once, for right and wrong texts, and fakes.
    "gan_cls": {"generator": 1, "discriminator": 2 + 1},
}

#: Of the same steps: the most nodes of the graph, 5 % above what was counted. Starting a node has
#: its price whatever its size, so what grows here costs small models time.
OPERATIONS = {
    "gan": 1630,
    "dcgan": 745,
    "lsgan": 760,
    "wgan": 1385,
    "wgan_gp": 2620,
    "relativistic_gan": 790,
    "cyclegan": 3875,
    "pix2pix": 1075,
    "srgan": 1980,
    "gan_cls": 2370,
}


def counted(network, passes):
    """Counts the calls of the first layer that has weights."""
    layer = next(layer for layer in network.layers if layer.weights)
    call = layer.call

    def counting(*args, **kwargs):
        passes[network.name] += 1
        return call(*args, **kwargs)

    layer.call = counting


@pytest.mark.parametrize("name", MODELS)
def test_passes_and_operations(name):
    model = tiny(name)
    model.compile(*(keras.optimizers.Adam(2e-4) for _ in range(2)))
    passes = Counter()
    for networks in model.roles().values():
        for network in networks:
            counted(network, passes)
    step = tf.function(model.train_step).get_concrete_function(samples(model))
    expected = {
        network.name: PASSES[name][role] if name in PASSES else passes[network.name]
        for role, networks in model.roles().items()
        for network in networks
    }
    assert passes == expected
    assert all(passes.values())

    kinds = Counter(operation.type for operation in step.graph.get_operations())
    updates = {"generator": 1, "discriminator": model.discriminator_steps}
    weights = sum(len(model.role_variables(role)) * n for role, n in updates.items())
    assert kinds["ResourceApplyAdam"] == weights

    graph = step.graph.as_graph_def()
    nodes = len(graph.node) + sum(len(f.node_def) for f in graph.library.function)
    assert nodes <= OPERATIONS.get(name, nodes)


def test_fit_runs_a_step_as_one_graph():
    model = compiled("gan")
    outer, train_step = [], model.train_step

    def watched(data):
        outer.append(tf.compat.v1.get_default_graph().outer_graph)
        return train_step(data)

    model.train_step = watched
    fit(model, dataset(model, 2), epochs=2)
    assert [graph.building_function for graph in outer] == [False]
