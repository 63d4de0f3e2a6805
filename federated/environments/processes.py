"""The processes of a federation on one machine: a server and its sites, each with its startup kit, as hospitals would start them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

END_S = 15.0
ORGANISATION = "here"

SERVER = "nvflare.private.fed.app.server.server_train"
CLIENT = "nvflare.private.fed.app.client.client_train"


@dataclass
class Processes:
    """Running processes, each with a process group of its own, so that a site ends with everything that it has started.

    Attributes:
        environment: of each of them.
        logs: folder for what they print.
        running: by name.
    """

    environment: Mapping[str, str]
    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_server(self, kit: Path) -> None:
        """Start the server of a startup kit."""
        self._start(kit, SERVER, "fed_server.json", [])

    def start_site(self, kit: Path) -> None:
        """Start the site of a startup kit."""
        self._start(kit, CLIENT, "fed_client.json", [f"uid={kit.name}"])

    def kill(self, name: str) -> None:
        """End one of them at once, with all that it has started, as a power cut would."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(END_S)

    def end(self) -> None:
        """End all of them."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in self.running.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, how)
            if how is signal.SIGTERM:
                for process in self.running.values():
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(END_S / max(1, len(self.running)))
        for process in self.running.values():
            process.wait(END_S)
        self.running.clear()

    def _start(self, kit: Path, module: str, config: str, more: list[str]) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        (kit / "transfer").mkdir(exist_ok=True)
        settings = ["secure_train=true", *more, f"org={ORGANISATION}", "config_folder=config"]
        with (self.logs / f"{kit.name}.log").open("ab") as log:
            self.running[kit.name] = subprocess.Popen(
                [sys.executable, "-u", "-m", module, "-m", str(kit), "-s", config, "--set", *settings],
                cwd=kit,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
            )


@contextlib.contextmanager
def processes(environment: Mapping[str, str], logs: Path) -> Iterator[Processes]:
    """Processes that end with this context, however it ends."""
    started = Processes(environment, logs)
    try:
        yield started
    finally:
        started.end()
