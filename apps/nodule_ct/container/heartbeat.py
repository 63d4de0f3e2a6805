"""A sign of life that the application leaves and the health check reads."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

FRESH_S = 60.0
"""The supervisor beats every second. A minute without a beat means that the process is stuck or starved."""


@dataclass(frozen=True)
class Heartbeat:
    """The last beat.

    Attributes:
        step: what was going on.
        age_s: seconds since then.
    """

    step: str
    age_s: float


def _file() -> Path:
    return Path(tempfile.gettempdir()) / f"nodulescope-{os.getuid()}.heartbeat"


def beat(step: str) -> None:
    """Note that the process lives. Where no file can be made, there is no sign of life, and nothing else changes."""
    try:
        beside = _file().with_suffix(".part")
        beside.write_text(json.dumps({"step": step, "moment": time.monotonic()}), encoding="utf-8")
        beside.replace(_file())
    except OSError:
        return


def last_beat() -> Heartbeat | None:
    """The last beat; None if there was none."""
    try:
        noted = json.loads(_file().read_text(encoding="utf-8"))
        return Heartbeat(str(noted["step"]), max(0.0, time.monotonic() - float(noted["moment"])))
    except (OSError, KeyError, TypeError, ValueError):
        return None


def fall_silent() -> None:
    """Remove the sign of life: the process ends."""
    try:
        _file().unlink(missing_ok=True)
    except OSError:
        return
