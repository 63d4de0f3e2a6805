from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from label_client import free_port

from nodulescope.apps.nodule_label.server import ServerSettings, running_server, server_command, server_environment
from nodulescope.apps.nodule_label.state_folder import StateFolder
from nodulescope.bundles.errors import NodulescopeError, UsageError


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    return ServerSettings(
        "scans", StateFolder(tmp_path / "state"), tmp_path / "venv", port=free_port(), bundles={"nodule_grading": tmp_path}, scores=False
    )


def test_the_server_is_told_all_it_needs_and_stays_offline(settings: ServerSettings, tmp_path: Path) -> None:
    command = server_command(settings, tmp_path / "app")
    assert command[:4] == [str(tmp_path / "venv" / "bin" / "python"), "-m", "monailabel.main", "start_server"]
    pairs = {command[n + 1]: command[n + 2] for n, word in enumerate(command) if word == "--conf"}
    assert pairs == {"zoo_source": "local", "state": str(tmp_path / "state"), "device": "auto", "nodule_grading": str(tmp_path)}
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert server_environment(settings)["MONAI_LABEL_AUTO_UPDATE_SCORING"] == "false"


def test_a_server_that_ends_at_once_is_told(settings: ServerSettings, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    with pytest.raises(NodulescopeError, match=r"the label server ended .*monailabel"), running_server(settings):
        pass


def test_a_port_that_is_taken_is_told(settings: ServerSettings) -> None:
    with (
        socket.create_server(("127.0.0.1", settings.port)),
        pytest.raises(UsageError, match=f"--port {settings.port}: another program"),
        running_server(settings),
    ):
        pass
