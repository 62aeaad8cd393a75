"""Where files go that can be had again: downloads, and statistics of data."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Returns `$TFGAN_ZOO_CACHE`, or else `~/.cache/tfgan_zoo`; it need not be there yet."""
    return Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser()
