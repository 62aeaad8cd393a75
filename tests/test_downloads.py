import doctest
import socket

import pytest

from tfgan_zoo import downloads, errors
from tfgan_zoo.downloads import check_online, fetch


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


def test_a_file_that_differs_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "check_online", lambda url: None)
    source, path = tmp_path / "there", tmp_path / "cache" / "here"
    source.write_bytes(b"abc")

    def difference(file):
        return "" if file.read_bytes() == b"abc" else "another file"

    fetch(source.as_uri(), path, difference)
    assert path.read_bytes() == b"abc"
    source.write_bytes(b"ab")
    with pytest.raises(OSError, match="got another file"):
        fetch(source.as_uri(), path, difference)
    assert [each.name for each in path.parent.iterdir()] == ["here"]
    assert path.read_bytes() == b"abc"
