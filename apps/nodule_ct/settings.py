"""How the application runs: which bundles, where, at which operating point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.predictors.detection import OVERLAP
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.guidelines.history_file import read_history
from nodulescope.operators.nodules import Thresholds
from nodulescope.operators.report.messages import DEFAULT_LANGUAGE, messages_in


@dataclass(frozen=True)
class Settings:
    """Everything that can be chosen.

    Attributes:
        bundles: stage to bundle folder, for stages whose bundle is replaced.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        magnifications: at which the detector searches.
        overlap: of two boxes of the detector that share more of their union than this only the better one stays.
        series_uid: the DICOM series to analyse; None lets the ranking choose.
        thresholds: the operating point.
        history: what is known of the patient besides the headers of the CT.
        prior: an earlier scan, or the findings of one, that the nodules are compared with.
        compare_older: without a prior, compare with the newest older study of the patient in the input, if there is one.
        language: of the reports.
    """

    bundles: Mapping[str, Path] = field(default_factory=dict)
    device: str = "auto"
    magnifications: tuple[float, ...] = (1.0,)
    overlap: float = OVERLAP
    series_uid: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    history: PatientHistory = field(default_factory=PatientHistory)
    prior: Path | None = None
    compare_older: bool = True
    language: str = DEFAULT_LANGUAGE

    def __post_init__(self) -> None:
        if not self.magnifications or not all(0.25 <= m <= 8.0 for m in self.magnifications):
            raise UsageError(f"magnifications must be numbers between 0.25 and 8, not {list(self.magnifications)}")
        if not 0.0 <= self.overlap < 1.0:
            raise UsageError(f"overlap must be at least 0 and less than 1, not {self.overlap}")
        messages_in(self.language)  # refuses a language before the work, not after it


def read_settings(file: Path | None = None) -> Settings:
    """Settings of ``app.yaml``. The patient's history stands there as the name of a file of its own.

    Args:
        file: None for the one that ships with the application.

    Raises:
        UsageError: the file is missing, no YAML, or holds an unknown key.
        InputError: the file of the history is missing or not valid.
    """
    try:
        text = file.read_text(encoding="utf-8") if file else files(__package__).joinpath("app.yaml").read_text(encoding="utf-8")
        content: dict[str, Any] = yaml.safe_load(text) or {}
        return Settings(
            bundles={stage: Path(folder) for stage, folder in (content.pop("bundles", None) or {}).items()},
            device=content.pop("device", "auto"),
            magnifications=tuple(float(m) for m in content.pop("magnifications", (1.0,))),
            overlap=float(content.pop("overlap", OVERLAP)),
            thresholds=Thresholds(**(content.pop("thresholds", None) or {})),
            history=read_history(Path(history)) if (history := content.pop("history", None)) else PatientHistory(),
            prior=Path(prior) if (prior := content.pop("prior", None)) else None,
            **content,
        )
    except (OSError, AttributeError, TypeError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{file or 'app.yaml'}: not valid settings ({str(error).splitlines()[0]})") from error
