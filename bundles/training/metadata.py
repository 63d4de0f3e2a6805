"""A bundle's own record of its weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from nodulescope.bundles.errors import BundleError

WEIGHTS = "models/model.pt"


def record_weights(bundle_root: str | Path, version: str, change: str) -> str:
    """Write into ``configs/metadata.json`` which weights the bundle holds, whole or not at all.

    Whoever opens the bundle compares the file with this record, so weights and record always change together.

    Args:
        bundle_root: the bundle's folder.
        version: the bundle's version from now on, such as ``"0.2.0"``.
        change: what is new in it, one sentence; an entry of the same version is replaced.

    Returns:
        The SHA-256 of the weights.

    Raises:
        BundleError: there are no weights, or no metadata.
    """
    root = Path(bundle_root)
    weights, file = root / WEIGHTS, root / "configs" / "metadata.json"
    for needed in (weights, file):
        if not needed.is_file():
            raise BundleError(f"{needed}: is not there; nothing was recorded")
    metadata = json.loads(file.read_text(encoding="utf-8"))
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    metadata["version"] = version
    earlier = {number: entry for number, entry in metadata.get("changelog", {}).items() if number != version}
    metadata["changelog"] = {version: change, **earlier}  # the newest first, as the Model Zoo has it
    metadata["weights"] = {WEIGHTS: {"sha256": sha256}}
    beside = file.with_suffix(".json.part")
    beside.write_text(json.dumps(metadata, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(file)
    return sha256
