"""Converts endpoints to TensorFlow Lite and ONNX."""

import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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


def convert(
    endpoints: Mapping[str, Endpoint], folder: Path, kind: str, overwrite: bool = False
) -> list[Path]:
    """Converts each endpoint that does not draw random numbers, and compares it with the model.

    Random numbers differ between runtimes.

    Args:
        endpoints: Endpoints of a model. Their batch size stays open; other open sizes are fixed to
            those of their examples.
        folder: Folder to write `<endpoint>.tflite` or `<endpoint>.onnx` to.
        kind: A key of `serving.formats.CONVERTERS`.
        overwrite: Whether to replace existing files.

    Returns:
        Paths of the files.

    Raises:
        InputError: If there is no such kind, a file exists, the converter is not installed, or an
            endpoint cannot be converted.
        RuntimeError: If the outputs differ.
    """
    if kind not in CONVERTERS:
        raise InputError(f"--format: expected {' or '.join(CONVERTERS)}, got {kind!r}.")
    chosen = {name: e for name, e in endpoints.items() if all(s.name != "seed" for s in e.inputs)}
    if not chosen:
        raise InputError(f"--format={kind}: the model has no endpoint without random numbers.")
    paths = {name: folder / f"{name}.{kind}" for name in chosen}
    for path in paths.values():
        if path.exists() and not overwrite:
            raise InputError(f"--output: {str(path)!r} exists; add --overwrite to replace it.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, endpoint in chosen.items():
        content, run = imported(CONVERTERS[kind])(name, endpoint)
        for num in (1, 3):
            request = {key: np.asarray(value) for key, value in endpoint.example(num).items()}
            given = map(tf.constant, request.values())
            (expected,) = tf.function(endpoint.function)(*given).values()
            apart = difference(run(request), expected.numpy())
            if not apart <= TOLERANCE:
                raise RuntimeError(f"{paths[name]} and the model differ by up to {apart:.2g}.")
        with atomic.open_replacing(paths[name]) as file:
            file.write(content)
    return list(paths.values())


Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def to_tflite(name: str, endpoint: Endpoint) -> tuple[bytes, Run]:
    """Returns an endpoint as a `.tflite` file, and a function that runs the file."""
    function = _sized(endpoint)
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
                f"--format=tflite: {name} cannot be converted: {str(error).splitlines()[0]}"
            ) from error
        runner = tf.lite.Interpreter(model_content=content).get_signature_runner(name)
    return content, lambda request: next(iter(runner(**request).values()))


def to_onnx(name: str, endpoint: Endpoint) -> tuple[bytes, Run]:
    """Returns an endpoint as an `.onnx` file, and a function that runs the file."""
    try:
        import onnxruntime
        import tf2onnx
    except ImportError as error:
        raise InputError(
            f"--format=onnx: {error.name} is not installed; pip install 'tfgan_zoo[onnx]'."
        ) from error
    function = _sized(endpoint, prefix="new_")
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
            reason = f"ONNX has no {missing[1]}" if missing else str(error).splitlines()[0]
            raise InputError(f"--format=onnx: {name} cannot be converted: {reason}.") from error
    return content, lambda request: session.run(None, dict(request))[0]


def _sized(endpoint: Endpoint, prefix: str = "") -> Any:
    """Returns an endpoint's function with fixed sizes except the batch.

    Args:
        endpoint: The endpoint.
        prefix: Prefix of outputs with the name of an input, which ONNX does not allow.
    """
    example = endpoint.example(1)
    inputs = [
        tf.TensorSpec([None, *np.shape(example[spec.name])[1:]], spec.dtype, spec.name)
        for spec in endpoint.inputs
    ]
    names = {spec.name for spec in inputs}

    def function(*given):
        made = endpoint.function(*given)
        return {prefix + key if key in names else key: value for key, value in made.items()}

    return tf.function(function, input_signature=inputs, autograph=False)
