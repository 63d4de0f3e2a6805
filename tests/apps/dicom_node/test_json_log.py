from __future__ import annotations

import io
import json
from datetime import datetime

from nodulescope.apps.dicom_node.json_log import JsonLog


def test_each_event_is_one_line_of_json() -> None:
    stream = io.StringIO()
    log = JsonLog(stream)
    log.info("study.complete", study="ab", images=3)
    log.error("study.failed", error="two\nlines")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {"level": "info", "event": "study.complete", "study": "ab", "images": 3}
    assert (second["level"], second["error"]) == ("error", "two\nlines")


def test_quiet_leaves_the_errors() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, quiet=True)
    log.info("echo")
    log.error("study.failed")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["study.failed"]
