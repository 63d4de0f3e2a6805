"""The site file: which data a site trains on, and with which settings of its own.

It lies at the site and is never sent. At a hospital it is ``local/nodulescope.yaml`` of the startup kit and holds one site; for the
simulator and for one machine it holds all of them::

    sites:
      north:
        datalist: north/datalist.json      # relative to this file
        settings: {batch_size: 4}          # optional: win over the job's
        device: cuda:0                     # optional
        bundle: my/nodule_grading          # optional: a folder in place of the installed bundle
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nodulescope.bundles.errors import InputError
from nodulescope.federated.settings import NAME, with_numbers
from nodulescope.federated.sites.site import Site

KEYS = frozenset({"datalist", "settings", "device", "bundle"})
DEVICE = re.compile(r"cpu|cuda(:\d+)?")


def read_site_file(path: Path) -> tuple[Site, ...]:
    """The sites of a site file, in its order.

    Raises:
        InputError: the file is missing, is not YAML, or describes a site in another way than this module says.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such site file; write one with `sites: {{NAME: {{datalist: FILE}}}}`")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML ({str(error).splitlines()[0]}); correct it there") from error
    entries = content.get("sites") if isinstance(content, Mapping) else None
    if not isinstance(entries, Mapping) or not entries:
        raise InputError(f"{path}: names no site; it must hold `sites:` with one entry per site")
    return tuple(_site(path, str(name), entry) for name, entry in entries.items())


def _site(path: Path, name: str, entry: Any) -> Site:
    if not NAME.fullmatch(name):
        raise InputError(f"{path}: {name!r} cannot be a site's name; use letters, digits, - and _")
    if not isinstance(entry, Mapping) or not isinstance(entry.get("datalist"), str):
        raise InputError(f"{path}: the site {name} names no datalist; write `datalist: FILE` below it")
    if unknown := sorted(set(map(str, entry)) - KEYS):
        raise InputError(f"{path}: the site {name} has unknown entries {', '.join(unknown)}; there are {', '.join(sorted(KEYS))}")
    settings, device, bundle = entry.get("settings") or {}, entry.get("device"), entry.get("bundle")
    if not isinstance(settings, Mapping):
        raise InputError(f"{path}: the settings of the site {name} must be `KEY: VALUE` pairs")
    if device is not None and not DEVICE.fullmatch(str(device)):
        raise InputError(f"{path}: the site {name} has the device {device!r}; write cpu, cuda or cuda:N")
    folder = path.absolute().parent
    return Site(
        name=name,
        datalist=folder / str(entry["datalist"]),
        settings=with_numbers({str(key): value for key, value in settings.items()}),
        device=None if device is None else str(device),
        bundle=None if bundle is None else folder / str(bundle),
    )
