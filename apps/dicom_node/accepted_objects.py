"""What the node takes: CT images to analyse, and whatever else a study may hold, which is acknowledged and left alone."""

from __future__ import annotations

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import AllStoragePresentationContexts
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from nodulescope.operators.dicom.ct_slice import CLASSIC_CT, MULTI_FRAME_CT

CT_CLASSES = frozenset({str(CLASSIC_CT), *(str(uid) for uid in MULTI_FRAME_CT)})
"""SOP classes of objects that are kept. All others are acknowledged and dropped: reports, segmentations, dose sheets, PET and MR have no
part in the analysis, and a PACS that routes new objects of a study to this node would otherwise send it its own results to analyse, for
ever."""

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
"""In the order in which they are chosen from what a sender offers: the most robust first."""


def ct_transfer_syntaxes() -> list[str]:
    """Encodings of CT images that this installation can read, the preferred ones first."""
    compressed = [uid for uid in AllTransferSyntaxes if uid not in UNCOMPRESSED and _can_decode(uid)]
    return [str(uid) for uid in (*UNCOMPRESSED, *compressed)]


def add_supported_contexts(node: ApplicationEntity) -> None:
    """Let senders store CT images in encodings that can be read, other objects in any encoding, and check the connection (C-ECHO)."""
    node.add_supported_context(Verification)
    readable, any_encoding = ct_transfer_syntaxes(), [str(uid) for uid in AllTransferSyntaxes]
    for context in AllStoragePresentationContexts:
        uid = str(context.abstract_syntax)
        node.add_supported_context(uid, readable if uid in CT_CLASSES else any_encoding)


def _can_decode(uid: str) -> bool:
    try:
        return bool(get_decoder(uid).is_available)
    except NotImplementedError:
        return False  # pydicom knows the encoding and has no decoder for it (video, JPEG XL, JPIP)
