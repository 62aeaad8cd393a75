"""What the commands share: quiet start-up, overrides, and errors as sentences."""

import os
import re
import sys
import tempfile
from collections.abc import Callable

from absl import app, logging

from tfgan_zoo.errors import InputError, Interrupted, NonFiniteLossError


def run(main: Callable[[], None]) -> None:
    """Runs a command: parses flags, calls `main`, and turns known errors into a line and a status.

    Status 2 is for input that cannot be used, 1 for training that broke down, 128 + n for an end by signal n.
    """

    def guarded(argv: list[str]) -> None:
        if len(argv) > 1:
            raise app.UsageError(f"Unexpected argument {argv[1]!r}; flags begin with --.")
        try:
            main()
        except InputError as error:
            sys.exit(_say(f"error: {error}", 2))
        except NonFiniteLossError as error:
            sys.exit(_say(f"error: {error}", 1))
        except Interrupted as stop:
            sys.exit(_say(str(stop), 128 + stop.signal_number))
        except KeyboardInterrupt:
            sys.exit(_say("Aborted.", 130))

    app.run(guarded)


def _say(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status


def take_overrides(argv: list[str]) -> dict[str, str]:
    """Removes every `--config.KEY=VALUE` (or `--config.KEY VALUE`) from argv and returns them."""
    overrides, kept = {}, []
    arguments = iter(argv)
    for argument in arguments:
        match = re.fullmatch(r"--?config\.([\w.]+)(?:=(.*))?", argument, re.DOTALL)
        if match is None:
            kept.append(argument)
        else:
            key, value = match.groups()
            overrides[key] = next(arguments, "") if value is None else value
    argv[:] = kept
    return overrides


def quiet_tensorflow() -> None:
    """Imports TensorFlow without its start-up chatter, unless TF_CPP_MIN_LOG_LEVEL asks for it.

    Part of that chatter is written before TensorFlow reads any setting, so standard error is held
    back meanwhile; if the import fails, it is shown after all.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    logging.set_verbosity(logging.WARNING)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        failed = True
        try:
            import tensorflow as tf

            tf.config.list_logical_devices()
            failed = False
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            if failed:
                held_back.seek(0)
                os.write(2, held_back.read())
