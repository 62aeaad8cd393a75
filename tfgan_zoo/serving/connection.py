"""Connections to servers: request headers, certificates, and repeated requests."""

import re
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tfgan_zoo.errors import InputError, ServerError

#: Headers that the client sets itself.
_OWN_HEADERS = ("content-length", "content-type", "host", "transfer-encoding")


def parse_headers(lines: Sequence[str]) -> dict[str, str]:
    """Returns request headers by name.

    Args:
        lines: One header each, "Name: value".

    Raises:
        InputError: If a line is no header, or one that the client sets itself. The message does not
            quote the value, which may be secret.

    Example:
        >>> parse_headers(["Authorization: Bearer x"])
        {'Authorization': 'Bearer x'}
    """
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        value = value.strip()
        # The characters of RFC 9110; a line break would start another header.
        if not (colon and re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII)):
            raise InputError(
                '--header: expected "Name: value", such as "Authorization: Bearer x", got '
                f"{name if colon else 'a text without a colon'!r}."
            )
        if not (value and re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value)):
            raise InputError(
                f"--header: expected one line of Latin letters as the value of {name}, got another."
            )
        if name.lower() in _OWN_HEADERS:
            raise InputError(f"--header: expected none that the client sets itself, got {name}.")
        headers[name] = value
    return headers


def read_certificates(file: str) -> str:
    """Returns the certificates of a file, in PEM format.

    Raises:
        InputError: If it cannot be read or holds none.
    """
    try:
        text = Path(file).expanduser().read_text("ascii", "replace")
    except OSError as error:
        raise InputError(f"--ca_file: cannot read {file!r}: {error.strerror}.") from error
    try:
        ssl.create_default_context(cadata=text or "-")
    except (ssl.SSLError, ValueError) as error:
        raise InputError(
            f"--ca_file: expected certificates in PEM format, {file!r} has none that can be read."
        ) from error
    return text


class BusyError(Exception):
    """A temporary error, worth retrying."""


def patiently(once: Callable[[], Any], name: str, retries: int, wait: float) -> Any:
    """Calls a function until it raises no `BusyError`.

    Args:
        once: The function.
        name: Name of the server, for the error.
        retries: Number of times to repeat the call.
        wait: Seconds before the first repetition; doubled before each further one.

    Raises:
        ServerError: After the last repetition.
    """
    for left in range(retries, -1, -1):
        try:
            return once()
        except BusyError as error:
            if not left:
                times = f" (tried {retries + 1} times)" if retries else ""
                raise ServerError(f"{name}: {error}{times}.") from error
        time.sleep(wait)
        wait *= 2
    raise AssertionError
