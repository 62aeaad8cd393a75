"""Reads pickles without running what they contain.

A pickle is a program. Python's own `pickle` imports and calls whatever the program names, and
allocates as much memory as it asks for. The interpreter here knows the instructions that build
plain containers, numbers and texts. A call is looked up in a table of the caller's functions, and
a name that is in no table ends the reading. Nothing is imported, and no attribute is set.
"""

import os
import struct
from collections.abc import Callable, Mapping
from typing import IO, Any, NamedTuple

from tfgan_zoo.weight_files.stored import CutOffError, UnreadableError, printable

#: Instructions in a pickle. One that names 1,000 tensors has about 30,000.
MOST_INSTRUCTIONS = 2_000_000


class PickleError(UnreadableError):
    """A pickle that is damaged, or contains what it may not."""


class OtherNameError(PickleError):
    """A pickle that names a class or function that tensors do not need."""

    advice = "in PyTorch, save the tensors alone: torch.save(network.state_dict(), FILE)"


class Name(NamedTuple):
    """A class or function that a pickle names. It is never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return printable(f"{self.module}.{self.name}"[:100])


class Rebuilt:
    """An object that a pickle makes by a call, and may then give a state."""

    def set_state(self, state: Any) -> None:
        """Takes the state.

        Args:
            state: Plain containers.
        """


_MARK = object()
#: What a dict or a set may have as keys. The hash of nested tuples can take forever.
_KEYS = (str, bytes, int, float, type(None))


class _Machine:
    """A stack, a memo, and one pass over the instructions."""

    def __init__(
        self,
        file: IO[bytes],
        calls: Mapping[Name, Callable[..., Any]],
        constants: Mapping[Name, Any],
        persistent: Callable[[Any], Any],
    ):
        self.file, self.calls, self.constants, self.persistent = file, calls, constants, persistent
        start = file.tell()
        self.end = file.seek(0, os.SEEK_END)
        file.seek(start)
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Executes instructions up to the one that stops."""
        for _ in range(MOST_INSTRUCTIONS):
            instruction = self.read(1)
            if instruction == b".":
                return self.pop()
            self.execute(instruction)
        raise PickleError(f"its pickle has more than {MOST_INSTRUCTIONS:,} instructions")

    def execute(self, instruction: bytes) -> None:
        """Executes one instruction."""
        if instruction in _NUMBERS:
            self.push(self.number(_NUMBERS[instruction]))
        elif instruction in _TEXTS:
            self.push(self.text(*_TEXTS[instruction]))
        elif instruction in _CONSTANTS:
            self.push(_CONSTANTS[instruction])
        elif instruction in _GETS:
            self.push(self.remembered(self.number(_GETS[instruction])))
        elif instruction in _PUTS:
            self.memo[self.number(_PUTS[instruction])] = self.top()
        elif instruction in _TUPLES:
            num = _TUPLES[instruction]
            self.push(tuple(reversed([self.pop() for _ in range(num)])))
        elif instruction in _OTHERS:
            _OTHERS[instruction](self)
        else:
            raise PickleError(f"its pickle has the instruction {instruction!r}")

    # ------------------------------------------------------------------ bytes

    def read(self, num: int) -> bytes:
        """Reads bytes; refuses to allocate more of them than the file has."""
        if num > 1 and num > self.end - self.file.tell():
            raise CutOffError
        found = self.file.read(num)
        if len(found) != num:
            raise CutOffError
        return found

    def number(self, form: str) -> Any:
        """Reads a number of a `struct` format."""
        return struct.unpack(form, self.read(struct.calcsize(form)))[0]

    def text(self, form: str, encoding: str | None) -> str | bytes:
        """Reads a text, or bytes, after their length."""
        length = self.number(form)
        if length < 0:
            raise PickleError("its pickle has a text of negative length")
        found = self.read(length)
        return found if encoding is None else found.decode(encoding, "surrogatepass")

    def line(self) -> str:
        """Reads up to the end of a line."""
        found = self.file.readline(1000)
        if not found.endswith(b"\n"):
            raise CutOffError
        return found[:-1].decode()

    # ------------------------------------------------------------------ the stack

    def push(self, value: Any) -> None:
        """Puts a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Takes the last value off the stack."""
        if not self.stack or self.stack[-1] is _MARK:
            raise PickleError("its pickle is damaged")
        return self.stack.pop()

    def top(self) -> Any:
        """Returns the last value of the stack."""
        value = self.pop()
        self.push(value)
        return value

    def since_mark(self) -> list[Any]:
        """Takes all values off the stack that follow the last mark, and the mark."""
        values: list[Any] = []
        while self.stack:
            value = self.stack.pop()
            if value is _MARK:
                return values[::-1]
            values.append(value)
        raise PickleError("its pickle is damaged")

    def remembered(self, key: int) -> Any:
        """Returns a value of the memo."""
        if key not in self.memo:
            raise PickleError("its pickle is damaged")
        return self.memo[key]

    # ------------------------------------------------------------------ containers

    def extend(self, values: list[Any]) -> None:
        """Adds values to the list that is the last value of the stack."""
        target = self.top()
        if not isinstance(target, list):
            raise PickleError("its pickle is damaged")
        target.extend(values)

    def add(self, values: list[Any]) -> None:
        """Adds values to the set that is the last value of the stack."""
        target = self.top()
        if not isinstance(target, set):
            raise PickleError("its pickle is damaged")
        target.update(map(_checked_key, values))

    def assign(self, values: list[Any]) -> None:
        """Adds keys and values, in turn, to the dict that is the last value of the stack."""
        target = self.top()
        if not isinstance(target, dict) or len(values) % 2:
            raise PickleError("its pickle is damaged")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_checked_key(key)] = value

    def assign_one(self) -> None:
        """Adds one key and its value to a dict."""
        value, key = self.pop(), self.pop()
        self.assign([key, value])

    # ------------------------------------------------------------------ names and calls

    def push_name(self, module: Any, name: Any) -> None:
        """Puts on the stack what stands for a class or a function."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError("its pickle is damaged")
        named = Name(module, name)
        if named not in self.calls and named not in self.constants:
            raise OtherNameError(f"it asks for {named}, not for tensors")
        self.push(self.constants.get(named, named))

    def push_name_of_stack(self) -> None:
        """Puts a name on the stack whose two parts are there."""
        name, module = self.pop(), self.pop()
        self.push_name(module, name)

    def call(self) -> None:
        """Calls what stands for a named function; keeps the result on the stack."""
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise PickleError("its pickle calls something that has no name")
        try:
            self.push(self.calls[function](*arguments))
        except TypeError as error:
            raise PickleError(f"it calls {function} with other arguments") from error

    def set_state(self) -> None:
        """Gives an object its state. Attributes of a dict are left out."""
        state, target = self.pop(), self.top()
        if isinstance(target, Rebuilt):
            target.set_state(state)
        elif not isinstance(target, dict):
            raise PickleError("its pickle changes an object that is no tensor")


def _checked_key(key: Any) -> Any:
    if not isinstance(key, _KEYS):
        raise PickleError(f"it has a key of the type {type(key).__name__}")
    return key


def _long(machine: _Machine) -> None:
    machine.push(int.from_bytes(machine.read(machine.number("<B")), "little", signed=True))


#: Instruction -> format of the number that follows.
_NUMBERS = {b"J": "<i", b"K": "<B", b"M": "<H", b"G": ">d"}
#: Instruction -> format of the length, encoding of the text that follows.
_TEXTS = {
    b"T": ("<i", "latin-1"),  # of Python 2
    b"U": ("<B", "latin-1"),
    b"X": ("<I", "utf-8"),
    b"\x8c": ("<B", "utf-8"),
    b"\x8d": ("<Q", "utf-8"),
    b"B": ("<I", None),
    b"C": ("<B", None),
    b"\x8e": ("<Q", None),
}
_CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False, b")": (), b"(": _MARK}
_GETS = {b"h": "<B", b"j": "<I"}
_PUTS = {b"q": "<B", b"r": "<I"}
_TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}
_OTHERS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": lambda machine: machine.read(1),  # the protocol
    b"\x95": lambda machine: machine.read(8),  # the length of a frame
    b"\x94": lambda machine: machine.memo.update({len(machine.memo): machine.top()}),
    b"0": _Machine.pop,
    b"1": _Machine.since_mark,
    b"2": lambda machine: machine.push(machine.top()),
    b"\x8a": _long,
    b"]": lambda machine: machine.push([]),
    b"}": lambda machine: machine.push({}),
    b"\x8f": lambda machine: machine.push(set()),
    b"t": lambda machine: machine.push(tuple(machine.since_mark())),
    b"l": lambda machine: machine.push(machine.since_mark()),
    b"a": lambda machine: machine.extend([machine.pop()]),
    b"e": lambda machine: machine.extend(machine.since_mark()),
    b"\x90": lambda machine: machine.add(machine.since_mark()),
    b"s": _Machine.assign_one,
    b"u": lambda machine: machine.assign(machine.since_mark()),
    b"c": lambda machine: machine.push_name(machine.line(), machine.line()),
    b"\x93": _Machine.push_name_of_stack,
    b"R": _Machine.call,
    b"Q": lambda machine: machine.push(machine.persistent(machine.pop())),
    b"b": _Machine.set_state,
}


def load(
    file: IO[bytes],
    *,
    calls: Mapping[Name, Callable[..., Any]],
    constants: Mapping[Name, Any],
    persistent: Callable[[Any], Any],
) -> Any:
    """Reads one pickle of protocol 2 or later, up to its end.

    Args:
        file: A file that can seek.
        calls: What the pickle may call by name, and the functions that are called instead.
        constants: What it may name without calling it, and the values for it.
        persistent: Function of the identifier of an object that is stored outside of the pickle.

    Returns:
        None, bool, int, float, str, bytes, list, tuple, set, dict, or what the functions return.

    Raises:
        PickleError: If the pickle names anything else, or is damaged.

    Example:
        >>> import io, pickle
        >>> plain = {"calls": {}, "constants": {}, "persistent": id}
        >>> load(io.BytesIO(pickle.dumps({"a": [1, 2.5]})), **plain)
        {'a': [1, 2.5]}
        >>> load(io.BytesIO(pickle.dumps(print)), **plain)
        Traceback (most recent call last):
        tfgan_zoo.weight_files.pickles.OtherNameError: it asks for builtins.print, not for tensors
    """
    return _Machine(file, calls, constants, persistent).run()
