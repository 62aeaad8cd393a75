"""Downloads: where they are stored, whether there is a network, and files that are checked."""

import os
import shutil
import socket
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tfgan_zoo import atomic


def cache_folder() -> Path:
    """Returns `$TFGAN_ZOO_CACHE`, or `~/.cache/tfgan_zoo` by default. It may not exist yet.

    It holds files that can be downloaded or computed again. Without a home, which some containers
    lack, it is in the folder of temporary files.
    """
    try:
        return Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser()
    except RuntimeError:  # no home
        return Path(tempfile.gettempdir(), f"tfgan_zoo-{os.getuid()}")


def check_online(url: str) -> None:
    """Raises an `OSError` within 10 seconds if there is no network, where downloads may hang."""
    if not urllib.request.getproxies():  # A host behind a proxy may not be reachable directly.
        host = urllib.parse.urlsplit(url)
        port = host.port or {"http": 80}.get(host.scheme, 443)
        socket.create_connection((host.hostname, port), timeout=10).close()


def fetch(url: str, path: Path, difference: Callable[[Path], str]) -> None:
    """Downloads a file, which appears complete and checked, or not at all.

    Args:
        url: Its address.
        path: Where to store it.
        difference: Says how a file differs from what is expected; "" if it does not.

    Raises:
        OSError: If there is no network, the file cannot be written, or it differs.
        ValueError: If the address is none.
    """
    check_online(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(url, timeout=60) as answer, atomic.replacing(path) as new:
        with new.open("wb") as file:
            shutil.copyfileobj(answer, file)
        if problem := difference(new):
            raise OSError(f"got {problem}")
