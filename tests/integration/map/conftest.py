"""An image, built by a Docker engine of the test's own: its socket, images and process ID lie in one folder, and it has no network."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from nodulescope.apps.cli.main import run
from nodulescope.apps.nodule_ct.packaging.lock import read_lock

NoEngine = Callable[[str], NoReturn]

IMAGE, BASE = "nodulescope:test", "nodulescope-base:test"

PACKAGES = {"dockerd": "docker.io", "containerd": "containerd", "runc": "runc", "mmdebstrap": "mmdebstrap"}
"""Debian packages of programs."""

CLIENT = "/usr/bin/docker"
"""Of the same package as the engine: a newer client without its buildx plug-in cannot build with BuildKit."""

START_PATIENCE_S = 120.0
STOP_PATIENCE_S = 60.0

LOCKED_DOWN = ("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")


class ContainerEngine:
    """An engine that runs until :meth:`stop`."""

    def __init__(self, folder: Path, no_engine: NoEngine) -> None:
        self.folder, self._no_engine = folder, no_engine
        self._socket = f"unix://{folder / 'docker.sock'}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or skip the test with the reason why it cannot."""
        missing = [name for name in PACKAGES if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
        if missing or not Path(CLIENT).exists():
            pytest.skip(f"{', '.join(missing) or CLIENT} not installed (Debian package {PACKAGES[(missing or ['dockerd'])[0]]})")
        if os.geteuid():
            self._no_engine("not root")
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        options = [f"--{option}={self.folder / name}" for option, name in places.items()]
        options += [f"--{name}=false" for name in ("iptables", "ip6tables", "ip-forward", "ip-masq")]
        command = ["/usr/sbin/dockerd", "-H", self._socket, "--bridge=none", "--storage-driver=overlay2", *options]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_PATIENCE_S
        while self.docker("version", check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                lines = (self.folder / "log").read_text(errors="replace").splitlines()
                self._no_engine(lines[-1][-300:] if lines else "it said nothing")
            time.sleep(0.2)

    def require_containers(self, image: str) -> None:
        """Skip where an engine starts but may not start a container: machines that are containers themselves are like that."""
        trial = self.docker("run", "--rm", "--network=none", image, "true", check=False)
        if trial.returncode:
            self._no_engine((trial.stderr.strip().splitlines() or ["it said nothing"])[-1][-300:])

    def stop(self) -> None:
        """Stop the engine and every container of it."""
        if self._process is None:
            return
        if self._process.poll() is None:
            for container in self.docker("ps", "--quiet", "--all", check=False).stdout.split():
                self.docker("rm", "--force", container, check=False)
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_PATIENCE_S)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
        self._process = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to reach it."""
        return os.environ | {"DOCKER_HOST": self._socket, "PATH": f"{Path(CLIENT).parent}:{os.environ['PATH']}"}

    def docker(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the client."""
        command = [CLIENT, *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done

    def run(
        self, image: str, *arguments: str, volumes: dict[str, Path] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a container locked down as the guide says, as the user that the image names, and remove it."""
        return self.docker("run", "--rm", *self._options(volumes, environment), image, *arguments, check=False)

    def begin(self, image: str, volumes: dict[str, Path], **environment: str) -> str:
        """Start a container in the background; returns its ID."""
        return self.docker("run", "--detach", *self._options(volumes, environment), image).stdout.strip()

    def inspect(self, what: str) -> Any:
        """What the engine knows of an image or container."""
        return json.loads(self.docker("inspect", what).stdout)[0]

    @staticmethod
    def _options(volumes: dict[str, Path] | None, environment: dict[str, str]) -> list[str]:
        mounts = [f"--volume={source}:{target}" for target, source in (volumes or {}).items()]
        # Sums of floating-point numbers depend on how many threads share them: inside and outside have to have the same number.
        threads = {name: os.environ[name] for name in ("OMP_NUM_THREADS",) if name in os.environ}
        return [*LOCKED_DOWN, *mounts, *(f"--env={name}={value}" for name, value in (threads | environment).items())]


@dataclass(frozen=True)
class Package:
    """An image, and the context that it was built from."""

    engine: ContainerEngine
    context: Path
    image: str = IMAGE
    base: str = BASE

    @property
    def study(self) -> Path:
        """The DICOM series of the phantom."""
        return self.context / "self-test" / "dicom"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, no_engine: NoEngine) -> Iterator[ContainerEngine]:
    folder = tmp_path_factory.mktemp("engine")
    one = ContainerEngine(folder, no_engine)
    try:
        one.start()
        yield one
    finally:
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)  # gigabytes


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the lock, as the guide says to get them."""
    folder = tmp_path_factory.mktemp("wheels")
    pins = "\n".join(f"{pin.name}=={pin.public_version}" for pin in read_lock("cpu"))
    (folder / "pins.txt").write_text(pins)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    subprocess.run([*pip, "--requirement", str(folder / "pins.txt")], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def package(engine: ContainerEngine, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """``nodulescope package --wheelhouse --build``, on a base of Debian."""
    folder = tmp_path_factory.mktemp("package")
    base = folder / "base.tar"
    slim = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "info", "locale", "man")]
    debian = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-venv", *slim, "bookworm", str(base)]
    subprocess.run(debian, check=True, capture_output=True)
    engine.docker("import", base, BASE)
    base.unlink()
    engine.require_containers(BASE)
    options = ["--wheelhouse", str(wheelhouse), "--build", "--tag", IMAGE, "--base-image", BASE, "--engine", "docker"]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DOCKER_HOST", "PATH"):
            patch.setenv(name, engine.environment[name])
        assert run(["--quiet", "package", "-o", str(folder / "context"), *options]) == 0
    return Package(engine, folder / "context")


@pytest.fixture(scope="module")
def expected(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``nodulescope analyze`` writes, outside of the image."""
    folder = tmp_path_factory.mktemp("expected")
    assert run(["--quiet", "analyze", str(package.study), "-o", str(folder)]) == 0
    return folder
