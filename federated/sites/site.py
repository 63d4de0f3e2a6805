"""One site of a federation, as it describes itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Site:
    """What a site contributes, and how. Nothing of it is ever sent.

    Attributes:
        name: as its certificate names it.
        datalist: the site's cases, a MONAI datalist with ``training`` and ``validation``.
        settings: settings of the bundle that hold at this site only, such as ``batch_size``; they win over the job's.
        device: ``cpu``, ``cuda`` or ``cuda:N``; None lets the bundle choose.
        bundle: folder of the bundle, where it is not the installed one.
    """

    name: str
    datalist: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str | None = None
    bundle: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, as a site file holds them, with absolute paths."""
        content: dict[str, Any] = {"datalist": str(self.datalist.absolute()), "settings": dict(self.settings)}
        if self.device is not None:
            content["device"] = self.device
        if self.bundle is not None:
            content["bundle"] = str(self.bundle.absolute())
        return content
