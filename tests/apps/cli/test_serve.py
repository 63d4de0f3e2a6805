from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodulescope.apps.cli.main import run
from nodulescope.apps.cli.serve import analysis_options


@pytest.fixture(autouse=True)
def usual_file_rights() -> Iterator[None]:
    """The command makes its process' files private, and this process goes on after it."""
    usual = os.umask(0o022)
    yield
    os.umask(usual)


def arguments(folder: Path, **options: str) -> list[str]:
    given = {"queue": str(folder), "send-to": "PACS@127.0.0.1:104", "port": "0", "health-port": "0", "address": "127.0.0.1", **options}
    return ["serve", *(word for name, value in given.items() for word in (f"--{name}", value))]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"send-to": "PACS"}, "--send-to PACS: write AET@HOST:PORT"),
        ({"ae-title": "MUCH_TOO_LONG_A_TITLE"}, "is no AE title"),
        ({"allow": "A\\B"}, "is no AE title"),
        ({"tls-cert": "node.pem"}, "TLS needs both --tls-cert and --tls-key"),
        ({"tls-ca": "ca.pem"}, "TLS needs both --tls-cert and --tls-key"),
        ({"tls-cert": "/no.pem", "tls-key": "/no.key"}, "/no.pem, /no.key: cannot be used"),
        ({"quiet-period": "-1"}, "--quiet-period"),
        ({"queue": "/proc/nothing"}, "/proc/nothing: cannot hold the queue"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(tmp_path / "queue", **options)) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert (out, err.count("\n")) == ("", 1)


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run(arguments(tmp_path / "queue", port=str(port))) == 2
    assert f"127.0.0.1 port {port}: cannot be listened on" in capsys.readouterr().err


@pytest.mark.slow
def test_a_node_that_cannot_analyse_does_not_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(tmp_path / "queue", bundle="nodule_detection=/nowhere")) == 4
    out, err = capsys.readouterr()
    assert "/nowhere: not a MONAI bundle" in err
    assert (out, err.count("\n")) == ("", 1)


@pytest.mark.slow
def test_a_language_that_no_report_speaks_is_told_at_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(tmp_path / "queue", language="xx")) == 2
    assert "no report in the language 'xx'; choose one of en, zh" in capsys.readouterr().err


def test_every_analysis_gets_the_options() -> None:
    assert analysis_options(None, None, None) == ()
    given = analysis_options(Path("app.yaml"), ["nodule_detection=a", "nodule_grading=b"], "cuda:1", "zh")
    assert " ".join(given) == "--settings app.yaml --device cuda:1 --language zh --bundle nodule_detection=a --bundle nodule_grading=b"
