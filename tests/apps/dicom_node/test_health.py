from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from nodulescope.apps.dicom_node.health import HealthServer
from nodulescope.bundles.errors import UsageError

STATE: dict[str, Any] = {"problems": [], "queue": {"waiting": 2}}


@pytest.fixture
def server() -> Iterator[HealthServer]:
    one = HealthServer("127.0.0.1", 0, lambda: STATE)
    one.start()
    yield one
    one.stop()


def ask(server: HealthServer, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_state_is_told_and_a_problem_shows_in_the_status(server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(server, "/health") == (200, STATE)
    monkeypatch.setitem(STATE, "problems", ["the disk is full"])
    assert ask(server, "/health") == (503, STATE)


def test_nothing_else_is_served(server: HealthServer) -> None:
    assert ask(server, "/../etc/passwd")[0] == ask(server, "/")[0] == 404


def test_a_port_in_use_is_told(server: HealthServer) -> None:
    with pytest.raises(UsageError, match=f"port {server.port}: cannot be listened on"):
        HealthServer("127.0.0.1", server.port, lambda: STATE)
