"""Whether a site takes a job: judged from the job's files, before anything of them is executed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nvflare.lighter.tool_consts import NVFLARE_SIG_FILE, NVFLARE_SUBMITTER_CRT_FILE

from nodulescope.federated.environments.component_policy import COMPONENTS
from nodulescope.federated.provisioning.allow_list import AllowList

EXECUTOR = "nodulescope.federated.client.executor.BundleExecutor"
"""What trains; its settings name the bundle."""

COUNTER = "nodulescope.federated.statistics.counting.CountingExecutor"
"""What counts for statistics."""

STOCK = (
    "nvflare.app_common.filters.percentile_privacy.PercentilePrivacy",
    "nvflare.app_common.filters.svt_privacy.SVTPrivacy",
    "nvflare.app_common.widgets.convert_to_fed_event.ConvertToFedEvent",
)
"""Components of NVFlare that our jobs name. NVFlare's own default list is longer; nothing that stands here starts a program or script."""

ALLOWED = (*COMPONENTS, *STOCK)
"""What a job may name, as NVFlare's ``class_allow_list`` has it: a class, or a module or package with all its classes."""

LAUNCHES = ("launcher_spec", "launch_image", "docker_image")
"""Entries of a job's metadata that would start it in a container of its own."""

SIGNATURES = (NVFLARE_SIG_FILE, NVFLARE_SUBMITTER_CRT_FILE)
"""Who sent the job: NVFlare signs every folder of it."""

SETTINGS = {"client": "config_fed_client.json", "server": "config_fed_server.json"}


def refusal(app: Path, meta: Mapping[str, Any], allowed: AllowList) -> str | None:
    """Why a site does not take a job; None when it takes it.

    Args:
        app: the job's files as they came, unpacked.
        meta: the job's metadata.
        allowed: what the site allows.

    Returns:
        One sentence for the log of the site and for whoever sent the job. It quotes the job, never the site.
    """
    if stray := _stray_file(app):
        return f"the job brings {stray}: jobs hold configurations in JSON only, all code comes from what the site has installed"
    if meta.get("byoc") or any(meta.get(entry) for entry in LAUNCHES):
        return "the job asks for custom code or for a container of its own, and this site allows neither"
    configurations: list[Any] = []
    for file in sorted(app.rglob("*.json")):
        try:
            configurations.append(json.loads(file.read_text(encoding="utf-8")))
        except ValueError:
            return f"the job's {file.name} is not valid JSON"
    named = [component for configuration in configurations for component in _components(configuration)]
    for path, _ in named:
        if not is_allowed(path):
            return f"the job names the component {path}, which is not among those that this site runs"
    return _unknown_work(named, allowed)


def is_allowed(path: str) -> bool:
    """Whether a job may name this class."""
    return any(path == known or path.startswith(f"{known}.") for known in ALLOWED)


def _stray_file(app: Path) -> str:
    """A file that is no configuration; empty when there is none."""
    for file in sorted(app.rglob("*")):
        where = file.relative_to(app)
        if file.name in SIGNATURES and not file.is_symlink():
            continue
        if file.is_symlink() or (file.is_file() and (file.suffix != ".json" or "custom" in where.parts)):
            return where.as_posix()
    return ""


def _components(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Class and arguments of everything that NVFlare would build, however deep."""
    if isinstance(content, Mapping):
        for key in ("path", "class_path", "name"):
            # NVFlare also finds classes by name alone; that way out stays shut, because any module could bring one.
            value = content.get(key)
            if isinstance(value, str) and ("args" in content or key != "name"):
                yield value, content.get("args") or {}
                break
        for value in content.values():
            yield from _components(value)
    elif isinstance(content, list):
        for value in content:
            yield from _components(value)


def _unknown_work(named: list[tuple[str, Mapping[str, Any]]], allowed: AllowList) -> str | None:
    trains = [arguments for path, arguments in named if path == EXECUTOR]
    counts = any(path == COUNTER for path, _ in named)
    if not trains and not counts:
        return "the job neither trains a bundle nor counts, so this site has no use for it"
    if counts and not allowed.statistics:
        return "the job asks for statistics, which this site does not allow"
    for arguments in trains:
        settings = arguments.get("settings")
        bundle, sha256 = (settings.get(key) for key in ("bundle", "bundle_sha256")) if isinstance(settings, Mapping) else (None, None)
        if not isinstance(bundle, str) or bundle not in allowed.bundles:
            return f"the job trains the bundle {bundle!r}, which is not on this site's allow list"
        if sha256 not in allowed.bundles[bundle]:
            return f"the job trains {bundle} with the hash {str(sha256)[:12]}..., which is not on this site's allow list"
    return None
