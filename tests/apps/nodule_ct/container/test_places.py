from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container import places
from nodulescope.apps.nodule_ct.container.places import place, scratch_folder


def test_the_environment_wins_over_the_images_own_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLOSCAN_MODEL_PATH", raising=False)
    assert place("HOLOSCAN_MODEL_PATH") == Path("/opt/holoscan/models")
    monkeypatch.setenv("HOLOSCAN_MODEL_PATH", "/models")
    assert place("HOLOSCAN_MODEL_PATH") == Path("/models")


def test_the_first_folder_that_takes_a_file_is_for_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setenv("HOLOSCAN_OUTPUT_PATH", str(tmp_path))
    monkeypatch.setattr(places, "SCRATCH", (tmp_path / "missing", Path("/proc")))
    assert scratch_folder() == tmp_path
    monkeypatch.setenv("HOLOSCAN_OUTPUT_PATH", "/proc")
    assert scratch_folder() is None
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert scratch_folder() == tmp_path
    assert list(tmp_path.iterdir()) == []
