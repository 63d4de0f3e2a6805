"""The smallest CT image that a DICOM node takes: elements and no pixels."""

from __future__ import annotations

from io import BytesIO

from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian


def ct_image(**elements: str) -> bytes:
    """A DICOM file with these elements: ``ct_image(PatientID="P1", StudyDate="20250301")``."""
    image, file = Dataset(), BytesIO()
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, "1.2.3"
    for keyword, value in elements.items():
        setattr(image, keyword, value)
    image.ensure_file_meta()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(file, image, enforce_file_format=True)
    return file.getvalue()
