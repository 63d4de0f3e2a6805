"""Where things lie inside the image, by the conventions of MONAI Deploy and of Holoscan Application Packages 1.0.

An environment variable of the same name wins, as the MAP specification has it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

PLACES: Mapping[str, str] = {
    "HOLOSCAN_INPUT_PATH": "/var/holoscan/input",
    "HOLOSCAN_OUTPUT_PATH": "/var/holoscan/output",
    "HOLOSCAN_WORKDIR": "/var/holoscan",
    "HOLOSCAN_MODEL_PATH": "/opt/holoscan/models",
    "HOLOSCAN_APPLICATION": "/opt/holoscan/app",
    "HOLOSCAN_CONFIG_PATH": "/var/holoscan/app.yaml",
    "HOLOSCAN_DOCS_PATH": "/opt/holoscan/docs",
    "HOLOSCAN_LOGS_PATH": "/var/holoscan/logs",
    "HOLOSCAN_APP_MANIFEST_PATH": "/etc/holoscan/app.json",
    "HOLOSCAN_PKG_MANIFEST_PATH": "/etc/holoscan/pkg.json",
}
"""Environment variable to its value in the image."""

EXPORT = Path("/var/run/holoscan/export")
"""Where ``extract`` writes: a folder of the host that is mounted there."""

SELF_TEST = Path("/opt/holoscan/self-test")
"""The phantom study, beside its truth."""

SCRATCH = (Path("/tmp"), Path("/dev/shm"))
"""Folders that may be writable where all else is read-only; engines mount the second even then."""


def place(variable: str) -> Path:
    """The path that an environment variable gives, or the image's own.

    Args:
        variable: one of :data:`PLACES`.
    """
    return Path(os.environ.get(variable) or PLACES[variable])


def scratch_folder() -> Path | None:
    """The first folder in which a file can be made: ``TMPDIR``, ``/tmp``, ``/dev/shm``, the output folder; None if there is none."""
    candidates = [*([Path(os.environ["TMPDIR"])] if os.environ.get("TMPDIR") else []), *SCRATCH, place("HOLOSCAN_OUTPUT_PATH")]
    return next((folder for folder in candidates if _takes_a_file(folder)), None)


def _takes_a_file(folder: Path) -> bool:
    # Asking for permissions is not enough: a read-only mount grants them and refuses the file.
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
