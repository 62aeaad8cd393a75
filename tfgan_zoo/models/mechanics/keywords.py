"""Checks of arguments of Keras' methods that mean something else, or nothing, for these models."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import nearest


def check_known(where: str, given: Iterable[str], known: Collection[str]) -> None:
    """Checks that keywords are known.

    Args:
        where: Name of the method or class, such as "compile".
        given: The names that were given.
        known: The names that are accepted.

    Raises:
        InputError: If one is unknown; it suggests the nearest.
    """
    for name in given:
        if name not in known:
            advice = nearest(name, known, f"it takes {', '.join(sorted(known))}")
            raise InputError(f"{where}: there is no argument {name!r}{advice}")


def check_compile(
    given: Mapping[str, Any], roles: Iterable[str], settings: Collection[str], logs: Iterable[str]
) -> None:
    """Checks the arguments of `compile` that it does not use.

    Args:
        given: The arguments by name; None counts as not given.
        roles: The model's roles, each of which has an optimizer.
        settings: The other arguments that `compile` takes.
        logs: Names of the model's logs.

    Raises:
        InputError: If there is any; it says what to use instead.
    """
    optimizers = [f"{role}_optimizer" for role in roles]
    for name, value in given.items():
        if name == "auto_scale_loss":
            if value not in (True, None):
                raise InputError(
                    "auto_scale_loss: expected True, as losses in float16 are always scaled, got "
                    f"{value!r}; leave it out."
                )
        elif name in _KERAS and value is None:
            continue
        elif name == "optimizer":
            example = ", ".join(f"{each}=..." for each in optimizers)
            raise InputError(
                f"optimizer: expected {' and '.join(optimizers)}, as each role has an optimizer of "
                f"its own, got optimizer={value!r}; call compile({example}), or compile() for the "
                "paper's."
            )
        elif name in ("loss", "loss_weights"):
            raise InputError(
                f"{name}: expected None, as the losses are those of the model's paper, got "
                f"{value!r}; for others override the model's loss methods in a subclass."
            )
        elif name in ("metrics", "weighted_metrics"):
            raise InputError(
                f"{name}: expected None, as there are no labels to compare with, got {value!r}; "
                f"the model logs {', '.join(logs)}, and tfgan_zoo.callbacks.EvaluateImages scores "
                "what it makes."
            )
        elif near := _of_role(name, optimizers):
            raise InputError(f"compile: there is no argument {name!r}; did you mean {near}?")
        else:
            check_known("compile", [name], [*optimizers, *settings])


def _of_role(name: str, optimizers: Iterable[str]) -> str | None:
    """Returns the argument that `d_optimizer`, `gen_opt` and the like stand for."""
    short, _, rest = name.partition("_")
    if short and rest.startswith("opt"):
        for optimizer in optimizers:
            if optimizer.startswith(short):
                return optimizer
    return None


_KERAS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def check_export_format(format: Any) -> None:
    """Checks the `format` of `export`.

    Raises:
        InputError: If `export` does not write it; it names the command that writes others.
    """
    if format in ("tf_saved_model", "saved_model"):
        return
    named = {"litert": "tflite", "tflite": "tflite", "onnx": "onnx"}.get(str(format))
    command = f"python -m tfgan_zoo.export --workdir=... --output=... --format={named or 'onnx'}"
    advice = f"{command} writes {'it' if named else 'ONNX, and --format=tflite TensorFlow Lite'}"
    raise InputError(f"format: expected 'tf_saved_model', got {format!r}; {advice} of a run.")
