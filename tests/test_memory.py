"""Sizes in bytes, the memory of a machine, and that of a process."""

import os
import subprocess
import sys

import pytest

from tfgan_zoo import memory
from tfgan_zoo.errors import InputError
from tfgan_zoo.memory import parse_bytes


@pytest.mark.parametrize(
    ("value", "found"),
    [("4GB", 4 * 10**9), ("1.5 GiB", 3 * 2**29), ("512mb", 512 * 10**6), ("10k", 10**4), (7, 7)],
)
def test_sizes_are_read(value, found):
    assert parse_bytes("memory", value) == found


@pytest.mark.parametrize("value", ["", "GB", "4 apples", "-4GB", 0, 1.5, "4i"])
def test_other_sizes_are_refused(value):
    with pytest.raises(InputError, match="memory: expected a size such as '4GB'"):
        parse_bytes("memory", value)


def test_a_machine_has_no_more_than_its_pages():
    assert 0 < memory.machine_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_the_memory_of_a_job_is_that_of_its_control_group(tmp_path):
    """As a batch system limits it: in a group above that of the process."""
    (tmp_path / "cgroup").write_text("3:cpu:/x\n2:rdma,memory:/jobs/7/step\n0::/jobs/7/step\n")
    files = [str(f.relative_to(tmp_path)) for f in memory._limits(tmp_path / "cgroup", tmp_path)]
    assert files[:2] == ["memory.max", "memory/memory.limit_in_bytes"]
    assert {"jobs/7/memory.max", "memory/jobs/7/memory.limit_in_bytes"} <= set(files)
    assert not any("x" in file.split("/") for file in files)
    assert len(list(memory._limits(tmp_path / "missing", tmp_path))) == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_peak_of_a_process_is_its_own():
    """Not that of the process that started it."""
    held = bytearray(300_000_000)
    code = "from tfgan_zoo import memory; print(memory.resident_bytes(), memory.peak_bytes())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    now, peak = map(int, told.stdout.split())  # in this order, as it may still grow
    assert 5_000_000 < now <= peak < len(held) < memory.peak_bytes()
    assert memory.resident_bytes(os.getpid()) > len(held)


def test_a_process_that_has_ended_holds_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert memory.resident_bytes(process.pid) == 0
