from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.metadata import record_weights


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    for name in ("configs", "models"):
        (tmp_path / name).mkdir()
    metadata = {"version": "0.1.0", "changelog": {"0.1.0": "First version."}, "name": "Lungs é", "weights": {}}
    (tmp_path / "configs" / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    (tmp_path / "models" / "model.pt").write_bytes(b"weights")
    return tmp_path


def test_version_change_and_hash_are_recorded_together(bundle: Path) -> None:
    sha256 = record_weights(bundle, "0.2.0", "Trained on more phantoms.")
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["version"] == "0.2.0"
    assert list(metadata["changelog"].items()) == [("0.2.0", "Trained on more phantoms."), ("0.1.0", "First version.")]
    assert metadata["weights"] == {"models/model.pt": {"sha256": sha256}}
    assert sha256 == hashlib.sha256(b"weights").hexdigest()
    assert metadata["name"] == "Lungs é"
    assert sorted(p.name for p in (bundle / "configs").iterdir()) == ["metadata.json"]


def test_an_entry_of_the_same_version_is_replaced(bundle: Path) -> None:
    record_weights(bundle, "0.1.0", "Trained.")
    assert json.loads((bundle / "configs" / "metadata.json").read_text())["changelog"] == {"0.1.0": "Trained."}


@pytest.mark.parametrize("missing", ["models/model.pt", "configs/metadata.json"])
def test_an_incomplete_bundle_is_refused(bundle: Path, missing: str) -> None:
    (bundle / missing).unlink()
    with pytest.raises(BundleError, match=missing.rsplit("/", maxsplit=1)[-1]):
        record_weights(bundle, "0.2.0", "Nothing.")
