"""Real servers and senders on this machine: Orthanc as the PACS, the node in a process of its own, DCMTK's programs, small studies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.operators.dicom.ct_series import write_ct_series

PACKAGES = {"Orthanc": "orthanc", "openssl": "openssl"}
"""Debian packages of programs; all others are DCMTK's."""

PATIENT_NAME = "Unmistakable^Aurelia"
PATIENT_NUMBER = "471147114711"
"""Long enough not to occur by chance in a key, a UID or a duration."""

PATIENT_ID = f"PID-{PATIENT_NUMBER}-UNMISTAKABLE"
PATIENCE_S = 300.0
"""For something that takes seconds: machines that run these tests may be busy."""

ANALYSIS_PATIENCE_S = 1800.0
"""For a real analysis, which takes half a minute."""


NOTE_ARRIVALS = """
function ReceivedInstanceFilter(dicom, origin)
  local file = io.open("ARRIVALS", "a")
  file:write(dicom.SOPInstanceUID, string.char(10))
  file:close()
  return true
end
"""
"""Lua that Orthanc runs for each object before it stores it."""


def wait_until(holds: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience_s:.0f} s in vain until {what}")


def require_program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {PACKAGES.get(name, 'dcmtk')})")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Orthanc:
    """An Orthanc with a storage of its own, which notes every object that comes."""

    ae_title = "PACS"

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.port, self.http_port = free_port(), free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def destination(self) -> str:
        return f"{self.ae_title}@127.0.0.1:{self.port}"

    def start(self) -> None:
        configuration = {
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "HttpPort": self.http_port,
            "DicomPort": self.port,
            "DicomAet": self.ae_title,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowStore": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [],
            "LuaScripts": [str(self.folder / "arrivals.lua")],
            **self._options,
        }
        (self.folder / "arrivals.lua").write_text(NOTE_ARRIVALS.replace("ARRIVALS", str(self.folder / "arrivals")))
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(configuration))
        with (self.folder / "orthanc.log").open("ab") as log:
            self._process = subprocess.Popen([require_program("Orthanc"), str(file)], stdout=log, stderr=log)
        wait_until(self._answers, "Orthanc answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=30) as answer:
            return json.load(answer)

    def instances(self) -> list[str]:
        """SOP Instance UIDs of what is stored."""
        return sorted(i["MainDicomTags"]["SOPInstanceUID"] for i in self.ask("/instances?expand"))

    def tags(self, instance: str) -> dict[str, Any]:
        found = next(i for i in self.ask("/instances?expand") if i["MainDicomTags"]["SOPInstanceUID"] == instance)
        return dict(self.ask(f"/instances/{found['ID']}/simplified-tags"))

    def file(self, instance: str) -> bytes:
        """An object as a DICOM file."""
        found = next(i for i in self.ask("/instances?expand") if i["MainDicomTags"]["SOPInstanceUID"] == instance)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/instances/{found['ID']}/file", timeout=30) as answer:
            return bytes(answer.read())

    def store(self, content: bytes) -> None:
        """Put a DICOM file into it."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/instances", data=content, timeout=30) as answer:
            answer.read()

    def arrivals(self) -> Counter[str]:
        """How often each object has come, by its SOP Instance UID: storing one again changes nothing, so Orthanc itself does not tell."""
        file = self.folder / "arrivals"
        return Counter(file.read_text().splitlines() if file.exists() else [])

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, (self.folder / "orthanc.log").read_text()
        with suppress(urllib.error.URLError, ConnectionError):
            return bool(self.ask("/system"))
        return False


class NodeProcess:
    """A node that can be killed and started again on the same queue."""

    ae_title = "NODULESCOPE"

    def __init__(self, folder: Path, command: list[str], queue: Path, environment: dict[str, str]) -> None:
        self.queue, self._command, self._environment = queue, command, environment
        self._log_file, self._error_file = folder / "node.log", folder / "node.err"
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0
        self.last_health: dict[str, Any] = {}
        self.port = self.health_port = 0

    def start(self) -> None:
        self._read_from = len(self.log())
        with self._log_file.open("ab") as log, self._error_file.open("ab") as errors:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=errors, stdin=subprocess.DEVNULL, env=self._environment)
        ready = wait_until(self._ready, "the node is ready")
        self.port, self.health_port = ready["port"], ready["health_port"]

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> int:
        """Ask it to stop; returns its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=PATIENCE_S)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    @staticmethod
    def wait_until(holds: Callable[[], Any], what: str) -> Any:
        return wait_until(holds, what)

    def wait_until_done(self, studies: int = 1, patience_s: float = PATIENCE_S) -> None:
        """Wait until all is over and nothing is left anywhere."""
        others = ("receiving", "waiting", "working", "sending", "failed")
        wait_until(
            lambda: len(self.in_phase("done")) == studies and not any(self.in_phase(phase) for phase in others),
            f"{studies} studies are done and no other is left",
            patience_s,
        )

    def output(self) -> str:
        return self._log_file.read_text() + self._error_file.read_text() if self._log_file.exists() else ""

    def log(self) -> list[dict[str, Any]]:
        """What it has logged, those lines that are whole."""
        text = self._log_file.read_text() if self._log_file.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log() if line["event"] == name]

    def in_phase(self, phase: str) -> list[str]:
        """Keys of the studies in a phase."""
        return sorted(entry.name for entry in (self.queue / phase).iterdir())

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and content of the answer of ``/health``."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/health", timeout=30) as answer:
                status, self.last_health = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            status, self.last_health = error.code, json.load(error)
        return status, self.last_health

    def _ready(self) -> dict[str, Any] | None:
        assert self._process is not None and self._process.poll() is None, self.output()
        return next((line for line in self.log()[self._read_from :] if line["event"] == "node.ready"), None)


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, a certificate that it signed for 127.0.0.1, and one that a stranger signed for himself."""

    authority: Path
    certificate: Path
    key: Path
    stranger: Path
    strangers_key: Path

    @property
    def of_node(self) -> list[str]:
        return [str(file) for file in (self.certificate, self.key, self.authority)]


@pytest.fixture(scope="session")
def analysis_patience_s() -> float:
    """How long a test waits for a real analysis."""
    return ANALYSIS_PATIENCE_S


@pytest.fixture(scope="session")
def programs() -> Callable[[str], str]:
    """``programs("echoscu")``: where a program is; skips the test without it."""
    return require_program


@pytest.fixture
def orthanc_with(tmp_path: Path) -> Iterator[Callable[..., Orthanc]]:
    """``orthanc_with(**options)``: one that has not been started yet."""
    made: list[Orthanc] = []

    def make(**options: Any) -> Orthanc:
        require_program("Orthanc")
        folder = tmp_path / f"orthanc-{len(made)}"
        folder.mkdir()
        made.append(Orthanc(folder, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def orthanc(orthanc_with: Callable[..., Orthanc]) -> Orthanc:
    one = orthanc_with()
    one.start()
    return one


@pytest.fixture
def node_of(tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    """``node_of(command, queue)``: a node that has not been started yet, of any command."""
    made: list[NodeProcess] = []

    def make(command: list[str], queue: Path, **environment: str) -> NodeProcess:
        folder = tmp_path / f"node-{len(made)}"
        folder.mkdir()
        made.append(NodeProcess(folder, command, queue, os.environ | environment))
        return made[-1]

    yield make
    for one in made:
        told = one.output() + json.dumps(one.last_health)
        one.stop()
        sys.stdout.write(told)  # pytest shows it when the test has failed
        assert not [secret for secret in ("Unmistakable", "Aurelia", PATIENT_NUMBER, "Phantom^") if secret.lower() in told.lower()]


@pytest.fixture
def light_node(tmp_path: Path, node_of: Callable[..., NodeProcess]) -> Callable[..., NodeProcess]:
    """``light_node(destination, **settings)``: a node that has not been started yet and analyses in a second."""

    def make(destination: str, **settings: Any) -> NodeProcess:
        queue = tmp_path / "queue"
        file = tmp_path / "settings.json"
        usual = {"address": "127.0.0.1", "port": 0, "health_port": 0, "quiet_period_s": 1.0}
        file.write_text(json.dumps({"queue": str(queue), "destination": destination, **usual, **settings}))
        return node_of([sys.executable, str(Path(__file__).with_name("light_node.py")), str(file)], queue)

    return make


@pytest.fixture
def send() -> Callable[..., int]:
    """``send(node, *files_or_folders, options=...)``: DCMTK's storescu; returns its exit status."""
    program = require_program("storescu")

    def run(node: NodeProcess, *what: Path, options: tuple[str, ...] = (), caller: str = "CT1") -> int:
        files = [str(file) for one in what for file in (sorted(one.iterdir()) if one.is_dir() else [one])]
        command = [program, "-aet", caller, "-aec", node.ae_title, *options, "127.0.0.1", str(node.port), *files]
        return subprocess.run(command, capture_output=True, text=True, check=False).returncode

    return run


@pytest.fixture
def send_until_taken(send: Callable[..., int]) -> Callable[..., threading.Thread]:
    """``send_until_taken(node, folder)``: in the background, and again whenever it failed, as a PACS does."""

    def begin(node: NodeProcess, folder: Path) -> threading.Thread:
        def run() -> None:
            while send(node, folder):
                time.sleep(0.3)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    return begin


@pytest.fixture(scope="session")
def make_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_study(number, slices=12)``: the folder of a small CT; each number is another patient."""

    def make(number: int, slices: int = 12, **header: Any) -> Path:
        shape = (48, 40, slices)
        hu = np.where(np.indices(shape)[0] % 24 < 12, -850.0, 40.0) + number
        affine = np.diag([5.0, 5.0, 5.0, 1.0])
        folder = tmp_path_factory.mktemp("study")
        identity = {"patient_id": f"{PATIENT_ID}-{number}", "patient_name": f"{PATIENT_NAME}{number}", "seed": str(number)}
        write_ct_series(CTVolume(hu.astype(np.float32), affine, CTSource("phantom")), folder, **identity, **header)
        return folder

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made by openssl."""
    program, folder = require_program("openssl"), tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl("req", "-x509", *new_key, "-subj", "/CN=Hospital CA", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *new_key[:3], "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr")
    (folder / "names.cnf").write_text("subjectAltName=IP:127.0.0.1\n")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names.cnf")
    openssl("x509", "-req", "-in", "node.csr", *signing, "-out", "node.pem")
    openssl("req", "-x509", *new_key, "-subj", "/CN=Stranger", "-keyout", "stranger.key", "-out", "stranger.pem")
    return Certificates(*(folder / name for name in ("ca.pem", "node.pem", "node.key", "stranger.pem", "stranger.key")))
