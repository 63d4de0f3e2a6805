"""Building the image with the engine that is there: Docker or Podman."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError, UsageError

ENGINES = ("docker", "podman")

EXPLAINING_LINES = 3
"""So much of what an engine wrote last is told when a build fails."""


@dataclass(frozen=True)
class Build:
    """One build of the image.

    Attributes:
        engine: name or path of the program.
        context: the build context.
        tag: name of the image.
        base_image: instead of the Dockerfile's own.
        offline: without a network: the context has all wheels.
        build_arguments: further ``NAME=VALUE``, for example a proxy.
    """

    engine: str
    context: Path
    tag: str
    base_image: str | None = None
    offline: bool = False
    build_arguments: Sequence[str] = ()

    @property
    def command(self) -> list[str]:
        """Program and arguments."""
        arguments = [*([f"BASE_IMAGE={self.base_image}"] if self.base_image else []), *self.build_arguments]
        return [
            self.engine,
            "build",
            *(["--format", "docker"] if self._is_podman else []),  # the OCI format has no health check
            *(["--network=none"] if self.offline else []),
            *(word for argument in arguments for word in ("--build-arg", argument)),
            "--tag",
            self.tag,
            str(self.context),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        """Older Docker engines know ``RUN --mount`` only when asked."""
        return {} if self._is_podman else {"DOCKER_BUILDKIT": "1"}

    @property
    def _is_podman(self) -> bool:
        return Path(self.engine).name.startswith("podman")


def find_engine(named: str | None = None) -> str:
    """The program that builds.

    Args:
        named: a person's choice; None takes Docker, or else Podman.

    Raises:
        UsageError: it is not installed.
    """
    found = next((path for name in ([named] if named else ENGINES) if (path := shutil.which(name))), None)
    if found is None:
        raise UsageError(
            f"{named or ' and '.join(ENGINES)}: not installed; without --build the context is written, and it can be built elsewhere"
        )
    return found


def build_image(build: Build, *, shown: bool) -> None:
    """Build the image. What the engine says goes to standard error.

    Args:
        build: what to build.
        shown: False keeps it to itself, unless the build fails.

    Raises:
        NodulescopeError: the build failed; the message holds the engine's last words.
    """
    surroundings = os.environ | build.environment
    with subprocess.Popen(build.command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        last: list[str] = []
        for line in process.stdout or ():
            if shown:
                os.write(2, line.encode())
            last = [*last, line.strip()][-EXPLAINING_LINES:] if line.strip() else last
    if process.returncode:
        raise NodulescopeError(f"{build.engine} build ended with exit status {process.returncode}: {' / '.join(last)[-600:]}")
