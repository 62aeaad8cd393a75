"""A headless Chromium, controlled through its DevTools pipe, without a driver or network."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Page:
    """One tab.

    Attributes:
        said: Errors on the page: exceptions, blocked loads, console errors.
        requested: Requested URLs.
    """

    def __init__(self, to_browser, from_browser):
        self._to, self._from = to_browser, from_browser
        self._numbers = itertools.count(1)
        self._session = None
        self._loaded = False
        self.said, self.requested = [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Calls a method of the DevTools protocol and returns its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self._note(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _read(self):
        data = bytearray()
        while not data.endswith(b"\0"):
            block = self._from.readline1()
            assert block, "the browser ended"
            data += block
        return json.loads(data[:-1])

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.said.append(params["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.said.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.said.append(str(params["args"]))

    def open(self, path, width=1200, height=900, dark=False, script=True):
        """Loads a file."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self._loaded = False
        self.call("Page.navigate", url=path.as_uri())
        while not self._loaded:
            self._note(self._read())

    def value(self, expression):
        """Returns the value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def screenshot(self, path, whole=True):
        """Writes a PNG of the page."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(taken["data"]))


class _Reader:
    def __init__(self, descriptor):
        self._descriptor, self._rest = descriptor, b""

    def readline1(self):
        """Reads up to and including the next zero byte."""
        while b"\0" not in self._rest:
            block = os.read(self._descriptor, 1 << 16)
            if not block:
                return b""
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\0")
        return line + b"\0"


@contextlib.contextmanager
def opened(folder):
    """Yields a `Page` of a browser that is closed at the end of the block.

    Args:
        folder: Folder for the browser's data.
    """
    to_browser, own_write = os.pipe()
    own_read, from_browser = os.pipe()

    def inherit():
        # Chromium expects the pipe on descriptors 3 and 4; copies first, as these may be in use.
        read, write = os.dup(to_browser), os.dup(from_browser)
        os.dup2(read, 3)
        os.dup2(write, 4)

    process = subprocess.Popen(
        [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            f"--user-data-dir={folder}",
            "--remote-debugging-pipe",
        ],
        preexec_fn=inherit,
        close_fds=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Page(own_write, _Reader(own_read))
    finally:
        os.close(own_write)
        os.close(own_read)
        process.terminate()
        process.wait(20)
