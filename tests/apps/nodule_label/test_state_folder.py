from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.nodule_label.state_folder import state_folder_of


def test_the_state_lies_with_the_studies_or_among_the_users_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert state_folder_of(str(tmp_path / "scans")).root == tmp_path / "scans" / ".nodulescope-label"
    assert state_folder_of("scans", str(tmp_path / "mine")).root == tmp_path / "mine"
    one, same, other = (state_folder_of(f"http://pacs{end}").root for end in ("/dicom-web", "/dicom-web/", "/other"))
    assert one == same != other
    assert one.parent == tmp_path / "nodulescope" / "label"
