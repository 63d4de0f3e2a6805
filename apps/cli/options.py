"""Options that several commands share, and the values behind their texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.bundles.errors import UsageError

Source = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT",
        help="The chest CT: a folder or zip of DICOM files, an enhanced DICOM file, or a .nii, .nii.gz, .mha, .mhd or .nrrd file.",
    ),
]
Series = Annotated[
    str | None,
    typer.Option("--series", metavar="UID", help="DICOM: analyse this Series Instance UID instead of the series that suits best."),
]
History = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE",
        help="What is known of the patient, as JSON or YAML: age, sex, family_history, emphysema, smoking, known_cancer, immunosuppressed, "
        "cancer_risk. Guidelines ask for it; age and sex are taken from DICOM where the file does not give them.",
    ),
]
Prior = Annotated[
    Path | None,
    typer.Option(
        "--prior",
        metavar="INPUT",
        help="An earlier examination of the patient: a scan in any form that INPUT may have, which is analysed too, or a findings.json (or "
        "the folder of results with it) of an earlier analysis. Nodules are matched, and their growth is measured. Give the scan where you "
        "have it: findings alone are matched less exactly.",
    ),
]
NoPrior = Annotated[
    bool, typer.Option("--no-prior", help="Compare nothing. Without it an older CT study of the patient in INPUT is taken as the prior.")
]
Language = Annotated[
    str | None, typer.Option("--language", metavar="en|zh", help="Language of report.html and report.pdf.", show_default="en")
]
DEVICE_HELP = "Where the networks run: auto (a GPU if there is one), cpu, cuda or cuda:N."
Device = Annotated[str, typer.Option("--device", metavar="NAME", help=DEVICE_HELP)]
Bundles = Annotated[
    list[str] | None,
    typer.Option(
        "--bundle",
        metavar="STAGE=DIR",
        help="Let another MONAI bundle serve a stage, for example nodule_detection=~/lung_nodule_ct_detection. "
        "Its configuration is code: name only bundles that you trust. May be given once per stage.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors (and JSON, if asked for).")]


@dataclass(frozen=True)
class Verbosity:
    """What the options before the command's name asked for."""

    quiet: bool = False


def is_quiet(context: typer.Context, quiet: bool) -> bool:
    """Whether ``--quiet`` stands before or after the command's name."""
    return quiet or (isinstance(context.obj, Verbosity) and context.obj.quiet)


def parse_bundles(values: Sequence[str] | None) -> dict[str, Path]:
    """Read ``STAGE=DIR`` texts.

    Raises:
        UsageError: not of this form, no such stage, or a stage named twice.
    """
    from nodulescope.bundles.predictors import STAGES  # imports torch

    bundles: dict[str, Path] = {}
    for value in values or ():
        stage, equals, folder = value.partition("=")
        if not equals or not folder:
            raise UsageError(f"--bundle {value}: write STAGE=DIR, for example nodule_detection=bundles/nodule_detection")
        if stage not in STAGES:
            raise UsageError(f"--bundle {value}: there is no stage {stage!r}; choose one of {', '.join(STAGES)}")
        if stage in bundles:
            raise UsageError(f"--bundle {value}: the stage {stage} was named twice")
        bundles[stage] = Path(folder).expanduser()
    return bundles


def parse_magnifications(text: str) -> tuple[float, ...]:
    """Read magnifications such as ``1,1.5,2``.

    Raises:
        UsageError: not a list of different numbers.
    """
    rule = f"--magnifications {text}: write different numbers, separated by commas, for example 1,1.5,2"
    values = _numbers(text, rule)
    if len(set(values)) != len(values):
        raise UsageError(rule)
    return values


def parse_point(text: str) -> tuple[float, float, float]:
    """Read a point such as ``-61.5,20,-143`` in LPS mm.

    Raises:
        UsageError: not three numbers.
    """
    rule = f"--at {text}: write X,Y,Z in mm (DICOM patient coordinates: to the left, to the back, to the head), for example -61.5,20,-143"
    values = _numbers(text, rule)
    if len(values) != 3:
        raise UsageError(rule)
    return values[0], values[1], values[2]


def _numbers(text: str, rule: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(rule) from error
    if not all(math.isfinite(value) for value in values):
        raise UsageError(rule)
    return values
