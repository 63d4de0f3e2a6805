"""What a hospital lets others run: a small file that its own people keep."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError

ALLOW_LIST = "nodulescope-allowed.json"
"""Its name in the ``local`` folder of a site's startup kit."""

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class AllowList:
    """What jobs may do at a site. The default allows nothing.

    Attributes:
        bundles: name of a bundle to the hashes of its code that the site trusts
            (:func:`~nodulescope.federated.bundle_identity.bundle_sha256`).
        statistics: whether jobs may count: histograms and counts, no training.
    """

    bundles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    statistics: bool = False

    def to_json(self) -> dict[str, Any]:
        """What the file holds."""
        return {"bundles": {name: list(hashes) for name, hashes in self.bundles.items()}, "statistics": self.statistics}

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        beside = path.with_suffix(".json.part")
        beside.write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")
        beside.replace(path)


def read_allow_list(path: Path) -> AllowList:
    """Read a site's allow list; where there is none, nothing is allowed.

    Raises:
        InputError: the file is no allow list. Nothing may be run then.
    """
    if not path.is_file():
        return AllowList()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path.name}: not valid JSON; correct it, until then this site takes no job") from error
    if not isinstance(content, Mapping) or set(content) - {"bundles", "statistics"}:
        raise InputError(f'{path.name}: must hold "bundles" and "statistics" and nothing else; until then this site takes no job')
    bundles, statistics = content.get("bundles", {}), content.get("statistics", False)
    if not isinstance(bundles, Mapping) or not isinstance(statistics, bool):
        raise InputError(f'{path.name}: "bundles" maps names to lists of hashes, "statistics" is true or false')
    return AllowList({str(name): _hashes(path, str(name), hashes) for name, hashes in bundles.items()}, statistics)


def _hashes(path: Path, name: str, hashes: Any) -> tuple[str, ...]:
    if not isinstance(hashes, list) or not all(isinstance(value, str) and SHA256.fullmatch(value) for value in hashes):
        raise InputError(f"{path.name}: {name} needs a list of hashes of 64 hexadecimal digits; `nodulescope federate allow` writes them")
    return tuple(hashes)
