"""Converts endpoints to TensorFlow Lite and ONNX."""

import contextlib
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError
from tfgan_zoo.lazy import imported
from tfgan_zoo.serving.formats import CONVERTERS
from tfgan_zoo.serving.saved_model import difference
from tfgan_zoo.serving.signatures import Endpoint

#: The largest difference allowed between a converted network and the model. It is larger than for a
#: SavedModel, because other kernels sum in another order.
TOLERANCE = 1e-4


#: Height and width of images that a file takes; None for an open one.
Size = tuple[int | None, int | None]


def convert(
    endpoints: Mapping[str, Endpoint],
    folder: Path,
    kind: str,
    overwrite: bool = False,
    size: Size | None = None,
) -> list[Path]:
    """Converts each endpoint that does not draw random numbers, and compares it with the model.

    Random numbers differ between runtimes.

    Args:
        endpoints: Endpoints of a model. Their batch size stays open.
        folder: Folder to write `<endpoint>.tflite` or `<endpoint>.onnx` to.
        kind: A key of `serving.formats.CONVERTERS`.
        overwrite: Whether to replace existing files.
        size: Height and width of the images that endpoints of any size take; None fixes them to
            those of their examples, which have the size of training.

    Returns:
        Paths of the files.

    Raises:
        InputError: If there is no such kind, a file exists, the converter is not installed, an
            endpoint cannot be converted, or a size is given and no endpoint takes images of any
            size.
        RuntimeError: If the outputs differ.
    """
    if kind not in CONVERTERS:
        raise InputError(f"--format: expected {' or '.join(CONVERTERS)}, got {kind!r}.")
    chosen = {name: e for name, e in endpoints.items() if all(s.name != "seed" for s in e.inputs)}
    if not chosen:
        raise InputError(f"--format={kind}: the model has no endpoint without random numbers.")
    if size is not None and not any(map(_open_inputs, chosen.values())):
        raise InputError(
            "--height, --width: expected none for a model that takes no images of any size."
        )
    paths = {name: folder / f"{name}.{kind}" for name in chosen}
    for path in paths.values():
        if path.exists() and not overwrite:
            raise InputError(f"--output: {str(path)!r} exists; add --overwrite to replace it.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, endpoint in chosen.items():
        sized = _at_size(endpoint, size)
        try:
            content, run = imported(CONVERTERS[kind])(name, sized)
        except InputError as error:
            if size is None or None not in size or "ONNX has no" in str(error):
                raise
            raise InputError(f"{error} Give --height and --width instead of 0.") from error
        for request in _requests(endpoint, sized):
            given = map(tf.constant, request.values())
            answer = tf.function(endpoint.function, autograph=False)
            expected, made = answer(*given), run(request)
            if not isinstance(made, Mapping):  # of one output
                made = dict.fromkeys(expected, made)
            apart = max(difference(made[key], value.numpy()) for key, value in expected.items())
            if not apart <= TOLERANCE:
                raise RuntimeError(f"{paths[name]} and the model differ by up to {apart:.2g}.")
        with atomic.open_replacing(paths[name]) as file:
            file.write(content)
    return list(paths.values())


#: Runs a file on named arrays; returns its outputs by name, or the only one.
Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray] | np.ndarray]


def to_tflite(name: str, endpoint: Endpoint) -> tuple[bytes, Run]:
    """Returns an endpoint as a `.tflite` file, and a function that runs the file."""
    function = _traced(endpoint)
    module = tf.Module()
    module.function = function
    module.variables_ = list(function.get_concrete_function().graph.variables)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the interpreter moves to another package
        tf.saved_model.save(module, folder, {name: function})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[name])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            content = converter.convert()
        except Exception as error:  # a private class of the converter
            raise InputError(
                f"--format=tflite: {name} cannot be converted: {_reason(error)}."
            ) from error
        runner = tf.lite.Interpreter(model_content=content).get_signature_runner(name)
    return content, lambda request: runner(**request)


def to_onnx(name: str, endpoint: Endpoint) -> tuple[bytes, Run]:
    """Returns an endpoint as an `.onnx` file, and a function that runs the file."""
    try:
        import onnxruntime
        import tf2onnx
    except ImportError as error:
        raise InputError(
            f"--format=onnx: {error.name} is not installed; pip install 'tfgan_zoo[onnx]'."
        ) from error
    function = _traced(endpoint, prefix="new_")
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # errors are raised below
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            proto, _ = tf2onnx.convert.from_function(
                function, input_signature=function.input_signature, opset=17
            )
            content = proto.SerializeToString()
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        except Exception as error:
            missing = re.search(r"No Op registered for (\w+)", str(error))
            reason = f"ONNX has no {missing[1]}" if missing else _reason(error)
            raise InputError(f"--format=onnx: {name} cannot be converted: {reason}.") from error
    names = [each.name.removeprefix("new_") for each in session.get_outputs()]
    return content, lambda request: dict(zip(names, session.run(None, dict(request)), strict=True))


def _reason(error: Exception) -> str:
    """Returns the start of a converter's message, which may be pages long."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    needs = re.search(r"fused\[\"(\w+):", line)
    if needs:
        return f"it has no {needs[1]} for these sizes"
    return line[:200].rstrip(".")


def _open_inputs(endpoint: Endpoint) -> list[tf.TensorSpec]:
    """Returns the inputs that are images, or maps of numbers, of any size."""
    return [s for s in endpoint.inputs if s.shape.rank in (3, 4) and None in s.shape[1:3]]


def _at_size(endpoint: Endpoint, size: Size | None) -> Endpoint:
    """Returns an endpoint whose images have a size; the batch stays open."""
    example, any_size = endpoint.example(1), _open_inputs(endpoint)

    def sized(spec: tf.TensorSpec) -> tf.TensorSpec:
        shape = [None, *np.shape(example[spec.name])[1:]]
        if size is not None and spec in any_size:
            shape[1:3] = size
        return tf.TensorSpec(shape, spec.dtype, spec.name)

    return endpoint._replace(inputs=tuple(map(sized, endpoint.inputs)))


def _requests(endpoint: Endpoint, sized: Endpoint) -> Iterator[dict[str, np.ndarray]]:
    """Yields requests to compare: of one and three samples, and where it is open another size."""
    any_size = {spec.name for spec in _open_inputs(endpoint)}
    random = np.random.default_rng(0)
    for num, more in ((1, 0), (3, 0), (1, 5)):
        request = {key: np.asarray(value) for key, value in endpoint.example(num).items()}
        for spec in sized.inputs:
            if spec.name in any_size:
                given = request[spec.name]
                sides = [n or given.shape[i] + more for i, n in enumerate(spec.shape[1:3], 1)]
                shape = (num, *sides, *given.shape[3:])
                if given.dtype.kind == "f":
                    request[spec.name] = random.uniform(-1, 1, shape).astype(np.float32)
                else:  # class and instance numbers
                    request[spec.name] = np.resize(given, shape)
        if not more or any(None in spec.shape[1:] for spec in sized.inputs):
            yield request


def _traced(endpoint: Endpoint, prefix: str = "") -> Any:
    """Returns an endpoint's function for its inputs.

    Args:
        endpoint: The endpoint.
        prefix: Prefix of outputs with the name of an input, which ONNX does not allow.
    """
    names = {spec.name for spec in endpoint.inputs}

    def function(*given):
        with _sides_kept():
            made = endpoint.function(*given)
        return {prefix + key if key in names else key: value for key, value in made.items()}

    return tf.function(function, input_signature=endpoint.inputs, autograph=False)


@contextlib.contextmanager
def _sides_kept() -> Iterator[None]:
    """Lets `UpSampling2D` state the sides of its result.

    Of repeated pixels TensorFlow Lite's converter does not know how many there are, and a
    convolution after them cannot be converted.
    """
    layer: Any = keras.layers.UpSampling2D
    plain = layer.call

    def call(self: Any, inputs: Any) -> Any:
        made = plain(self, inputs)
        sides = [
            None if n is None else n * times
            for n, times in zip(inputs.shape[1:], (*self.size, 1), strict=True)
        ]
        last = self.data_format == "channels_last"
        return keras.ops.reshape(made, [-1, *sides]) if last and None not in sides else made

    layer.call = call
    try:
        yield
    finally:
        layer.call = plain
