"""The interpreter of pickles, beside Python's own and on programs that mean harm."""

import collections
import doctest
import io
import os
import pickle
import subprocess

import pytest

from tfgan_zoo.weight_files import pickles
from tfgan_zoo.weight_files.pickles import Name, PickleError
from tfgan_zoo.weight_files.stored import CutOffError

PLAIN = {
    "numbers": [0, 1, 255, 256, -1, 2**31, -(2**40), 2**200, 1.5, float("-inf")],
    "texts": ["", "é\n", "x" * 300, b"bytes", b"b" * 300],
    "others": (None, True, False, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "nested": {"a": {"b": [{}, [], set(), {1, "two"}]}, 3: "three"},
}


def load(data, calls=None, constants=None):
    return pickles.load(
        io.BytesIO(data), calls=calls or {}, constants=constants or {}, persistent=lambda pid: pid
    )


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_containers_are_those_of_python(protocol):
    plain = PLAIN
    if protocol == 2:  # where bytes and sets are calls
        plain = {key: PLAIN[key] for key in ("numbers", "others")} | {"texts": PLAIN["texts"][:3]}
    elif protocol == 3:  # where sets are calls
        plain = {key: PLAIN[key] for key in ("numbers", "texts", "others")}
    found = load(pickle.dumps(plain, protocol))
    assert found == plain
    assert repr(found) == repr(plain)


def test_shared_and_circular_containers_stay_shared():
    shared = [1]
    circle = {"both": (shared, shared)}
    circle["self"] = circle
    found = load(pickle.dumps(circle, 2))
    assert found["both"][0] is found["both"][1]
    assert found["self"] is found


class Harm:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.made = function, arguments

    def __reduce__(self):
        return self.made


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("echo harm > {path}",), "posix.system"),
        (subprocess.check_call, (["touch", "{path}"],), "subprocess.check_call"),
        (eval, ("__import__('pathlib').Path('{path}').touch()",), "builtins.eval"),
        (getattr, ("", "join"), "builtins.getattr"),
        (collections.Counter, ("aab",), "collections.Counter"),
    ],
)
def test_nothing_is_called(tmp_path, protocol, function, arguments, name):
    path = tmp_path / "harm"

    def filled(value):
        if isinstance(value, list):
            return [filled(each) for each in value]
        return value.format(path=str(path))

    data = pickle.dumps([Harm(function, *map(filled, arguments))], protocol, fix_imports=False)
    with pytest.raises(PickleError) as refused:
        load(data)
    assert not path.exists()
    if protocol > 1:  # earlier ones are not read at all
        assert f"asks for {name}, " in str(refused.value)
    # A control: Python does what the pickle says.
    pickle.loads(data)
    if "{path" in str(arguments):
        assert path.exists()


ODD = {
    "a name without a call": b"\x80\x02cos\nsystem\n.",
    "a name of the stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    "a name that is no text": b"\x80\x04K\x01\x8c\x06system\x93.",
    "a class by its code": b"\x80\x02\x82\x01.",
    "a new object": b"\x80\x02(cos\nsystem\nX\x02\x00\x00\x00lso.",
    "an instance": b"\x80\x02(ios\nsystem\n.",
    "a call of a text": b"\x80\x02X\x01\x00\x00\x00a)R.",
    "a call of a list": b"\x80\x02])R.",
    "arguments that are a list": b"\x80\x02cok\nok\n]R.",
    "other arguments": b"\x80\x02cok\nok\n(K\x01K\x02tR.",
    "attributes of a list": b"\x80\x02]}b.",
    "attributes of a function": b"\x80\x02cok\nok\n}b.",
    "items of a number": b"\x80\x02K\x01K\x02K\x03s.",
    "items of a list": b"\x80\x02]K\x02K\x03s.",
    "an odd number of items": b"\x80\x02}(K\x01u.",
    "elements of a dict": b"\x80\x02}K\x01a.",
    "elements of a list as of a set": b"\x80\x02](K\x01\x90.",
    "a key that is a tuple": b"\x80\x02}))s.",
    "a key that is a name": b"\x80\x02}cok\nok\nK\x01s.",
    "a memo that is empty": b"\x80\x02h\x05.",
    "an empty stack": b"\x80\x02.",
    "an empty stack beyond a mark": b"\x80\x02(0.",
    "no mark": b"\x80\x02K\x01t.",
    "a text of negative length": b"\x80\x02T\xff\xff\xff\xff.",
    "text that is no UTF-8": b"\x80\x02X\x01\x00\x00\x00\xff.",
    "protocol 0": b"I1\n.",
}


@pytest.mark.parametrize("case", ODD)
def test_odd_pickles_are_refused(case):
    with pytest.raises(ValueError, match=r".") as refused:
        load(ODD[case], calls={Name("ok", "ok"): lambda one=None: one})
    assert isinstance(refused.value, (PickleError, UnicodeDecodeError))


def test_names_in_the_tables_are_called_or_stand_for_values():
    calls, constants = {Name("m", "f"): lambda *given: list(given)}, {Name("m", "C"): 7}
    data = b"\x80\x02cm\nf\n(cm\nC\nK\x02tR."
    assert load(data, calls, constants) == [7, 2]
    with pytest.raises(PickleError, match=r"asks for m\.g"):
        load(data.replace(b"f", b"g"), calls, constants)
    # A constant cannot be called, even if it is a function.
    with pytest.raises(PickleError, match="no name"):
        load(b"\x80\x02cm\nC\n)R.", {}, {Name("m", "C"): print})


def test_memory_is_not_allocated_for_what_is_not_there():
    tebibyte = (2**40).to_bytes(8, "little")
    for data in (b"\x80\x04\x8e" + tebibyte + b"x", b"\x80\x02X\xff\xff\xff\xffx", b"\x80\x02"):
        with pytest.raises(CutOffError):
            load(data)
    # An array of four billion entries in C; a dict with one entry here.
    assert load(b"\x80\x02K\x01r\xff\xff\xff\xff.") == 1


def test_programs_without_end(monkeypatch):
    monkeypatch.setattr(pickles, "MOST_INSTRUCTIONS", 1000)
    with pytest.raises(PickleError, match="more than 1,000 instructions"):
        load(b"\x80\x02" + b"]" * 1000 + b".")
    # Tuples of themselves: their hash or text would take forever, so that neither is made.
    nested = b"\x80\x02)" + b"2\x86" * 100
    with pytest.raises(PickleError, match="key of the type tuple"):
        load(b"\x80\x02}" + nested[2:] + b"K\x01s.")
    assert len(load(nested + b".")) == 2


def test_examples():
    result = doctest.testmod(pickles)
    assert result.attempted
    assert not result.failed
