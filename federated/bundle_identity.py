"""Which code a bundle is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nodulescope.bundles.errors import BundleError

CODE = ("*.py", "configs/*.yaml", "configs/*.yml", "configs/*.json", "configs/*.conf")
"""What of a bundle is executed. Weights and documentation are not."""

METADATA = "metadata.json"
"""Changes with the weights and is not executed."""


def bundle_sha256(root: Path) -> str:
    """Hash of everything in a bundle that is executed: its configurations and its Python, by name and content.

    It stays the same when only the weights change, so that the result of one job can start the next.

    Args:
        root: the bundle's folder.

    Raises:
        BundleError: this is no bundle.
    """
    files = sorted({file for pattern in CODE for file in root.glob(pattern) if file.name != METADATA})
    if not any(file.parent.name == "configs" for file in files):
        raise BundleError(f"{root}: not a MONAI bundle (it has no configuration in configs)")
    whole = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        whole.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return whole.hexdigest()
