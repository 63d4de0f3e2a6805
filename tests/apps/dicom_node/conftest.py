"""A log to read, and queues whose analysis and destination are plain functions."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from empty_findings import empty_findings

from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.study_queue import StudyQueue


class ReadableLog(JsonLog):
    def __init__(self) -> None:
        self.text = io.StringIO()
        super().__init__(self.text)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]

    def names(self) -> list[str]:
        return [event["event"] for event in self.events()]


@pytest.fixture
def log() -> ReadableLog:
    return ReadableLog()


@pytest.fixture
def open_queue(tmp_path: Path, log: ReadableLog) -> Iterator[Callable[[], StudyQueue]]:
    """``open_queue()``: the queue of one folder, opened anew as after a start; the one opened before is closed as if its node had died."""
    opened: list[StudyQueue] = []

    def start() -> StudyQueue:
        for queue in opened:
            queue.close()
        opened.append(StudyQueue(tmp_path / "queue", log))
        return opened[-1]

    yield start
    for queue in opened:
        queue.close()


@pytest.fixture
def queue(open_queue: Callable[[], StudyQueue]) -> StudyQueue:
    return open_queue()


@pytest.fixture(scope="session")
def findings_of_day() -> Callable[[str | None], str]:
    """``findings_of_day("2025-03-01")``: the text of a valid ``findings.json`` without nodules."""
    return lambda day: json.dumps(empty_findings(day))
