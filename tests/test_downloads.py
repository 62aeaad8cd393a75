import doctest
import socket

import pytest

from tfgan_zoo import errors
from tfgan_zoo.downloads import check_online


def test_unreachable_is_found_at_once(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(socket.gaierror):
        check_online("https://nowhere.invalid/file.h5")


def test_hosts_with_a_port_are_found_at_it(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check_online(f"http://127.0.0.1:{port}/file.h5")
    with pytest.raises(ConnectionRefusedError):
        check_online(f"http://127.0.0.1:{port}/file.h5")


def test_first_line_of_an_error():
    assert errors.first_line(OSError("x" * 300)) == f"OSError: {'x' * 200}..."
    assert errors.first_line(KeyError()) == "KeyError: "
    result = doctest.testmod(errors)
    assert result.attempted
    assert not result.failed
