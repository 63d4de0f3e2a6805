from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.packaging.checksums import files_of, read_checksums, write_checksums
from nodulescope.bundles.errors import InputError


def test_sha256sum_reads_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.pt").write_bytes(b"weights")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    write_checksums(tmp_path)
    assert files_of(tmp_path) == ["Dockerfile", "models/model.pt"] == list(read_checksums(tmp_path))
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Dockerfile: OK\nmodels/model.pt: OK\n")


@pytest.mark.parametrize("content", [None, "", "not a hash  Dockerfile\n"])
def test_a_folder_without_them_is_no_context(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "SHA256SUMS").write_text(content)
    with pytest.raises(InputError, match="SHA256SUMS"):
        read_checksums(tmp_path)
