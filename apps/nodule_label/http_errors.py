"""Errors that a client can act on: an HTTP status and one line, and the server goes on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from fastapi import HTTPException
from monailabel.interfaces.exception import ImageNotFoundException, LabelNotFoundException, MONAILabelException

from nodulescope.bundles.errors import BundleError, InputError, NodulescopeError, UsageError

logger = logging.getLogger(__name__)

STATUS: dict[type[Exception], HTTPStatus] = {
    ImageNotFoundException: HTTPStatus.NOT_FOUND,
    LabelNotFoundException: HTTPStatus.NOT_FOUND,
    MONAILabelException: HTTPStatus.BAD_REQUEST,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UsageError: HTTPStatus.BAD_REQUEST,
    BundleError: HTTPStatus.SERVICE_UNAVAILABLE,
    NodulescopeError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Kind of error -> what it is over HTTP; the first that fits."""


@contextmanager
def told_over_http() -> Iterator[None]:
    """Turn errors into HTTP answers with a ``detail`` that says what is wrong and what to do."""
    try:
        yield
    except HTTPException:
        raise
    except Exception as error:
        status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        raise HTTPException(status, _line(error)) from error


def not_found(what: str, name: str, known: list[str]) -> HTTPException:
    """The answer to a name that nothing has."""
    there_are = f"there are {', '.join(known)}" if known else "reload the list of studies"
    return HTTPException(HTTPStatus.NOT_FOUND, f"{name}: no such {what}; {there_are}")


def _line(error: Exception) -> str:
    if isinstance(error, NodulescopeError):
        return " ".join(str(error).split())
    if isinstance(error, MONAILabelException):
        return " ".join(str(error.msg).split())
    # The text of an unforeseen error may quote the input: only its kind and place are told, all of it goes to the server's log.
    logger.error("unforeseen", exc_info=error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error ({type(error).__name__} at {Path(place.filename).name}:{place.lineno}); the server's log has all of it"
