from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.ct_slice import ct_slices
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.pixels import read_hounsfield
from nodulescope.operators.dicom.series_geometry import stack_slices


def read(folder):
    slices = [one for header in read_headers(folder) for one in ct_slices(header)]
    return read_hounsfield(stack_slices(slices, "scan").slices)


def rewrite_words(path, words, **elements):
    """Replace a file's pixels by 16-bit words, shape (rows, columns), and set elements."""
    dataset = pydicom.dcmread(path)
    dataset.PixelData = words.astype("<u2").tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compression_without_loss_changes_nothing(syntax, make_ct, write_series, tmp_path):
    ct = make_ct(shape=(40, 36, 10))
    for path in write_series(ct, tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(path)
    hu, padding, warnings = read(tmp_path)
    np.testing.assert_array_equal(hu, ct.hu)
    assert hu.dtype == np.float32
    assert padding is None
    assert warnings == ()


@pytest.mark.parametrize("option", ["+e1", "+el"])
def test_jpeg_lossless_of_both_processes(option, make_ct, write_series, tmp_path):
    if shutil.which("dcmcjpeg") is None:
        pytest.skip("dcmcjpeg is not installed (Debian package dcmtk)")
    ct = make_ct(shape=(40, 36, 10))
    for path in write_series(ct, tmp_path):
        subprocess.run(["dcmcjpeg", option, path, path], check=True, capture_output=True)
    syntaxes = {str(header.file_meta.TransferSyntaxUID) for header in read_headers(tmp_path)}
    assert syntaxes == {JPEGLosslessSV1 if option == "+e1" else JPEGLossless}
    hu, _, warnings = read(tmp_path)
    np.testing.assert_array_equal(hu, ct.hu)
    assert warnings == ()


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian])
def test_other_encodings_of_uncompressed_pixels_change_nothing(syntax, make_ct, write_series, tmp_path):
    ct = make_ct()
    for path in write_series(ct, tmp_path):
        dataset = pydicom.dcmread(path)
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(path, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian, enforce_file_format=True)
    assert {str(header.file_meta.TransferSyntaxUID) for header in read_headers(tmp_path)} == {syntax}
    np.testing.assert_array_equal(read(tmp_path)[0], ct.hu)


def test_progress_counts_the_decoded_slices(make_ct, write_series, tmp_path):
    write_series(make_ct(), tmp_path)
    slices = stack_slices([one for header in read_headers(tmp_path) for one in ct_slices(header)], "scan").slices
    seen = []
    read_hounsfield(slices, lambda done, total: seen.append((done, total)))
    assert seen == [(n, 12) for n in range(1, 13)]


def test_every_slice_has_its_own_scale(make_ct, write_series, edit, tmp_path):
    ct = make_ct()
    for k, path in enumerate(write_series(ct, tmp_path)):
        edit(path, RescaleSlope=1 + k / 8, RescaleIntercept=-1024 - k)
    hu, _, _ = read(tmp_path)
    k = np.arange(12)
    np.testing.assert_allclose(hu, (ct.hu + 1024) * (1 + k / 8) - 1024 - k, atol=1e-3)


def test_unsigned_words_do_not_overflow(make_ct, write_series, tmp_path):
    ct = make_ct()
    paths = write_series(ct, tmp_path)
    stored = np.linspace(0, 65535, 110).round().reshape(11, 10)
    for path in paths:
        rewrite_words(path, stored, PixelRepresentation=0, RescaleSlope=0.1, RescaleIntercept=-1000)
    hu, padding, _ = read(tmp_path)
    np.testing.assert_allclose(hu[:, :, 5].T, stored * 0.1 - 1000, atol=1e-3)
    assert padding is None


@pytest.mark.parametrize("representation", [0, 1])
def test_garbage_above_the_stored_bits_is_ignored(representation, make_ct, write_series, tmp_path):
    ct = make_ct()
    rng = np.random.default_rng(1)
    low = -2048 if representation else 0
    truth = rng.integers(low, low + 4096, (12, 11, 10))
    for k, path in enumerate(write_series(ct, tmp_path)):
        words = (truth[k] & 0x0FFF) | (rng.integers(0, 16, truth[k].shape) << 12)
        rewrite_words(path, words, BitsStored=12, HighBit=11, PixelRepresentation=representation, RescaleIntercept=0)
    hu, padding, _ = read(tmp_path)
    expected = np.where(truth <= -1500, -1000, truth)
    np.testing.assert_array_equal(hu.T, expected)
    assert (padding is not None) == bool(representation)


@pytest.mark.parametrize(("vr", "value"), [("SS", -2000), ("US", 63536)])
def test_padding_is_compared_with_stored_values(vr, value, make_ct, write_series, tmp_path):
    ct = make_ct()
    for path in write_series(ct, tmp_path, slope=0.5, intercept=0.0):
        dataset = pydicom.dcmread(path)
        stored = dataset.pixel_array.copy()
        stored[0, :] = -2000  # -1000 HU after rescaling: padding by declaration only
        dataset.PixelData = stored.tobytes()
        dataset.add_new("PixelPaddingValue", vr, value)
        dataset.save_as(path)
    hu, padding, _ = read(tmp_path)
    assert padding is not None
    assert padding[:, 0].all()
    assert (hu[:, 0] == -1000).all()
    # -2000 stored elsewhere only where the CT itself reads exactly -1000 HU
    np.testing.assert_array_equal(padding[:, 1:], ct.hu[:, 1:] == -1000)


def test_a_range_of_padding_is_honoured(make_ct, write_series, tmp_path):
    ct = make_ct()
    for path in write_series(ct, tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.add_new("PixelPaddingValue", "SS", 24)  # -1000 HU
        dataset.add_new("PixelPaddingRangeLimit", "SS", 44)  # -980 HU
        dataset.save_as(path)
    hu, padding, warnings = read(tmp_path)
    np.testing.assert_array_equal(padding, ct.hu <= -980)
    np.testing.assert_array_equal(hu, np.where(ct.hu <= -980, -1000, ct.hu))
    assert warnings == ()


def test_padding_that_would_erase_tissue_is_not_believed(make_ct, write_series, edit, tmp_path):
    ct = make_ct()
    for path in write_series(ct, tmp_path, intercept=0.0):
        dataset = edit(path)
        dataset.add_new("PixelPaddingValue", "SS", 0)  # water
        dataset.save_as(path)
    hu, padding, warnings = read(tmp_path)
    np.testing.assert_array_equal(hu, ct.hu)
    assert padding is None
    assert warnings == ("The declared padding value lies within the range of tissue and was ignored.",)


def test_loss_is_told(make_ct, write_series, edit, tmp_path):
    for path in write_series(make_ct(), tmp_path):
        edit(path, LossyImageCompression="01")
    assert read(tmp_path)[2] == ("The images were compressed with loss: small and faint nodules may have changed.",)


@pytest.mark.parametrize("syntax", [None, RLELossless, JPEGLSLossless])
def test_truncated_pixels_name_the_file(syntax, make_ct, write_series, tmp_path):
    path = write_series(make_ct(), tmp_path)[7]
    if syntax is not None:
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(path)
    path.write_bytes(path.read_bytes()[:-80])
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("elements", "rule"),
    [
        ({"PhotometricInterpretation": "MONOCHROME1"}, "MONOCHROME2"),
        ({"BitsStored": 12, "HighBit": 15}, "High Bit"),
        ({"PixelData": None}, "truncated or damaged"),
        ({"BitsAllocated": None}, "truncated or damaged"),
    ],
)
def test_pixels_that_are_not_as_dicom_has_them_are_refused(elements, rule, make_ct, write_series, edit, tmp_path):
    path = write_series(make_ct(), tmp_path)[2]
    edit(path, **elements)
    with pytest.raises(InputError, match=rule) as caught:
        read(tmp_path)
    assert path.name in str(caught.value)


def test_an_unknown_compression_is_refused(make_ct, write_series, tmp_path):
    path = write_series(make_ct(), tmp_path)[0]
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2
    dataset.PixelData = pydicom.encaps.encapsulate([b"\x00" * 32])
    dataset.save_as(path)
    with pytest.raises(InputError, match=r"cannot be decoded"):
        read(tmp_path)


def test_one_real_slice_in_every_compression(shared_data):
    folder = shared_data / "odd-dicom" / "transfer-syntaxes"

    def hounsfield(name):
        header = pydicom.dcmread(folder / name, stop_before_pixels=True)
        return read_hounsfield(ct_slices(header))

    hu, padding, _ = hounsfield("CT1_RLE")
    assert padding is not None
    assert hu.shape == (512, 512, 1)
    assert 0.2 < padding.mean() < 0.25  # outside the circle of reconstruction
    for name in ("CT1_J2KR", "CT1_JLSL", "CT1_JPLL"):
        same, same_padding, _ = hounsfield(name)
        np.testing.assert_array_equal(same, hu)
        np.testing.assert_array_equal(same_padding, padding)
    for name, error in (("CT1_JLSN", 10), ("CT1_J2KI", 50)):
        near, _, warnings = hounsfield(name)
        assert 0 < np.abs(near - hu)[~padding].mean() < error
        assert warnings == ("The images were compressed with loss: small and faint nodules may have changed.",)


def test_the_same_slice_uncompressed_from_its_archive(shared_data, tmp_path):
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed (Debian package zstd)")
    folder = shared_data / "odd-dicom" / "transfer-syntaxes"
    subprocess.run(["zstd", "-q", "-d", folder / "CT1_UNC.zst", "-o", tmp_path / "CT1_UNC"], check=True)
    plain, compressed = (
        read_hounsfield(ct_slices(pydicom.dcmread(path, stop_before_pixels=True)))[0] for path in (tmp_path / "CT1_UNC", folder / "CT1_RLE")
    )
    np.testing.assert_array_equal(plain, compressed)


def test_a_compression_that_always_loses_is_told_without_the_flag(shared_data):
    header = pydicom.dcmread(shared_data / "odd-dicom" / "transfer-syntaxes" / "CT1_JLSN", stop_before_pixels=True)
    header.LossyImageCompression = "00"
    assert read_hounsfield(ct_slices(header))[2] == ("The images were compressed with loss: small and faint nodules may have changed.",)
