"""TensorFlow's contenders of `benchmarks.speed`, which runs each in a separate process.

python -m benchmarks.speed_tf SIZE CASE ours|xla|remat|step|keras
python -m benchmarks.speed_tf SIZE CASE describe FILE
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks import speed_cases
from tfgan_zoo import memory
from tfgan_zoo.run import devices

#: The zoo's contenders that use `fit`, with their arguments of `compile`.
FITS: dict[str, dict[str, Any]] = {
    "ours": {},
    "xla": {"jit_compile": True},
    "remat": {"rematerialize": True},
}


def batches(model: Any, batch: int) -> tf.data.Dataset:
    """Returns endless random training batches, each a slice of memory.

    They are not shuffled: a turn of a few large steps would mostly fill the shuffle buffer.
    """
    size = model.samples_per_step(batch)
    several = max(1, min(16, 4096 // size))
    rows = tf.nest.map_structure(
        lambda x: tf.reshape(x, [several, size, *x.shape[1:]]), model.example_batch(batch * several)
    )
    return tf.data.Dataset.from_tensor_slices(rows).repeat().prefetch(2)


class Clock(keras.callbacks.Callback):
    """Times an epoch, from its first step until the losses are known."""

    def on_epoch_begin(self, epoch, logs=None):
        """Starts."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stops."""
        self.seconds = time.perf_counter() - self.start


def fitting(model: Any, data: tf.data.Dataset) -> Callable[[int], float]:
    """Returns a function that trains with `fit` for a number of steps and returns the seconds."""
    clock = Clock()

    def run(steps: int) -> float:
        model.fit(data, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[clock])
        return clock.seconds

    return run


def stepping(model: Any, data: tf.data.Dataset) -> Callable[[int], float]:
    """Returns a function that runs the compiled step on one batch and returns the seconds."""
    step, one = tf.function(model.train_step), next(iter(data))

    def run(steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            logs = step(one)
        for value in logs.values():
            value.numpy()
        return time.perf_counter() - start

    return run


def flops(model: Any, data: tf.data.Dataset) -> int:
    """Returns the floating-point operations of a step's matrix products and convolutions."""
    graph = tf.function(model.train_step).get_concrete_function(next(iter(data))).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    found = tf.compat.v1.profiler.profile(graph, options=options).total_float_ops
    return found + sum(map(_volumetric_flops, graph.get_operations()))


def _volumetric_flops(operation: tf.Operation) -> int:
    """Returns the operations of a 3-D convolution's gradient, which the profiler does not know.

    A transposed convolution is the gradient by a convolution's input.
    """
    if operation.type == "Conv3DBackpropInputV2":
        kernel = operation.inputs[1].shape
    elif operation.type == "Conv3DBackpropFilterV2":
        kernel = operation.outputs[0].shape
    else:
        return 0
    return 2 * operation.inputs[2].shape.num_elements() * kernel[:-1].num_elements()


def matrix_rate(size: int = 2048) -> float:
    """Returns the operations per second of a float32 matrix product."""
    x = tf.random.normal((size, size))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(x, x)))
    times = []
    for _ in range(8):
        start = time.perf_counter()
        product().numpy()
        times.append(time.perf_counter() - start)
    return 2 * size**3 / float(np.median(times[1:]))


def peak_bytes() -> int:
    """Returns the peak memory of this process: on the GPU, if there is one."""
    if tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return memory.peak_bytes()


def optimizers(model: Any) -> list[keras.optimizers.Optimizer]:
    """Returns an optimizer for each of a model's roles."""
    return [speed_cases.adam() for _ in model.roles()]


def send(message: dict[str, Any]) -> None:
    print("@" + json.dumps(message), flush=True)


def main() -> None:
    size, name, what, *rest = sys.argv[1:]
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    start = time.perf_counter()
    if what in (*FITS, "step"):  # The public examples leave it unset.
        tf.config.threading.set_intra_op_parallelism_threads(speed_cases.threads_per_op(name))
    model, batch = speed_cases.CASES[size][name]()
    data = batches(model, batch)
    if what == "describe":
        model.compile(*optimizers(model))
        case = speed_cases.description(model, batch)
        case |= {"flops": flops(model, data), "rate": matrix_rate()}
        case["version"] = f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
        gpus = tf.config.list_physical_devices("GPU")
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        case["gpus"] = [each.get("device_name", "GPU") for each in details]
        Path(rest[0]).write_text(json.dumps(case))
        return
    if what == "keras":
        model = speed_cases.Plain(model)
        model.compile()
    else:
        devices.set_up_graphs()  # as in all commands
        model.compile(*optimizers(model), **FITS.get(what, {}))
    run = (stepping if what == "step" else fitting)(model, data)
    run(2)
    send({"ready": time.perf_counter() - start})
    for line in sys.stdin:
        send({"seconds": run(int(line))})
    send({"peak": peak_bytes()})


if __name__ == "__main__":
    main()
