"""How much is computed in a train step: what nobody would notice but by the time it takes."""

import json
import os
from collections import Counter
from pathlib import Path

import keras
import tensorflow as tf

from tests.models.tiny import compiled, dataset, fit, one_kind, samples, tiny

#: What is expected of each model with the networks of `tiny`, in one step: forward passes of each
#: network of a role, and nodes of the graph. A multi-step game takes two discriminator steps. Of a
#: model without an entry it is checked that each weight is updated once.
GOLDEN = Path(__file__).with_name("counts.json")
#: With `EXPECTTEST_ACCEPT=1` in the environment, what is counted becomes what is expected.
ACCEPT = os.environ.get("EXPECTTEST_ACCEPT") == "1"
#: Starting a node takes time whatever its size, so a graph may not grow by more than this share.
TOLERANCE = 0.05


def counted(network, passes):
    """Counts the calls of the first layer that has weights."""
    layer = next(layer for layer in network.layers if layer.weights)
    call = layer.call

    def counting(*args, **kwargs):
        passes[network.name] += 1
        return call(*args, **kwargs)

    layer.call = counting


def accept(name, found):
    """Writes down what was counted. A note that says why stays."""
    expected = json.loads(GOLDEN.read_text())
    expected[name] = expected.get(name, {}) | found
    sorted_by_name = dict(sorted(expected.items()))
    GOLDEN.write_text(json.dumps(sorted_by_name, indent=2) + "\n")


@one_kind
def test_passes_and_operations(name):
    model = tiny(name)
    model.compile(*(keras.optimizers.Adam(2e-4) for _ in model.roles()))
    passes = Counter()
    for networks in model.roles().values():
        for network in networks:
            counted(network, passes)
    # Without AutoGraph, which takes most of the time, as Keras traces it too.
    step = tf.function(model.train_step, autograph=False).get_concrete_function(samples(model))
    graph = step.graph.as_graph_def()
    found = {
        "passes": {
            network.name: passes[network.name]
            for networks in model.roles().values()
            for network in networks
        },
        "nodes": len(graph.node) + sum(len(f.node_def) for f in graph.library.function),
    }
    if ACCEPT:
        accept(name, found)
    expected = json.loads(GOLDEN.read_text()).get(name, found)
    again = f"if that is meant, EXPECTTEST_ACCEPT=1 writes it to {GOLDEN.name}"
    assert found["passes"] == expected["passes"], again
    assert found["nodes"] <= (1 + TOLERANCE) * expected["nodes"], again
    assert all(found["passes"].values())

    kinds = Counter(operation.type for operation in step.graph.get_operations())
    weights = sum(len(model.role_variables(r)) * n for r, n in model.updates_per_step.items())
    # Gradients of embeddings of words are sparse, so that Keras applies all of that role.
    assert kinds["ResourceApplyAdam"] == (0 if name == "joint_embedding" else weights)


def test_fit_runs_a_step_as_one_graph():
    model = compiled("gan")
    outer, train_step = [], model.train_step

    def watched(data):
        outer.append(tf.compat.v1.get_default_graph().outer_graph)
        return train_step(data)

    model.train_step = watched
    fit(model, dataset(model, 2), epochs=2)
    assert [graph.building_function for graph in outer] == [False]
