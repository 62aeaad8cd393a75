"""What is shown of what takes a while."""

import fcntl
import io
import os
import pty
import struct
import sys
import termios

import pytest

from tfgan_zoo import progress


@pytest.fixture
def terminal():
    """Returns a function that opens a terminal of so many columns for standard error."""
    opened = []

    def of_columns(number):
        screen, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, number, 0, 0))
        opened.extend([os.fdopen(screen, "rb"), os.fdopen(slave, "w")])
        return opened[-1]

    yield of_columns
    for file in reversed(opened):
        file.close()


@pytest.mark.parametrize(("columns", "expected"), [(80, True), (0, False)])
def test_a_terminal_of_no_columns_has_no_room_for_a_bar(terminal, monkeypatch, columns, expected):
    file = terminal(columns)
    monkeypatch.setattr(sys, "stderr", file)
    assert progress.on_terminal() is expected


@pytest.fixture
def at_once(monkeypatch):
    """Shows what takes any time at all."""
    monkeypatch.setattr(progress, "QUIET", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)


def shown(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress.bar("abc", "folder:x", 3, "images")) == ["a", "b", "c"]
    return stream.getvalue().splitlines()


def test_a_run_prints_lines_where_there_is_no_terminal(monkeypatch, at_once):
    with progress.progress_lines():
        first, second = shown(monkeypatch)
    assert first.startswith("folder:x: 1 of 3 images  ")
    assert second.startswith("folder:x: 2 of 3 images  ")
    assert second.endswith(" left")


def test_a_pipeline_prints_no_lines(monkeypatch, at_once):
    assert shown(monkeypatch) == []


def test_what_is_short_stays_quiet(monkeypatch):
    with progress.progress_lines():
        assert shown(monkeypatch) == []
