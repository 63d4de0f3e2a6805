"""A patient's history from a JSON or YAML file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from nodulescope.bundles.errors import InputError
from nodulescope.operators.guidelines.history import OLDEST_YEARS, PatientHistory, Risk, Sex, Smoking


def read_history(file: Path) -> PatientHistory:
    """Read a history such as ``{age: 63, sex: female, emphysema: true, smoking: former}``.

    Keys are the fields of :class:`PatientHistory`; one that is missing or null is not known.

    Args:
        file: JSON where its name ends in ``.json``, else YAML; UTF-8.

    Raises:
        InputError: in one line, what is wrong with the file, and what to write instead.
    """
    content = _parsed(file)
    if not isinstance(content, Mapping):
        raise InputError(f"{file}: must hold keys and values, for example age: 63; the keys are {', '.join(_READERS)}")
    known: dict[str, Any] = {}
    for key, value in content.items():
        if key not in _READERS:
            raise InputError(f"{file}: there is no key {key!r}; the keys are {', '.join(_READERS)}")
        if value is None:
            continue
        try:
            known[key] = _READERS[key](value)
        except ValueError as error:
            raise InputError(f"{file}: {key} must be {error}, not {value!r}; leave it out where it is not known") from error
    return PatientHistory(**known)


def _parsed(file: Path) -> Any:
    is_json = file.suffix.lower() == ".json"
    try:
        text = file.read_text(encoding="utf-8")
        return json.loads(text) if is_json else yaml.safe_load(text)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InputError(f"{file}: {reason}; give a JSON or YAML file with what is known of the patient") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is no text in UTF-8; give a JSON or YAML file with what is known of the patient") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{file}: is not valid JSON (line {error.lineno}: {error.msg})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise InputError(f"{file}: is not valid {'JSON' if is_json else 'YAML'}{where}; write one 'key: value' per line") from error


def _age(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= OLDEST_YEARS:
        raise ValueError(f"a number of years from 0 to {OLDEST_YEARS}")
    return float(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _one_of(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def read(value: Any) -> StrEnum:
        if value not in list(kind):
            raise ValueError(" or ".join(kind))
        return kind(value)

    return read


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "age": _age,
    "sex": _one_of(Sex),
    "family_history": _yes_or_no,
    "emphysema": _yes_or_no,
    "smoking": _one_of(Smoking),
    "known_cancer": _yes_or_no,
    "immunosuppressed": _yes_or_no,
    "cancer_risk": _one_of(Risk),
}
