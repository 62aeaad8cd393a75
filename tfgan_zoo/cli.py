"""What commands share: flags, config overrides, a quiet start, and errors as sentences."""

import atexit
import contextlib
import contextvars
import functools
import gc
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn, TextIO

from absl import flags

from tfgan_zoo import presets, progress
from tfgan_zoo.errors import (
    InputError,
    Interrupted,
    NonFiniteLossError,
    ServerError,
    StorageError,
    WorkerLostError,
    input_errors,
)
from tfgan_zoo.suggestions import nearest, similar


def run(main: Callable[[list[str]], None], argv: list[str] | None = None) -> NoReturn:
    """Runs a command and exits. Known errors become one line on standard error, and a status.

    The status is 2 for unusable input, 1 for failed training or a server that does not answer, and
    128 + n after signal n.

    Args:
        main: The command, which takes its arguments.
        argv: The arguments, without the program's name; None for those of the command line.
    """
    message, status = "", 0
    _flags.set(None)
    try:
        with plain_warnings(), progress.progress_lines(), input_errors():
            main(sys.argv[1:] if argv is None else argv)
    except InputError as error:
        message, status = f"error: {_ended(_with_own_flags(str(error)))}", 2
    except (NonFiniteLossError, ServerError, StorageError, WorkerLostError) as error:
        message, status = f"error: {_ended(str(error))}", 1
    except BrokenPipeError:  # the reader, such as `head`, has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except OSError as error:  # no space left, no permission
        message, status = f"error: {_ended(str(error))}", 1
    except Interrupted as stop:
        message, status = str(stop), 128 + stop.signal_number
    except KeyboardInterrupt:
        message, status = "Aborted.", 130
    if message:
        print(message, file=sys.stderr)
        _collect_at_exit()
    sys.exit(status)


@functools.cache
def _collect_at_exit() -> None:
    """Collects garbage before the interpreter is taken down.

    Frames of an error may hold an iterator that is decoding. Later it would wait forever for Python
    functions that can no longer run.
    """
    atexit.register(gc.collect)


#: The flags that apply to the command that runs, once they are read.
_flags: contextvars.ContextVar[set[str] | None] = contextvars.ContextVar("flags")


def _with_own_flags(message: str) -> str:
    """Replaces advice to set an entry of `config.data`, which most commands do not take.

    Where the command has a flag of the same name, that is named instead; advice on files and label
    maps is left out where there is none.
    """
    known = _flags.get(None)
    if known is None or "config" in known:
        return message

    def own(found: re.Match[str]) -> str:
        name, value = found["name"], found["value"] or ""
        if name in known:
            return f"{found['before']}--{name}{value}"
        return "" if name in ("on_error", "ignored", "classes") else found[0]

    return re.sub(
        r"(?P<before>(?:,? or (?:skip (?:such files|them)|leave them out) with "
        r"|, or, if it means no class, |, or give the name of their palette, )?)"
        r"(?P<name>\w+)(?:=\S+)? \(--config\.data\.(?P=name)(?P<value>=-?\w+)?\)",
        own,
        message,
    )


def _ended(message: str) -> str:
    """Adds a period to a sentence that lacks one."""
    return message if message.endswith((".", "?", "!")) else f"{message}."


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Shows each warning of this package once, as one line on standard error.

    File and line of the warning mean nothing to users of commands. Warnings of other packages are
    shown as usual.
    """
    show, told = warnings.showwarning, set()

    def show_plainly(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not (issubclass(category, UserWarning) and _warned_by_us()):
            show(message, category, filename, lineno, file, line)
        elif str(message) not in told:
            told.add(str(message))
            warn(_with_own_flags(str(message)))

    warnings.showwarning = show_plainly
    try:
        yield
    finally:
        warnings.showwarning = show


def _warned_by_us() -> bool:
    """Returns whether this package called `warnings.warn`, whatever the stacklevel."""
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") == "warnings" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")).split(".")[0] == "tfgan_zoo"


def warn(message: str) -> None:
    """Writes a warning to standard error, above a progress bar if there is one."""
    from tfgan_zoo import progress

    progress.say(f"warning: {message}")


class _PathParser(flags.ArgumentParser):
    """Expands `~`, which a shell does not do within `--flag=~/...`."""

    syntactic_help = "a path"

    def parse(self, argument: str) -> str:
        return os.path.expanduser(argument)


class Flags(flags.FlagValues):
    """The flags of one call of a command, defined by the methods and then read by `parse`."""

    def define_string(self, name: str, default: str | None, text: str, **options: Any) -> None:
        """Defines a flag that takes text."""
        flags.DEFINE_string(name, default, text, self, **options)

    def define_path(self, name: str, default: str | None, text: str, **options: Any) -> None:
        """Defines a flag that takes a file or a folder."""
        flags.DEFINE(_PathParser(), name, default, text, self, **options)

    def define_strings(self, name: str, text: str, **options: Any) -> None:
        """Defines a flag that takes text and may be repeated."""
        flags.DEFINE_multi_string(
            name, None if options.get("required") else [], text, self, **options
        )

    def define_list(self, name: str, default: list[str] | None, text: str) -> None:
        """Defines a flag that takes texts with commas between them."""
        flags.DEFINE_list(name, default, text, self)

    def define_integer(self, name: str, default: int | None, text: str) -> None:
        """Defines a flag that takes a whole number."""
        flags.DEFINE_integer(name, default, text, flag_values=self)

    def define_float(self, name: str, default: float | None, text: str) -> None:
        """Defines a flag that takes a number."""
        flags.DEFINE_float(name, default, text, flag_values=self)

    def define_bool(self, name: str, text: str) -> None:
        """Defines a flag that is false unless given."""
        flags.DEFINE_bool(name, False, text, self)

    def define_enum(
        self, name: str, default: str | None, options: list[str], text: str, **more: Any
    ) -> None:
        """Defines a flag that takes one of some words."""
        flags.DEFINE_enum(name, default, options, text, self, **more)

    def refuse(self, names: Iterable[str], reason: str) -> None:
        """Raises `InputError` if one of some flags was given, which would have no effect."""
        names = tuple(names)
        for name in names:
            if self[name].present:
                raise InputError(f"--{name}: {reason}")
        (_flags.get(None) or set()).difference_update(names)  # No message advises them.

    def check_defaults(self, defaults: Mapping[str, Any], expected: str) -> None:
        """Raises `InputError` if one of some flags differs from its default.

        Args:
            defaults: The defaults by flag.
            expected: What other values go with, for the message.
        """
        for name, default in defaults.items():
            if self[name].value != default:
                raise InputError(f"--{name}: expected {expected}, got {self[name].value!r}.")


def parse(given: flags.FlagValues, argv: list[str], doc: str | None) -> None:
    """Reads a command's flags.

    Args:
        given: The flags; each call of a command has its own.
        argv: The arguments, without the program's name.
        doc: The module's docstring, which --help shows before the flags, and then exits.

    Raises:
        InputError: If a flag is missing, has the wrong type, or is unknown; the message suggests
            the nearest.
    """
    if {"--help", "-h"} & set(argv):
        described = given.get_help(include_special_flags=False).strip()
        print(f"{doc}\nFlags:\n" + described.partition("\n")[2])  # without this module's name
        sys.exit()
    try:
        rest = given(["", *argv])[1:]
    except flags.UnrecognizedFlagError as error:
        flag = f"--{error.flagname}"
        raise InputError(f"There is no flag {flag}{_nearest_flag(flag, list(given))}") from error
    except flags.Error as error:
        if missing := re.findall(r"Flag (--\w+) must have a value other than None", str(error)):
            what = f"{', '.join(missing)}: expected a value, got none; --help shows all."
            raise InputError(what) from error
        raise InputError(str(error)[0].upper() + str(error)[1:].rstrip(".") + ".") from error
    if rest:
        raise InputError(f"There is an argument too many: {rest[0]!r}.")
    _flags.set(set(given))


def use_preset(given: Flags, command: str | None = None) -> bool:
    """Replaces the flag --preset by --workdir with the file of the preset.

    Args:
        given: The flags, with --workdir and --preset.
        command: The command, if it is not for all models.

    Returns:
        Whether there was a preset.

    Raises:
        InputError: If neither or both are given, or there is no such preset for the command.
    """
    if given.preset is None:
        if given.workdir is None:
            raise InputError(
                "--workdir: expected a value, or --preset=NAME instead of it, got none; --help "
                "shows all."
            )
        return False
    if given.workdir is not None:
        raise InputError(
            f"--preset: expected none beside --workdir, got {given.preset!r}; give one of them."
        )
    one = [name for name in ("checkpoint", "raw_weights") if name in given]
    given.refuse(one, "expected none for a preset, which has one set of weights; leave it out.")
    preset = presets.find(given.preset, "--preset", command)
    path = presets.PresetPath(presets.file_of(preset, "--preset"))
    path.name = preset.name
    given["workdir"].value = path
    return True


#: Names of flags in other programs.
_SYNONYMS = {"samples": "num", "num_samples": "num", "n": "num", "count": "num"}

#: The same, and the config entries that they stand for.
_ENTRIES = {
    "batch": "data.batch_size",
    "batch_size": "data.batch_size",
    "data": "data.source",
    "dataroot": "data.source",
    "dataset": "data.source",
    "epochs": "train.steps",
    "learning_rate": "generator_optimizer.learning_rate",
    "lr": "generator_optimizer.learning_rate",
    "num_steps": "train.steps",
    "seed": "seed",
    "steps": "train.steps",
}


def _nearest_flag(flag: str, known: list[str]) -> str:
    """Ends a message about an unknown flag with the nearest one."""
    name = flag.removeprefix("--")
    first, dot, key = name.partition(".")
    if dot and "config" in known and similar(first, ["config"]):  # an override, misspelt
        return f"; did you mean --config.{key}?"
    if name == "preset" and "config" in known:
        return "; --config.train.start_from=NAME starts a run from a preset."
    if name == "resume" and "config" in known:
        return "; the same command, or --workdir alone, resumes a run."
    if name in _ENTRIES and "config" in known:
        return f"; did you mean --config.{_ENTRIES[name]}?"
    if _SYNONYMS.get(name) in known:
        return f"; did you mean --{_SYNONYMS[name]}?"
    return nearest(flag, [f"--{each}" for each in known], "--help shows all")


def take_overrides(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    """Splits off every `--config.KEY=VALUE` or `--config.KEY VALUE`.

    Returns:
        (values by key, the other arguments).

    Raises:
        InputError: If a value is missing.
    """
    overrides, others = {}, []
    arguments = iter(argv)
    for argument in arguments:
        match = re.fullmatch(r"--config\.([^=]*)(?:=(.*))?", argument, re.DOTALL)
        if match is None:
            others.append(argument)
            continue
        key, value = match.groups()
        if value is None:
            value = next(arguments, None)
        if value is None or value.startswith("--"):
            raise InputError(f"--config.{key}: expected a value, got none.")
        overrides[key] = value
    return overrides, others


def quiet_tensorflow(prepare: Callable[[], object] | None = None) -> None:
    """Imports TensorFlow without its log messages, unless TF_CPP_MIN_LOG_LEVEL is 0 or 1.

    Args:
        prepare: Called after the import, to start the devices differently.
    """
    # The variable may be set by another command, which started this one.
    asked_for = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") in ("0", "1")
    with contextlib.nullcontext() if asked_for else stderr_held_back():
        import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)

        # isort: split
        import tensorflow as tf

        (prepare or tf.config.list_logical_devices)()
    if not asked_for:
        tf.get_logger().setLevel("ERROR")  # AutoGraph; functions traced for a last, smaller batch
    from tfgan_zoo.run.devices import set_up_graphs

    set_up_graphs()


@contextlib.contextmanager
def stderr_held_back() -> Iterator[None]:
    """Shows what is written to standard error only after an error other than `InputError`.

    Some of TensorFlow's messages are written before it reads its settings, and TensorFlow Lite's
    always are.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        except InputError:  # needs no more explanation
            failed = False
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            if failed:
                held_back.seek(0)
                os.write(2, held_back.read())
