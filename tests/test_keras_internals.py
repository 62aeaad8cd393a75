"""The private names of Keras and TensorFlow that the zoo uses, and what to do when one is gone.

Each is used in `tfgan_zoo/keras_internals.py` and nowhere else.
"""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import keras_internals
from tfgan_zoo.models.mechanics.optimizers import apply_gradients

ROOT = Path(keras_internals.__file__).parent
PRIVATE = (
    *("_flatten_layers", "_nodes_by_depth", "_output_shape", "_call_context_args", "_functional"),
    *("_momentums", "_velocities", "_average_gradients", "_get_variable_index", "_var_key"),
    *("_trainable_variables_indices", "_learning_rate", "_iterations", "_make_function"),
    *("_maybe_symbolic_build", "_autoconvert_optionals", "_in_multi_worker_mode"),
    *(
        "object_name_uids",
        "_id_in_cluster",
        "_num_devices_per_worker",
        "_inbound_nodes",
        "_keras_history",
    ),
)

#: Owner, name, and what to do in `keras_internals` when Keras no longer has it.
NAMES = [
    (
        keras.layers.Layer,
        "_flatten_layers",
        "`layers_of`: walk `.layers` of models, and the layers that wrappers and cells hold.",
    ),
    (
        keras.Model,
        "_make_function",
        "`distributed_function`: call Keras' `make_train_function` and take `train_function`.",
    ),
    (
        keras.Model,
        "_maybe_symbolic_build",
        "`BuiltModel`: override the hook by which `fit` builds a model from its first batch; "
        "tests/models/test_replicas.py fails if it is not found.",
    ),
    (
        keras.optimizers.Optimizer,
        "_get_variable_index",
        "`slot_index`: empty `SLOTS`, and Keras applies all gradients, slower.",
    ),
    (
        keras.optimizers.Optimizer,
        "_var_key",
        "`is_built_with`: compare the variables' identities with those given to `build`.",
    ),
    (
        tf.distribute.MirroredStrategy().extended.__class__,
        "_in_multi_worker_mode",
        "`spans_workers`: ask the cluster resolver for its number of workers.",
    ),
]


@pytest.mark.parametrize(("owner", "name", "remedy"), NAMES, ids=[name for _, name, _ in NAMES])
def test_classes_have_it(owner, name, remedy):
    assert hasattr(owner, name), remedy


def built(optimizer):
    weight = keras.Variable([1.0, 2.0])
    optimizer.build([weight])
    return optimizer, weight


def test_optimizers_have_their_slots():
    """Otherwise correct `SLOTS`: until then Keras applies the gradients, slower."""
    kinds = {
        keras.optimizers.Adam: {"momentums", "velocities"},
        keras.optimizers.SGD: {"momentums"},
        keras.optimizers.RMSprop: {"momentums", "velocities", "average_gradients"},
    }
    assert kinds.keys() == keras_internals.SLOTS.keys()
    for kind, names in kinds.items():
        more = {} if kind is keras.optimizers.Adam else {"momentum": 0.9}
        more |= {"centered": True} if kind is keras.optimizers.RMSprop else {}
        optimizer, weight = built(kind(0.1, **more))
        slots = keras_internals.slots_of(optimizer)
        assert slots is not None, kind
        assert slots.keys() == names, kind
        index = keras_internals.slot_index(optimizer, weight)
        assert all(each[index].shape == weight.shape for each in slots.values())


@pytest.mark.parametrize("kind", keras_internals.SLOTS)
def test_without_its_slots_an_optimizer_does_the_same(kind, monkeypatch):
    gradients = [tf.constant([0.5, -1.0])]
    weights = []
    for names in (keras_internals.SLOTS[kind], ("_renamed",)):
        monkeypatch.setitem(keras_internals.SLOTS, kind, names)
        optimizer, weight = built(kind(0.1, momentum=0.9) if kind.__name__ != "Adam" else kind(0.1))
        for _ in range(3):
            apply_gradients(optimizer, gradients, [weight])
        assert int(optimizer.iterations) == 3
        weights.append(weight.numpy())
    np.testing.assert_allclose(*weights, rtol=1e-5)
    assert np.all(weights[0] != [1.0, 2.0])


def test_an_optimizer_knows_what_it_was_built_with():
    """`_trainable_variables_indices`: see `_var_key`."""
    optimizer, weight = built(keras.optimizers.SGD())
    assert keras_internals.is_built_with(optimizer, weight)
    assert not keras_internals.is_built_with(optimizer, keras.Variable([1.0]))
    scaled = keras.mixed_precision.LossScaleOptimizer(optimizer)
    assert keras_internals.is_built_with(scaled, weight)


def test_counters_and_scales():
    """`_iterations`: count updates in `ZooModel.apply`."""
    optimizer, weight = built(keras.optimizers.SGD(gradient_accumulation_steps=2))
    optimizer.apply([tf.constant([1.0, 1.0])], [weight])
    assert int(keras_internals.applied_updates(optimizer)) == 1
    assert int(optimizer.iterations) == 0
    scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.25))
    scaled.build([weight])
    assert float(keras_internals.loss_scale(scaled)) == float(scaled.dynamic_scale)
    assert keras_internals.loss_scale(optimizer) is None


def test_means_and_sums():
    """`total` and `count`: call `update_state` instead, slower."""
    mean, total = keras.metrics.Mean(), keras.metrics.Sum()
    for value in (1.0, 4.0):
        keras_internals.add_to_mean(mean, tf.constant(value))
        keras_internals.add_to_sum(total, tf.constant(value))
    assert (float(mean.result()), float(total.result())) == (2.5, 5.0)


def test_calls_of_a_network():
    """`_nodes_by_depth`, `is_input` and `arguments`: `calls_of` says what public ways lack."""
    x, y = keras.Input((2,)), keras.Input((2,))
    shared = keras.layers.Dense(2, name="shared")
    network = keras.Model([x, y], keras.ops.add(shared(x), 3.0 * shared(y)))
    calls = keras_internals.calls_of(network)
    assert [call.operation is shared for call in calls].count(True) == 2
    assert [id(t) for t in calls[-1].outputs] == [id(t) for t in network.outputs]
    known = {id(x), id(y)}
    for call in calls:
        assert known >= set(map(id, call.inputs))
        known |= set(map(id, call.outputs))
    values = {id(t): tf.fill((1, 2), 2.0) for call in calls for t in call.inputs}
    (multiply,) = (call for call in calls if len(call.inputs) == 1 and call.operation is not shared)
    args, kwargs = multiply.fill_in(values)
    assert float(multiply.operation(*args, **kwargs)[0, 0]) == 6.0


def test_layers_and_operations_tell_how_many_classes_they_know():
    """`OneHot`: until its new name is known, one-hot classes are not checked."""
    label = keras.Input((), dtype="int32")
    one_hot = keras.ops.one_hot(label, 3)
    embedded = keras.layers.Embedding(4, 2)(label)
    encoded = keras.layers.CategoryEncoding(5, output_mode="one_hot")(label)
    network = keras.Model(label, keras.layers.Concatenate()([one_hot, embedded, encoded]))
    found = [keras_internals.num_classes_of(c.operation) for c in keras_internals.calls_of(network)]
    assert sorted(n for n in found if n is not None) == [3, 4, 5]


def test_lambda_layers_tell_their_output_shape():
    """`_output_shape`: a `Lambda` with an output shape then cannot be averaged; refuse it."""
    layer = keras.layers.Lambda(lambda x: x, output_shape=(2,))
    assert keras_internals.lambda_output_shape(layer) == (2,)


def test_names_are_not_counted():
    """`object_name_uids`: yield alone, and networks without names are called "..._1" in runs."""
    first = keras.layers.Dense(1).name
    with keras_internals.uncounted_names():
        within = keras.layers.Dense(1).name
    assert within != first
    assert keras.layers.Dense(1).name == within


def test_nothing_else_uses_private_names():
    used = re.compile(rf"\.({'|'.join(PRIVATE)})\b|[\"']({'|'.join(PRIVATE)})[\"']")
    own = re.compile(r"self\.(_functional)\b")
    for path in ROOT.rglob("*.py"):
        if path.name != "keras_internals.py":
            lines = [line for line in path.read_text().splitlines() if not own.search(line)]
            found = [line for line in lines if used.search(line)]
            assert not found, path
