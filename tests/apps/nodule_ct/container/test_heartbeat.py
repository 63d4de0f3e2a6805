from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container import heartbeat
from nodulescope.apps.nodule_ct.container.heartbeat import beat, fall_silent, last_beat


def test_a_beat_is_read_until_the_process_falls_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat.tempfile, "tempdir", str(tmp_path))
    now = [100.0]
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: now[0])
    assert last_beat() is None
    beat("nodule_detection")
    now[0] = 107.5
    assert last_beat() == heartbeat.Heartbeat("nodule_detection", 7.5)
    assert len(list(tmp_path.iterdir())) == 1
    fall_silent()
    assert last_beat() is None
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat.tempfile, "tempdir", "/proc")
    beat("reading")
    fall_silent()
    assert last_beat() is None
