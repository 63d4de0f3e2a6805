"""In CI a missing program must not go unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.mark.parametrize(
    ("reason", "ci", "status"),
    [
        ("dciodvfy is not installed", "true", 1),
        ("dciodvfy is not installed", "", 0),
        ("dockerd not installed (Debian package docker.io)", "true", 1),
        ("no container engine can start here: not root", "true", 0),
        ("real scans are not here: ../shared/data beside the repository is absent", "true", 0),
    ],
)
def test_a_skip_fails_the_run_in_ci_unless_it_is_one_of_the_allowed(reason: str, ci: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes(CONFTEST.read_bytes())
    (tmp_path / "test_it.py").write_text(
        f"import pytest\n\ndef test_skips():\n    pytest.skip({reason!r})\n\ndef test_passes():\n    pass\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-W", "ignore", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"CI": ci}, cwd=tmp_path)
    assert done.returncode == status, done.stdout
    assert ("skips that are not allowed in CI" in done.stdout) == bool(status)
    assert "1 passed, 1 skipped" in done.stdout
