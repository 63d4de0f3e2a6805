"""Whether a DICOMweb service answers at an address, looked at before the label server starts: its own complaint is a traceback in a log."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from nodulescope.bundles.errors import UsageError

ANSWERS_WITHIN_S = 20.0
ACCEPT = "application/dicom+json"
WHOLE = "give its whole address, such as http://localhost:8042/dicom-web"
ASKS_WHO_CALLS = (401, 403)
"""The service is there and wants a user and a password, which MONAI Label has from its own environment variables."""


def check_dicomweb(address: str) -> None:
    """Ask a service for one study (QIDO-RS, DICOM PS3.18 section 10.6).

    Args:
        address: of the service, such as ``http://localhost:8042/dicom-web``.

    Raises:
        UsageError: nothing answers there, or something else does.
    """
    request = urllib.request.Request(f"{address.rstrip('/')}/studies?limit=1", headers={"Accept": ACCEPT})
    try:
        with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN_S) as answer:
            kind = answer.headers.get_content_type()
            if answer.status != http.client.NO_CONTENT and kind not in (ACCEPT, "application/json"):
                raise UsageError(f"--studies {address}: what answers there is no DICOMweb service (it sends {kind}); {WHOLE}")
    except urllib.error.HTTPError as error:
        if error.code not in ASKS_WHO_CALLS:
            raise UsageError(f"--studies {address}: no DICOMweb service answers there (HTTP {error.code}); {WHOLE}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        told = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        raise UsageError(f"--studies {address}: nothing answers there ({told})") from error
