from __future__ import annotations

from pydicom.uid import (
    MPEG2MPML,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    PositronEmissionTomographyImageStorage,
    RLELossless,
    SegmentationStorage,
)
from pynetdicom import AE

from nodulescope.apps.dicom_node.accepted_objects import CT_CLASSES, add_supported_contexts, ct_transfer_syntaxes


def test_ct_comes_in_any_encoding_that_can_be_read() -> None:
    offered = ct_transfer_syntaxes()
    assert offered[0] == ExplicitVRLittleEndian
    assert {JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, JPEGExtended12Bit, RLELossless} < set(offered)
    assert MPEG2MPML not in offered
    assert len(set(offered)) == len(offered)


def test_whatever_belongs_to_a_study_is_taken_but_only_ct_is_kept() -> None:
    node = AE("NODE")
    add_supported_contexts(node)
    contexts = {context.abstract_syntax: context.transfer_syntax for context in node.supported_contexts}
    assert contexts[CTImageStorage] == contexts[EnhancedCTImageStorage] == ct_transfer_syntaxes()
    for kind in (EnhancedSRStorage, SegmentationStorage, PositronEmissionTomographyImageStorage):
        assert MPEG2MPML in contexts[kind]
        assert kind not in CT_CLASSES
    assert CTImageStorage in CT_CLASSES
