"""Attributes that images are drawn from, and their code: one vector for each image."""

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError, whole_number
from tfgan_zoo.suggestions import nearest

#: The declaration of an angle.
DEGREES = "degrees"
#: Names that endpoints have for other tensors, or functions for their model.
RESERVED = ("codes", "images", "masks", "self")
#: Names that tensors of endpoints can have, but for Python's keywords.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

#: What an attribute is declared as: names of classes, `tuple[str, ...]`; `DEGREES`; or the ends of
#: a range, `tuple[float, float]`.
Declared = Any


class Attributes:
    """Named attributes, and how they are coded for a network.

    - A class is one of several names. Its code is one-hot, or weights that add up to 1.
    - An angle is in degrees. Its code is its sine and cosine.
    - A number has a range, whose ends have the codes -1 and 1.

    In a code, classes come first, then angles, then numbers, each in the order of their names.

    Args:
        declared: For each attribute its classes, such as `("circle", "star")`; "degrees" for an
            angle; or the ends of its range, such as `(0.1, 0.4)`.
        argument: What to call the attributes in a message.

    Raises:
        InputError: If there is none, or one is declared as anything else.

    Example:
        >>> known = Attributes(
        ...     {"size": (0.0, 1.0), "shape": ("circle", "star"), "angle": "degrees"}
        ... )
        >>> known.names, known.groups
        (('shape', 'angle', 'size'), (2, 2, 1))
        >>> known.encode({"shape": "star", "angle": 90, "size": [0.5, 1.0]}).round(6)
        array([[0., 1., 1., 0., 0.],
               [0., 1., 1., 0., 1.]], dtype=float32)
    """

    def __init__(self, declared: Mapping[str, Any], argument: str = "attributes"):
        self.argument = argument
        if not isinstance(declared, Mapping) or not declared:
            raise InputError(
                f"{argument}: expected a dict of attributes by name, such as "
                "{'shape': ('circle', 'star'), 'angle': 'degrees', 'size': (0.1, 0.4)}, got "
                f"{declared!r}."
            )
        checked = {name: self._checked(name, value) for name, value in declared.items()}
        in_lower_case: dict[str, str] = {}
        for name in checked:
            if (other := in_lower_case.setdefault(name.lower(), name)) != name:
                raise InputError(
                    f"{argument}: expected names that differ in more than case, got {other!r} and "
                    f"{name!r}."
                )
        order = sorted(checked, key=lambda name: (_rank(checked[name]), name))
        #: The declarations, in the order of the code.
        self.declared: dict[str, Declared] = {name: checked[name] for name in order}

    def _checked(self, name: Any, value: Any) -> Declared:
        check_name(name, self.argument)
        if value == DEGREES:
            return DEGREES
        several = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
        texts = [isinstance(each, str) and bool(each) for each in several]
        if len(several) > 1 and all(texts) and len(set(several)) == len(several):
            return tuple(several)
        if len(several) == 2 and all(map(_is_finite, several)) and several[0] < several[1]:
            return float(several[0]), float(several[1])
        raise InputError(
            f"{self.argument}.{name}: expected two or more different names of classes, 'degrees', "
            f"or the ends of a range, got {value!r}."
        )

    @classmethod
    def parse(cls, texts: Sequence[str], argument: str = "attributes") -> "Attributes":
        """Returns the attributes that texts declare, as configs hold them.

        Args:
            texts: One for each attribute: names of classes with `|` between them, "degrees", or the
                ends of a range with `..` between them.
            argument: What to call them in a message.

        Raises:
            InputError: If one is written in another way.

        Example:
            >>> Attributes.parse(["size=0.1..0.4", "shape=circle|star", "angle=degrees"]).declared
            {'shape': ('circle', 'star'), 'angle': 'degrees', 'size': (0.1, 0.4)}
        """
        declared: dict[str, Any] = {}
        for text in texts:
            name, equals, value = str(text).partition("=")
            low, dots, high = value.partition("..")
            try:
                ends = (float(low), float(high)) if dots else None
            except ValueError:
                ends = None
            if not equals or name in declared or not value:
                raise InputError(
                    f"{argument}: expected each attribute once, such as 'shape=circle|star', "
                    f"'angle=degrees' or 'size=0.1..0.4', got {text!r}."
                )
            declared[name] = ends or (DEGREES if value == DEGREES else tuple(value.split("|")))
        return cls(declared, argument)

    def texts(self) -> tuple[str, ...]:
        """Returns the declarations as `parse` reads them.

        Raises:
            InputError: If the name of a class has a `|`.
        """
        found = []
        for name, value in self.declared.items():
            if any("|" in each for each in self.classes.get(name, ())):
                raise InputError(
                    f"{self.argument}.{name}: expected names of classes without |, got {value}."
                )
            ends = f"{value[0]!r}..{value[1]!r}" if _rank(value) == 2 else "|".join(value)
            found.append(f"{name}={DEGREES if value == DEGREES else ends}")
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes, in the order of the code."""
        return tuple(self.declared)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """The attributes that are classes, with the names of these."""
        return {n: v for n, v in self.declared.items() if _rank(v) == 0}

    @property
    def groups(self) -> tuple[int, ...]:
        """Lengths of the parts of a code that belong together: each class, angles, numbers."""
        widths = dict.fromkeys((1, 2), 0)
        for value in self.declared.values():
            if _rank(value):
                widths[_rank(value)] += _width(value)
        return (*map(len, self.classes.values()), *filter(None, widths.values()))

    @property
    def size(self) -> int:
        """Length of a code."""
        return sum(self.groups)

    def columns(self, name: str) -> slice:
        """Returns where an attribute stands in a code."""
        start = 0
        for each, value in self.declared.items():
            if each == name:
                return slice(start, start + _width(value))
            start += _width(value)
        raise self.unknown(name)

    def unknown(self, name: str, argument: str = "") -> InputError:
        """Returns the error for an attribute that does not exist."""
        near = nearest(name, self.names, f"choose from {', '.join(self.names)}")
        return InputError(f"{argument or self.argument}: there is no {name!r}{near}")

    # ------------------------------------------------------------------ codes

    def encode(self, values: Mapping[str, Any], argument: str = "") -> np.ndarray:
        """Returns the codes of values.

        Args:
            values: A value of every attribute, or as many as there are images: names or numbers of
                classes, or weights `[num, classes]`; degrees; numbers.
            argument: What to call the values in a message.

        Returns:
            float32 `[num, size]`.

        Raises:
            InputError: If one is missing, unknown, or out of range, or they differ in number.
        """
        argument = argument or self.argument
        if not isinstance(values, Mapping):
            raise InputError(
                f"{argument}: expected a dict of values by attribute, got {type(values).__name__}."
            )
        for name in values:
            if name not in self.declared:
                raise self.unknown(str(name), argument)
        missing = [name for name in self.names if name not in values]
        if missing:
            raise InputError(
                f"{argument}: expected values of {', '.join(self.names)}, got none of "
                f"{', '.join(missing)}; add {'it' if len(missing) == 1 else 'them'}."
            )
        parts = {
            name: self._encoded(name, values[name], f"{argument}.{name}") for name in self.names
        }
        several = {name: len(part) for name, part in parts.items() if len(part) != 1}
        if len(set(several.values())) > 1:
            counts = ", ".join(f"{num} of {name}" for name, num in several.items())
            raise InputError(f"{argument}: expected one value each, or as many, got {counts}.")
        num = next(iter(several.values()), 1)
        rows = [np.broadcast_to(part, (num, part.shape[1])) for part in parts.values()]
        return np.concatenate(rows, axis=1).astype(np.float32)

    def _encoded(self, name: str, value: Any, argument: str) -> np.ndarray:
        declared = self.declared[name]
        if _rank(declared) == 0:
            return self._of_classes(declared, value, argument)
        try:
            numbers = np.atleast_1d(np.asarray(value, np.float64))
        except (TypeError, ValueError):
            raise InputError(f"{argument}: expected numbers, got {value!r}.") from None
        if numbers.ndim != 1 or not np.isfinite(numbers).all():
            raise InputError(
                f"{argument}: expected a finite number, or one for each image, got {value!r}."
            )
        if declared == DEGREES:
            return sine_and_cosine(numbers)
        low, high = declared
        outside = (numbers < low - 1e-6 * (high - low)) | (numbers > high + 1e-6 * (high - low))
        if outside.any():
            raise InputError(
                f"{argument}: expected numbers from {low:g} to {high:g}, got "
                f"{numbers[outside][0]:g}."
            )
        return ((2 * numbers - low - high) / (high - low))[:, np.newaxis]

    def _of_classes(self, names: tuple[str, ...], value: Any, argument: str) -> np.ndarray:
        array = np.asarray(value)
        wide = array.ndim == 2 and array.shape[1] == len(names)
        if array.dtype.kind == "f" or (wide and array.dtype.kind in "iu"):
            rows = array.astype(np.float64)
            if not wide or not (rows >= 0).all() or (np.abs(rows.sum(axis=1) - 1) > 1e-3).any():
                raise InputError(
                    f"{argument}: expected weights of {len(names)} classes, shape (num, "
                    f"{len(names)}), from 0 up that add up to 1, or integers, got {value!r}."
                )
            return rows
        if array.ndim > 1 and array.shape[1:] != (1,):
            raise InputError(f"{argument}: expected one class for each image, got {value!r}.")
        found = []
        for each in np.atleast_1d(array).reshape(-1).tolist():
            if isinstance(each, str):
                if each not in names:
                    near = nearest(each, names, f"choose from {', '.join(names)}")
                    raise InputError(f"{argument}: there is no {each!r}{near}")
                found.append(names.index(each))
            elif (number := whole_number(each)) is not None and 0 <= number < len(names):
                found.append(number)
            else:
                raise InputError(
                    f"{argument}: expected names of classes, or numbers from 0 to "
                    f"{len(names) - 1}, got {each!r}."
                )
        return np.eye(len(names))[found]

    def check_codes(self, codes: Any, argument: str = "") -> np.ndarray:
        """Returns codes as float32 `[num, size]`.

        Raises:
            InputError: If they have another shape or type, or are not finite.
        """
        codes, argument = np.asarray(codes), argument or self.argument
        if codes.ndim != 2 or codes.shape[1] != self.size or codes.dtype.kind not in "iuf":
            came = codes.shape if codes.dtype.kind in "iuf" else f"type {codes.dtype}"
            advice = "; give one code as x[np.newaxis]" * (came == (self.size,))
            raise InputError(
                f"{argument}: expected codes, shape (num, {self.size}), got {came}{advice}."
            )
        if not np.isfinite(codes).all():
            raise InputError(f"{argument}: expected finite numbers, got NaN or infinity.")
        return codes.astype(np.float32)

    def decode(self, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the values of codes: class numbers, degrees from 0 to 360, and numbers.

        Example:
            >>> Attributes({"angle": "degrees"}).decode(np.array([[-1.0, 0.0]]))
            {'angle': array([270.])}
        """
        found: dict[str, np.ndarray] = {}
        for name, declared in self.declared.items():
            part = codes[:, self.columns(name)].astype(np.float64)
            if _rank(declared) == 0:
                found[name] = part.argmax(axis=1)
            elif declared == DEGREES:
                found[name] = np.degrees(np.arctan2(part[:, 0], part[:, 1])) % 360
            else:
                low, high = declared
                found[name] = (low + high + part[:, 0] * (high - low)) / 2
        return found

    def between(self, first: np.ndarray, last: np.ndarray, num: int) -> np.ndarray:
        """Returns codes on the way from some codes to others.

        Weights of classes and numbers change evenly, angles too, on the shorter way.

        Args:
            first: Codes `[rows, size]`.
            last: As many codes.
            num: Number of codes on each way, both ends included.

        Returns:
            float32 `[rows, num, size]`.

        Example:
            >>> known = Attributes({"shape": ("circle", "star"), "angle": "degrees"})
            >>> ends = [known.encode({"shape": i, "angle": 60 * i}) for i in (0, 1)]
            >>> known.between(*ends, 3)[0, 1].round(3)
            array([0.5  , 0.5  , 0.5  , 0.866], dtype=float32)
        """
        shares = np.linspace(0, 1, num)[np.newaxis, :, np.newaxis]
        a, b = first[:, np.newaxis].astype(np.float64), last[:, np.newaxis].astype(np.float64)
        codes = a * (1 - shares) + b * shares
        for name, declared in self.declared.items():
            if declared == DEGREES:
                at = self.columns(name)
                start, end = (np.degrees(np.arctan2(*np.split(c[..., at], 2, -1))) for c in (a, b))
                degrees = start + shares * ((end - start + 180) % 360 - 180)
                radians = np.radians(degrees[..., 0])
                codes[..., at] = np.stack([np.sin(radians), np.cos(radians)], axis=-1)
        return codes.astype(np.float32)

    def middle(self) -> dict[str, Any]:
        """Returns a value of every attribute: the first class, 0 degrees, the middle of a range."""
        return {
            name: value[0] if _rank(value) == 0 else 0.0 if value == DEGREES else sum(value) / 2
            for name, value in self.declared.items()
        }

    def sample(self, num: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Returns random values of every attribute, `num` of each, all equally likely."""
        random = np.random.default_rng(seed)
        found: dict[str, np.ndarray] = {}
        for name, value in self.declared.items():
            if _rank(value) == 0:
                found[name] = random.integers(0, len(value), num)
            else:
                low, high = (0.0, 360.0) if value == DEGREES else value
                found[name] = random.uniform(low, high, num)
        return found


def check_name(name: Any, argument: str, advice: str = "") -> None:
    """Checks that exported models can have an attribute of a name.

    Args:
        name: The name.
        argument: What to call the attributes in a message.
        advice: What the message ends with.

    Raises:
        InputError: If not.
    """
    fits = isinstance(name, str) and _NAME.fullmatch(name) and not keyword.iskeyword(name)
    if not fits or name in RESERVED:
        raise InputError(
            f"{argument}: expected names of the letters a to z, digits and underscores, beginning "
            f"with a letter, that are not keywords of Python or {', '.join(RESERVED)}, got "
            f"{name!r}{advice}."
        )


def explained(attributes: Attributes) -> str:
    """Returns the names of attributes, and what each is.

    Example:
        >>> explained(Attributes({"shape": ("circle", "star"), "size": (0.1, 0.4)}))
        'shape (2 classes), size (0.1 to 0.4)'
    """
    kinds = {
        name: f"{len(value)} classes" if _rank(value) == 0 else "{:g} to {:g}".format(*value)
        for name, value in attributes.declared.items()
        if value != DEGREES
    }
    return ", ".join(f"{name} ({kinds.get(name, DEGREES)})" for name in attributes.names)


def sine_and_cosine(degrees: np.ndarray) -> np.ndarray:
    """Returns the code of angles, float64 `[num, 2]`."""
    radians = np.radians(degrees)
    return np.stack([np.sin(radians), np.cos(radians)], axis=1)


def _rank(value: Declared) -> int:
    """Returns 0 for classes, 1 for an angle, 2 for a number."""
    return 1 if value == DEGREES else 0 if isinstance(value[0], str) else 2


def _width(value: Declared) -> int:
    return (len(value), 2, 1)[_rank(value)]


def _is_finite(value: Any) -> bool:
    return (
        isinstance(value, (int, float, np.number))
        and not isinstance(value, bool)
        and math.isfinite(value)
    )
