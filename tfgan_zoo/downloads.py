"""What downloads share: where they go, and whether there is a network at all."""

import os
import socket
import urllib.parse
import urllib.request
from pathlib import Path


def cache_folder() -> Path:
    """Returns `$TFGAN_ZOO_CACHE`, or else `~/.cache/tfgan_zoo`; it need not be there yet.

    Files go there that can be had again: downloads, and statistics of data.
    """
    return Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser()


def check_online(url: str) -> None:
    """Raises an `OSError` soon where a download would wait without end: there is no network."""
    if not urllib.request.getproxies():  # With a proxy it need not be reachable from here.
        socket.create_connection((urllib.parse.urlsplit(url).hostname, 443), timeout=10).close()
