"""The MONAI Label server as a process: started offline, watched until it answers, ended with the one that started it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from nodulescope.apps.nodule_label.environment import python_of
from nodulescope.apps.nodule_label.state_folder import StateFolder
from nodulescope.bundles.errors import NodulescopeError, UsageError

STARTS_WITHIN_S = 300.0
"""For something that takes ten seconds: the machine may be busy, and a folder may hold many DICOM series to convert."""

ENDS_WITHIN_S = 20.0


@dataclass(frozen=True)
class ServerSettings:
    """How the server runs.

    Attributes:
        studies: folder, or address of a DICOMweb service.
        state: versions, labels, logs.
        environment: folder of the server's own Python.
        host: address to listen on.
        port: likewise.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        bundles: stage to folder, for the stages whose bundle is replaced.
        scores: whether unlabelled scans are scored in the background, for the strategies.
    """

    studies: str
    state: StateFolder
    environment: Path
    host: str = "127.0.0.1"
    port: int = 8000
    device: str = "auto"
    bundles: Mapping[str, Path] = field(default_factory=dict)
    scores: bool = True

    @property
    def address(self) -> str:
        """Where a client on this machine finds the server."""
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.state.root / "server.log"


def server_command(settings: ServerSettings, app: Path) -> list[str]:
    """The command that starts MONAI Label.

    Args:
        settings: how.
        app: a folder that holds ``main.py``; MONAI Label writes into it.
    """
    conf = {"state": str(settings.state.root), "device": settings.device, **{s: str(f.absolute()) for s, f in settings.bundles.items()}}
    words = [
        str(python_of(settings.environment)),
        "-m",
        "monailabel.main",
        "start_server",
        "--app",
        str(app),
        "--studies",
        settings.studies,
    ]
    words += ["--host", settings.host, "--port", str(settings.port), "--conf", "zoo_source", "local"]
    return words + [word for key, value in conf.items() for word in ("--conf", key, value)]


def server_environment(settings: ServerSettings) -> dict[str, str]:
    """Environment variables of the server's process: nothing is downloaded, nothing is kept outside of the state folder."""
    own = {
        "MONAI_LABEL_AUTO_UPDATE_SCORING": str(settings.scores).lower(),
        "MONAI_LABEL_SESSION_PATH": str(settings.state.root / "sessions"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": "",  # MONAI Label adds to it, and expects it to be there
    }
    return {**os.environ, **own}


@contextmanager
def running_server(settings: ServerSettings) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server and wait until it answers; it ends with the block.

    Yields:
        Its process.

    Raises:
        UsageError: the port is taken.
        NodulescopeError: it does not start; the message has the last line of its log.
    """
    if not _is_free(settings):
        raise UsageError(f"--port {settings.port}: another program listens there; choose another port")
    app = settings.state.root / "app"
    app.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(str(files("nodulescope.apps.nodule_label") / "main.py"), app / "main.py")
    with settings.log.open("wb") as log:
        process = subprocess.Popen(
            server_command(settings, app),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=server_environment(settings),
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(settings, process)
        yield process
    finally:
        _end(process)


def ask_info(settings: ServerSettings) -> dict[str, Any] | None:
    """What the server says of itself; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"{settings.address}/info/", timeout=30) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def _is_free(settings: ServerSettings) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return False
    return True


def _wait_until_it_answers(settings: ServerSettings, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while ask_info(settings) is None:
        if process.poll() is not None:
            lines = settings.log.read_text(encoding="utf-8", errors="replace").split("\n")
            told = next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")
            raise NodulescopeError(f"the label server ended ({told[-200:]}); {settings.log} has all of it")
        if time.monotonic() > deadline:
            raise NodulescopeError(
                f"the label server does not answer at {settings.address} after {STARTS_WITHIN_S:.0f} s; see {settings.log}"
            )
        time.sleep(0.5)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server with the trainings that it started."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, stop)
            process.wait(ENDS_WITHIN_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
