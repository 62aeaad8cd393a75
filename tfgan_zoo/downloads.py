"""Where downloads are stored, and whether there is a network."""

import os
import socket
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path


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
