"""The node's log: one JSON object a line, with nothing in it that names a patient."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import IO, Any


class JsonLog:
    """Writes events as JSON lines; safe to use from several threads.

    Callers pass only what is theirs to tell: keys of studies, AE titles, addresses, counts, durations, and one-line errors of nodulescope
    (which name no patient). No text of a DICOM object and no message of a library belongs here.

    Args:
        stream: where the lines go.
        quiet: write errors only.
    """

    def __init__(self, stream: IO[str], *, quiet: bool = False) -> None:
        self._stream, self._quiet = stream, quiet
        self._lock = threading.Lock()

    def info(self, event: str, **fields: Any) -> None:
        """Something went as it should."""
        if not self._quiet:
            self._write("info", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something that a person has to look at, or that will be tried again."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        line = json.dumps({"time": now(), "level": level, "event": event, **fields}, ensure_ascii=True)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


def now() -> str:
    """The present moment, UTC, as ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
