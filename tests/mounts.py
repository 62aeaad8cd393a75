"""File systems of their own, for tests that run as root."""

import contextlib
import os
import subprocess

import pytest


@contextlib.contextmanager
def mounted(path, *arguments):
    """Mounts something at a path for a while; skips the test where that is not allowed."""
    mount = ["mount", *arguments, str(path)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is for root, and not allowed everywhere")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)
