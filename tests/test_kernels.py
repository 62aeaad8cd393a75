"""Which kernels TensorFlow has on CPUs."""

import os
import platform
import subprocess
import sys

import pytest
from tensorflow.python.util import _pywrap_util_port

x86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN is preferred on x86 CPUs"
)


@x86
@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("0", "0"), ("1", "1")])
def test_importing_the_package_prefers_onednn_unless_it_is_turned_off(given, expected):
    environment = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    environment |= {} if given is None else {"TF_ENABLE_ONEDNN_OPTS": given}
    program = "import os, tfgan_zoo; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == expected


@x86
def test_tests_run_with_the_kernels_of_the_commands():
    wanted = os.environ["TF_ENABLE_ONEDNN_OPTS"] not in ("0", "false")
    assert _pywrap_util_port.IsMklEnabled() == wanted
