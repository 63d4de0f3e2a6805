from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.dicom_node.settings import TLSFiles
from nodulescope.apps.dicom_node.tls import client_context, server_context
from nodulescope.bundles.errors import UsageError


@pytest.mark.parametrize("make", [server_context, client_context])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_files_that_cannot_be_used_are_named(make: object, content: str | None, tmp_path: Path) -> None:
    certificate = tmp_path / "node.pem"
    if content is not None:
        certificate.write_text(content)
    with pytest.raises(UsageError, match=r"node\.pem, .*node\.key: cannot be used as certificate and key"):
        make(TLSFiles(certificate, tmp_path / "node.key"))  # type: ignore[operator]
