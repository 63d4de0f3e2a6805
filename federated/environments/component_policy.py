"""Which classes a job may build at a node: NVFlare's own list and those of this package, by their full names."""

from __future__ import annotations

import json
from pathlib import Path

from nvflare.apis.fl_constant import WorkspaceConstants
from nvflare.app_common.default_component_policy import DEFAULT_CLASS_ALLOW_LIST
from nvflare.app_common.widgets.component_path_authorizer import CLASS_ALLOW_LIST

COMPONENTS = (
    "nodulescope.federated.client.executor.BundleExecutor",
    "nodulescope.federated.server.controller.RoundsController",
    "nodulescope.federated.wire.half_precision",
    "nodulescope.federated.privacy",
    "nodulescope.federated.statistics",
)
"""Classes, and modules whose classes, a job of ours is made of."""


def allow_components(local: Path) -> None:
    """Let a node build the components of our jobs; ``local`` is the node's folder of that name."""
    local.mkdir(parents=True, exist_ok=True)
    own, shipped = local / WorkspaceConstants.RESOURCES_CONFIG, local / WorkspaceConstants.DEFAULT_RESOURCES_CONFIG
    source = own if own.is_file() else shipped
    resources = json.loads(source.read_text(encoding="utf-8")) if source.is_file() else {"format_version": 2}
    listed = list(resources.get(CLASS_ALLOW_LIST, DEFAULT_CLASS_ALLOW_LIST))
    resources[CLASS_ALLOW_LIST] = listed + [component for component in COMPONENTS if component not in listed]
    own.write_text(json.dumps(resources, indent=2) + "\n", encoding="utf-8")
