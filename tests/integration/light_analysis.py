"""A small analysis for load tests, in place of ``nodulescope analyze``: reads a CT series and writes two result objects in a second.

It reads and writes real DICOM and gives the same UIDs for the same input, as the real analysis does; it only looks for no nodules.
Called as ``light_analysis.py IMAGES -o RESULTS [--prior FINDINGS]``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from empty_findings import empty_findings
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import BasicTextSRStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

FEWEST_SLICES = 12
"""Of the small studies' slices: all. A part is refused, as a part of a chest should be."""


def end_with_parent() -> None:
    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def result_of(first: Dataset, kind: str, modality: str, name: str, content: str) -> Dataset:
    """An object of the study, whose UIDs follow from the series and from what is said about it."""
    made = Dataset()
    for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"):
        setattr(made, keyword, first[keyword].value)
    made.AccessionNumber, made.ReferringPhysicianName, made.Manufacturer = "", "", "nodulescope"
    made.SOPClassUID, made.Modality = kind, modality
    made.SeriesInstanceUID = generate_uid(entropy_srcs=[str(first.SeriesInstanceUID), name])
    made.SOPInstanceUID = generate_uid(entropy_srcs=[str(first.SeriesInstanceUID), name, content])
    made.SeriesNumber, made.InstanceNumber = 901, 1
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def findings_of(first: Dataset) -> dict[str, Any]:
    """The findings of a study that shows no nodules."""
    day = str(first.StudyDate)
    return empty_findings(f"{day[:4]}-{day[4:6]}-{day[6:]}", str(first.StudyInstanceUID), str(first.SeriesInstanceUID))


def analyse(images: Path, results: Path, prior: Path | None) -> None:
    slices = sorted((dcmread(path) for path in images.iterdir()), key=lambda s: float(s.ImagePositionPatient[2]))
    if len(slices) < FEWEST_SLICES:
        sys.stderr.write(f"nodulescope: {images}: {len(slices)} slices are too few\n")
        sys.exit(3)
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    told = f"{len(slices)} slices, {np.mean(hu < -500):.3f} of them air"
    if prior is not None:
        told += f", prior of {json.loads(prior.read_text())['input']['study_date']}"
    report = result_of(slices[0], BasicTextSRStorage, "SR", "report", told)
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "UNVERIFIED"
    report.ContentDate, report.ContentTime = slices[0].StudyDate, slices[0].StudyTime
    report.ReferencedPerformedProcedureStepSequence, report.PerformedProcedureCodeSequence = [], []
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging report")]
    text = Dataset()
    text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", told
    text.ConceptNameCodeSequence = [code("121071", "DCM", "Finding")]
    report.ContentSequence = [text]
    picture = result_of(slices[0], SecondaryCaptureImageStorage, "OT", "picture", told)
    middle = np.clip((hu[len(hu) // 2] + 1000) / 8, 0, 255).astype(np.uint8)
    picture.Rows, picture.Columns = middle.shape
    picture.SamplesPerPixel, picture.PhotometricInterpretation, picture.ConversionType = 1, "MONOCHROME2", "SYN"
    picture.BitsAllocated, picture.BitsStored, picture.HighBit, picture.PixelRepresentation = 8, 8, 7, 0
    picture.PixelData = middle.tobytes()
    results.mkdir()
    (results / "findings.json").write_text(json.dumps(findings_of(slices[0])))
    for name, made in (("report.dcm", report), ("picture.dcm", picture)):
        made.save_as(results / name, enforce_file_format=True)


end_with_parent()
analyse(Path(sys.argv[1]), Path(sys.argv[3]), Path(sys.argv[5]) if sys.argv[4:5] == ["--prior"] else None)
