"""What the commands print as a sentence instead of a traceback, and words for it."""

import contextlib
import difflib
import inspect
import math
import numbers
import operator
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


class InputError(ValueError):
    """Something the user gave cannot be used: a path, a flag, a dataset, an argument.

    The message is one sentence that names the thing, says what was expected and what came,
    and how to mend it. Commands print it and exit with status 2; in Python it is a `ValueError`.
    """


def without_advice(error: InputError) -> str:
    """Returns what is wrong, without the advice after it, for those who follow it already.

    Example:
        >>> without_advice(InputError("a.png cannot be read; replace it."))
        'a.png cannot be read'
    """
    said, _, advice = str(error).rpartition("; ")
    return said or advice.removesuffix(".")


def input_error_in(error: BaseException) -> InputError | None:
    """Finds the `InputError` that TensorFlow has wrapped in an error of its own.

    What is raised in a tf.data pipeline, or asserted in a graph, arrives as a page of text in which
    the sentence stands on a line of its own.

    Args:
        error: any; only one of TensorFlow's is looked into.

    Returns:
        The error as it was raised; None if there is none.

    Example:
        >>> import tensorflow as tf
        >>> error = tf.errors.InvalidArgumentError(None, None, "{{node X}} InputError: No.")
        >>> input_error_in(error)
        InputError('No.')
    """
    text = getattr(error, "message", None)
    if not type(error).__module__.startswith("tensorflow.") or not isinstance(text, str):
        return None
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
    """Within it, an `InputError` that TensorFlow has wrapped is raised as it was."""
    try:
        yield
    except Exception as error:
        found = input_error_in(error)
        if found is None:
            raise
        raise found from None


class Interrupted(Exception):  # noqa: N818  (it is no error)
    """Training was stopped by a signal, after saving.

    Args:
        message: what was saved and how to go on.
        signal_number: the signal.
    """

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal_number = signal_number


class NonFiniteLossError(RuntimeError):
    """A loss or a weight became NaN or infinite; the message names the last good checkpoint."""


class ServerError(RuntimeError):
    """A server did not answer, or answered that it cannot; the message says which and what."""


class StorageError(OSError):
    """A run cannot be written any further; the message says what is left of it."""


class WorkerLostError(RuntimeError):
    """Another process of a run on several machines ended, or cannot be reached."""


def warn_user(sentence: str) -> None:
    """Warns of the line of the user's code that led here.

    Frames of this library and of those that call it back are passed over, so Python shows the
    warning once for each line of the user.

    Args:
        sentence: what to say.
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
) -> None:
    """Checks an argument that is a number.

    Args:
        name: what it is called.
        value: what came.
        least: the smallest that will do.
        above: what it has to be larger than.
        below: what it has to be smaller than, if that is finite.
        whole: whether it has to be an integer.

    Raises:
        InputError: if it is none, or out of this range.

    Example:
        >>> check_number("packing", 0, least=1, whole=True)
        Traceback (most recent call last):
        tfgan_zoo.errors.InputError: packing: expected a whole number from 1 up, got 0.
    """
    kind = numbers.Integral if whole else numbers.Real
    is_number: bool = isinstance(value, kind) and not isinstance(value, bool)
    if is_number and value >= least and value > above and (below == math.inf or value < below):
        return
    start = f"from {least:g}" if least > -math.inf else f"above {above:g}"
    if max(least, above) == -math.inf:
        raise InputError(f"{name}: expected a {'whole ' * whole}number, got {value!r}.")
    end = f" to below {below:g}" if below < math.inf else " up" * (least > -math.inf)
    raise InputError(f"{name}: expected a {'whole ' * whole}number {start}{end}, got {value!r}.")


def check_texts(name: str, texts: Any) -> list[str]:
    """Returns one or more texts as a list; one string is one text.

    Args:
        name: what they are called.
        texts: a string, or a sequence, an array or a tensor of strings.

    Raises:
        InputError: if there is none, or one is no string.

    Example:
        >>> check_texts("texts", "red"), check_texts("texts", ("red", "blue"))
        (['red'], ['red', 'blue'])
    """
    if hasattr(texts, "numpy") and hasattr(texts, "shape"):  # a tensor
        texts = texts.numpy()
    if hasattr(texts, "tolist"):  # an array, or a string of numpy's
        texts = texts.tolist()
    if isinstance(texts, (str, bytes)):
        return [texts]  # type: ignore[list-item]  # bytes are a text in UTF-8
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
    """Returns an integer of whatever type as Python's; None for anything else, booleans too.

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
    """Returns a seed as Python's integer.

    Args:
        seed: what came.
        any_integer: whether it may have more than 64 bits.
        least: the smallest that will do.

    Raises:
        InputError: if it is no whole number in that range. None is refused as well: without a
            seed, nothing could be done twice.

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


def looks_like_bytes(low: float, high: float) -> bool:
    """Whether floats of this range are an image's 0..255, where [-1, 1] is expected.

    A generator without tanh leaves [-1, 1] too, but has dark pixels beside bright ones; floats in
    [0, 1] cannot be told.

    Args:
        low: the smallest.
        high: the largest.

    Example:
        >>> looks_like_bytes(0.0, 255.0), looks_like_bytes(-1.2, 2.1), looks_like_bytes(0.0, 1.0)
        (True, False, False)
    """
    return low >= 0 and high > 2


def first_line(error: BaseException) -> str:
    """Returns an error's kind and the first line of what may run to a page, for a sentence.

    Example:
        >>> first_line(ValueError("No such layer.\\nTraceback ..."))
        'ValueError: No such layer.'
    """
    lines = str(error).strip().splitlines() or [""]
    text = lines[0] if len(lines[0]) <= 200 else lines[0][:200] + "..."
    return f"{type(error).__name__}: {text}"


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Returns up to three of the names that could have been typed and look like what was.

    Example:
        >>> similar("Gird", ["ring", "grid"])
        ['grid']
    """
    folded = {each.lower(): each for each in known if each}
    return [folded[near] for near in difflib.get_close_matches(name.lower(), folded, 3, 0.55)]
