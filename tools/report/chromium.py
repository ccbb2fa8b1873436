"""A headless Chromium over a pipe: the DevTools protocol with nothing but the standard library."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

# A browser that says nothing for so long is stuck, however busy the machine is.
PATIENCE_SECONDS = 300


class Missing(Exception):
    """There is no Chromium."""


def program() -> str:
    """The path of Chromium."""
    found = shutil.which("chromium")
    if found:
        return found
    raise Missing("chromium is missing (needed for make report-test); get it with: apt-get install --no-install-recommends chromium")


class Chromium:
    """One browser process; use it with `with`."""

    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="report-test-")
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        arguments = [program(), "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
                     "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--hide-scrollbars", "--force-device-scale-factor=1", f"--user-data-dir={self._profile.name}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium refuses to sandbox what root runs.

        def adopt():
            # The protocol's two ends are 3 and 4; both come from above so that neither overwrites the other.
            reading, writing = os.dup(commands), os.dup(answers)
            reading, writing = (os.dup(fd) if fd in (3, 4) else fd for fd in (reading, writing))
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self._process = subprocess.Popen(arguments, preexec_fn=adopt, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self._buffer = b""
        self._number = 0
        self.events: list[dict] = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self._process.wait(timeout=20)
        except (OSError, EOFError, subprocess.TimeoutExpired, TimeoutError):
            self._process.kill()
            self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """The answer to one command; events that come meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") != self._number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error'].get('message')}")
            else:
                return answer["result"]

    def wait_for(self, method: str, session: str) -> None:
        """Until an event of this name has come since the events were last cleared."""
        seen = 0
        while True:
            if any(event.get("method") == method and event.get("sessionId") == session for event in self.events[seen:]):
                return
            seen = len(self.events)
            self.events.append(self._read())

    def _read(self) -> dict:
        end = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("chromium does not answer")
            data = os.read(self._answers, 1 << 20)
            if not data:
                raise EOFError("chromium ended")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)


class Tab:
    """A page opened in a window of one size and colour scheme."""

    def __init__(self, browser: Chromium, url: str, width: int, height: int, scheme: str):
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._target = target
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])
        browser.events.clear()
        self.call("Page.navigate", url=url)
        browser.wait_for("Page.loadEventFired", self._session)

    def call(self, method: str, **parameters) -> dict:
        """One command to the page."""
        return self._browser.call(method, self._session, **parameters)

    def evaluate(self, expression: str):
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description") or str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """One key, down and up."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **({"text": text} if text and kind == "keyDown" else {}))

    def screenshot(self, path: str, full: bool = True) -> None:
        """A picture of the whole page, or of the window."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        with open(path, "wb") as stream:
            stream.write(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """Errors and warnings of scripts and of the browser since the page was opened."""
        found = []
        for event in self._own():
            parameters = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details.get("text", "an exception"))
            elif event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                found.append(" ".join(str(argument.get("description") or argument.get("value")) for argument in parameters["args"]))
            elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Everything the page asked for since it was opened, itself included."""
        return [event["params"]["request"]["url"] for event in self._own() if event["method"] == "Network.requestWillBeSent"]

    def close(self) -> None:
        """Closes the page."""
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _own(self) -> list[dict]:
        return [event for event in self._browser.events if event.get("sessionId") == self._session and "method" in event]
