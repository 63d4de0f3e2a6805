"""Secured connections (DICOM PS3.15 annex B, BCP 195 profile): TLS 1.2 or newer, and certificates on both sides where asked for."""

from __future__ import annotations

import ssl

from nodulescope.apps.dicom_node.settings import TLSFiles
from nodulescope.bundles.errors import UsageError


def server_context(files: TLSFiles) -> ssl.SSLContext:
    """For associations that others open: with an authority given, they must show a certificate that it signed.

    Raises:
        UsageError: a file cannot be read or does not hold what it should.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, files)
    if files.authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(files: TLSFiles) -> ssl.SSLContext:
    """For associations that this node opens: the other side's certificate, and the host name in it, are checked.

    Raises:
        UsageError: a file cannot be read or does not hold what it should.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, files)
    if files.authority is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context


def _context(protocol: int, files: TLSFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # The empty password makes an encrypted key an error: OpenSSL would otherwise ask for one on a terminal that no one watches.
        context.load_cert_chain(files.certificate, files.key, password="")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{files.certificate}, {files.key}: cannot be used as certificate and key ({_reason(error)}); "
            "give PEM files that belong together, the key without a password"
        ) from error
    if files.authority is not None:
        try:
            context.load_verify_locations(files.authority)
        except OSError as error:
            raise UsageError(
                f"{files.authority}: cannot be used as authority ({_reason(error)}); give a PEM file of certificates"
            ) from error
    return context


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
