"""SHA-256 of files, by which those that were replaced or damaged are recognised."""

import hashlib
import zipfile
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_of(path: Path) -> tuple[int, str]:
    """Returns the number of bytes and the SHA-256 of a file of weights.

    Of a `.keras` file these are what is in it without its date, so that the same network saved
    twice has the same hash.
    """
    if not zipfile.is_zipfile(path):
        return path.stat().st_size, sha256_of(path)
    digest, size = hashlib.sha256(), 0
    with zipfile.ZipFile(path) as archive:
        for part in sorted(archive.namelist()):
            if part != "metadata.json":  # the date
                content = archive.read(part)
                digest.update(part.encode() + content)
                size += len(content)
    return size, digest.hexdigest()
