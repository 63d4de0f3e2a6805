"""Where NVFlare lets a site look at a job before it is unpacked."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from nvflare.apis.fl_context import FLContext
from nvflare.apis.workspace import Workspace
from nvflare.fuel.utils.zip_utils import unzip_all_from_bytes
from nvflare.private.fed.utils.app_deployer import AppDeployer

from nodulescope.bundles.errors import InputError
from nodulescope.federated.provisioning.admission import refusal
from nodulescope.federated.provisioning.allow_list import ALLOW_LIST, read_allow_list

log = logging.getLogger(__name__)


class AdmittingDeployer(AppDeployer):
    """Deploys jobs that the site's allow list admits, and refuses all others with a reason."""

    def deploy(self, workspace: Workspace, job_id: str, job_meta: dict[str, Any], app_name: str, app_data: bytes, fl_ctx: FLContext) -> str:
        """Deploy a job.

        Returns:
            Why it was refused, or what NVFlare's own deployer says; empty when it is deployed.
        """
        if reason := self._refusal(workspace, job_meta, app_data):
            log.error("job %s refused: %s", job_id, reason)
            return f"refused by {workspace.site_name}: {reason}"
        return str(super().deploy(workspace, job_id, job_meta, app_name, app_data, fl_ctx) or "")

    @staticmethod
    def _refusal(workspace: Workspace, job_meta: dict[str, Any], app_data: bytes) -> str | None:
        with tempfile.TemporaryDirectory(prefix="nodulescope-job-") as folder:
            try:
                allowed = read_allow_list(Path(workspace.get_site_config_dir()) / ALLOW_LIST)
                unzip_all_from_bytes(app_data, folder)
            except InputError as error:
                return str(error)
            except Exception:  # whatever a damaged or hostile archive brings about
                log.exception("a job could not be unpacked")
                return "the job's archive cannot be unpacked"
            return refusal(Path(folder), job_meta, allowed)
