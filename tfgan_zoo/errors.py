"""Errors that the commands print as one sentence instead of a traceback."""

import contextlib
import inspect
import math
import numbers
import operator
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from tfgan_zoo.suggestions import similar  # noqa: F401  (its earlier place)


class InputError(ValueError):
    """The user gave something unusable: a path, a flag, a dataset or an argument.

    The message is one sentence: "argument: expected ..., got ...; advice." Commands print it and
    exit with status 2; in Python it is a `ValueError`.
    """


def without_advice(error: InputError) -> str:
    """Returns an error's message without the advice at its end.

    Example:
        >>> without_advice(InputError("a.png cannot be read; replace it."))
        'a.png cannot be read'
    """
    said, _, advice = str(error).rpartition("; ")
    return said or advice.removesuffix(".")


def input_error_in(error: BaseException) -> InputError | None:
    """Finds an `InputError` inside an error of TensorFlow.

    An error raised in a tf.data pipeline or asserted in a graph arrives as a page of text, with the
    sentence on a line of its own.

    Args:
        error: Any error. Only TensorFlow's are searched.

    Returns:
        The original error, or None if there is none.

    Example:
        >>> import tensorflow as tf
        >>> error = tf.errors.InvalidArgumentError(None, None, "{{node X}} InputError: No.")
        >>> input_error_in(error)
        InputError('No.')
    """
    text = getattr(error, "message", None)
    if not type(error).__module__.startswith("tensorflow.") or not isinstance(text, str):
        return None
    return input_error_of(text)


def input_error_of(text: str) -> InputError | None:
    """Finds the sentence of an `InputError` in a text of TensorFlow; see `input_error_in`."""
    if raised := re.search(r"\bInputError: (.+)", text):
        return InputError(raised[1].strip())
    asserted = re.search(r"assertion failed: ((?:\[[^\[\]]*\] ?)+)", text)
    said = re.findall(r"\[([^\[\]]*)\]", asserted[1]) if asserted else []
    if not said or ": expected " not in said[0]:
        return None
    shapes = (
        f"({part.replace(' ', ', ')})" if re.fullmatch(r"\d+( \d+)+", part) else part
        for part in said
    )
    sentence = " ".join(shapes).replace(" ;", ";").replace(" .", ".")
    return InputError(sentence if sentence.endswith(".") else f"{sentence}.")


@contextlib.contextmanager
def input_errors() -> Iterator[None]:
    """Raises the original `InputError` where TensorFlow has wrapped one."""
    try:
        yield
    except Exception as error:
        found = input_error_in(error)
        if found is None:
            raise
        raise found from None


class Interrupted(Exception):  # noqa: N818  (not an error)
    """A signal stopped training, after a checkpoint was saved.

    Args:
        message: What was saved, and how to resume.
        signal_number: The signal.
    """

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal_number = signal_number


class NonFiniteLossError(RuntimeError):
    """A loss or a weight became NaN or infinite; the message names the last good checkpoint."""


class ServerError(RuntimeError):
    """A server did not answer, or refused; the message names the server and the reason."""


class RefusedError(ServerError):
    """A server refused what it was sent; it may accept another input."""


class StorageError(OSError):
    """A run folder cannot be written; the message names the last checkpoint."""


class WorkerLostError(RuntimeError):
    """Another process of a multi-worker run ended or cannot be reached."""


def warn_user(sentence: str) -> None:
    """Issues a `UserWarning` at the line of the user's code that led here.

    Skips the frames of this library and of the libraries that call it back. Python then shows the
    warning once for each line of user code.

    Args:
        sentence: The warning.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in _NOT_USERS:
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, UserWarning, stacklevel=level)


_NOT_USERS = ("tfgan_zoo", "keras", "tensorflow", "contextlib")


def check_number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    whole: bool = False,
    infinite: bool = False,
) -> None:
    """Checks that an argument is a number in a range.

    Args:
        name: Name of the argument.
        value: Its value.
        least: The smallest number accepted.
        above: The number has to be larger than this.
        below: The number has to be smaller than this.
        whole: Whether it has to be an integer.
        infinite: Whether infinity is accepted, such as of a bound that it lifts.

    Raises:
        InputError: If the value is not a number in this range.

    Example:
        >>> check_number("packing", 0, least=1, whole=True)
        Traceback (most recent call last):
        tfgan_zoo.errors.InputError: packing: expected a whole number from 1 up, got 0.
    """
    kind = numbers.Integral if whole else numbers.Real
    is_number: bool = isinstance(value, kind) and not isinstance(value, bool)
    unbounded = infinite and below == math.inf
    if is_number and value >= least and value > above and (unbounded or value < below):
        return
    start = f"from {least:g}" if least > -math.inf else f"above {above:g}"
    if max(least, above) == -math.inf:
        raise InputError(f"{name}: expected a {'whole ' * whole}number, got {value!r}.")
    end = f" to below {below:g}" if below < math.inf else " up" * (least > -math.inf)
    raise InputError(f"{name}: expected a {'whole ' * whole}number {start}{end}, got {value!r}.")


def check_texts(name: str, texts: Any) -> list[str]:
    """Returns one or more texts as a list; a single string is one text.

    Args:
        name: Name of the argument.
        texts: A string, or a sequence, an array or a tensor of strings.

    Raises:
        InputError: If there is no text, or an element is not a string.

    Example:
        >>> check_texts("texts", "red"), check_texts("texts", ("red", "blue"))
        (['red'], ['red', 'blue'])
    """
    if hasattr(texts, "numpy") and hasattr(texts, "shape"):  # a tensor
        texts = texts.numpy()
    if hasattr(texts, "tolist"):  # an array, or a NumPy string
        texts = texts.tolist()
    if isinstance(texts, (str, bytes)):
        return [texts]  # type: ignore[list-item]  # bytes hold UTF-8 text
    try:
        given = None if isinstance(texts, Mapping) else list(texts)
    except TypeError:
        given = None
    if given is None:
        raise InputError(f"{name}: expected a text, or several in a list, got {texts!r}.")
    if not given:
        raise InputError(f"{name}: expected one or more texts, got none.")
    for i, text in enumerate(given):
        if not isinstance(text, (str, bytes)):
            raise InputError(
                f"{name}: expected strings, got {text!r} of type {type(text).__name__} as number "
                f"{i + 1} of {len(given)}; give each text as a string."
            )
    return given


#: Largest absolute pixel value accepted in floats; resampling may overshoot 1.
BEYOND_PIXELS = 1.5


def whole_number(value: Any) -> int | None:
    """Returns an integer of any type as an `int`; None for anything else, including booleans.

    Example:
        >>> whole_number(3), whole_number(3.0), whole_number(True), whole_number("3")
        (3, None, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def check_seed(seed: Any, *, any_integer: bool = False, least: int = -(2**63)) -> int:
    """Returns a seed as an `int`.

    Args:
        seed: The seed given.
        any_integer: Whether it may have more than 64 bits.
        least: The smallest seed accepted.

    Raises:
        InputError: If it is not a whole number in that range. None is refused too, because
            results without a seed could not be repeated.

    Example:
        >>> check_seed(1.5, least=0)
        Traceback (most recent call last):
        tfgan_zoo.errors.InputError: seed: expected a whole number from 0 to 2**63 - 1, got 1.5.
    """
    whole = whole_number(seed)
    if whole is not None and (any_integer or least <= whole < 2**63):
        return whole
    bounds = "" if any_integer else f" from {least or 0} to 2**63 - 1"
    bounds = bounds.replace(str(-(2**63)), "-2**63")
    advice = "; the same seed gives the same numbers, so give one, such as 0, or leave it out" * (
        seed is None
    )
    raise InputError(f"seed: expected a whole number{bounds}, got {seed!r}{advice}.")


def check_num_classes(num_classes: Any) -> int | None:
    """Returns a number of classes as an `int`; None and 0, which both mean no classes, as None.

    Raises:
        InputError: If it is no whole number from 2 up.

    Example:
        >>> check_num_classes(10), check_num_classes(0)
        (10, None)
    """
    if num_classes is None:
        return None
    number = whole_number(num_classes)
    if number == 0:
        return None
    if number is None or number < 2:
        raise InputError(
            f"num_classes: expected a whole number from 2 up, or None, got {num_classes!r}."
        )
    return number


def looks_like_bytes(low: float, high: float) -> bool:
    """Returns whether floats look like pixels in 0 to 255 where [-1, 1] is expected.

    The output of a generator without tanh also leaves [-1, 1], but has dark pixels beside bright
    ones. Floats in [0, 1] cannot be recognised.

    Args:
        low: The smallest value.
        high: The largest value.

    Example:
        >>> looks_like_bytes(0.0, 255.0), looks_like_bytes(-1.2, 2.1), looks_like_bytes(0.0, 1.0)
        (True, False, False)
    """
    return low >= 0 and high > 2


def first_line(error: BaseException) -> str:
    """Returns an error's class and the first line of its message, to quote in a sentence.

    Example:
        >>> first_line(ValueError("No such layer.\\nTraceback ..."))
        'ValueError: No such layer.'
    """
    lines = str(error).strip().splitlines() or [""]
    text = lines[0] if len(lines[0]) <= 200 else lines[0][:200] + "..."
    return f"{type(error).__name__}: {text}"


@contextlib.contextmanager
def unreadable_files(
    name: str, how: str = "", remedy: str = "replace or delete it"
) -> Iterator[None]:
    """Converts whatever is raised while a file is read to an `InputError`.

    Pillow raises OSError, SyntaxError, ValueError, struct.error and others on damaged files, and
    DecompressionBombError on absurd sizes; other packages have errors of their own. In each case
    the file cannot be used.

    Args:
        name: Name of the file.
        how: How it is read, such as "as an image".
        remedy: What to do.
    """
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path.") from None
    except Exception as error:
        failed = f"{name} cannot be read {how}".rstrip()
        raise InputError(f"{failed} ({first_line(error)}); {remedy}.") from error
