"""What a nodulescope startup kit holds beside NVFlare's own: who may do what, what jobs may name, and the site's files to fill in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nvflare.lighter.constants import ProvFileName
from nvflare.lighter.entity import Participant
from nvflare.lighter.spec import Builder, Project, ProvisionContext

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.privacy.filters import site_filters
from nodulescope.federated.privacy.plan import PrivacyPlan
from nodulescope.federated.provisioning.admission import ALLOWED
from nodulescope.federated.provisioning.allow_list import ALLOW_LIST, AllowList
from nodulescope.federated.sites.place import SITE_FILE

DEPLOYER = "nodulescope.federated.provisioning.admitting_deployer.AdmittingDeployer"

RESOURCES = "resources.json"
PARENT_RESOURCES = "nodulescope__p_resources.json"
"""NVFlare reads files of this pattern in the process that takes jobs in, not in those that run them."""

LOG_SENDERS = ("nvflare.app_common.logging.site_log_streamer.SiteLogStreamer", "nvflare.app_common.logging.job_log_receiver.JobLogReceiver")
"""They would bring a site's error log to the server, and an error may quote names of files."""

OUTSIDE = "/tmp/nvflare/"
STORAGE = "/var/lib/nodulescope"
"""Where a server keeps jobs and results. NVFlare's own place is open to everyone on the machine, and gone after a restart."""

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = ("hospital-it.md", "privacy.md", "statistics.md")

NOBODY = {"byoc": "none", "server-predeployed-flwr": "none", "shell_commands": "none"}
"""Rights that no role has: to bring custom code, to run Flower's, to type shell commands at another's machine."""

PERMISSIONS: dict[str, dict[str, str]] = {
    "project_admin": {
        "submit_job": "none",
        "clone_job": "none",
        "manage_job": "any",
        "download_job": "none",
        "view": "any",
        "operate": "any",
    },
    "org_admin": {
        "submit_job": "none",
        "clone_job": "none",
        "manage_job": "o:site",
        "download_job": "none",
        "view": "any",
        "operate": "o:site",
    },
    "lead": {
        "submit_job": "any",
        "clone_job": "n:submitter",
        "manage_job": "n:submitter",
        "download_job": "n:submitter",
        "view": "any",
        "operate": "none",
    },
    "member": {"view": "any"},
}
"""Role to rights: a lead sends jobs and gets their results, a hospital's admin may stop what runs at the own hospital, the project's admin
may stop everything."""

SITE_TEMPLATE = """# Your data and your own settings. This file never leaves your site.
sites:
  {name}:
    datalist: datalist.json      # a MONAI datalist, relative to this file; `nodulescope data` makes one
    # settings: {{batch_size: 4}}  # settings of the bundle that hold only here
    # device: cuda:0
"""


class NodulescopeKits(Builder):
    """An NVFlare builder, to be named in a project file.

    Args:
        bundles: names of the bundles whose present code every site's allow list begins with; a hospital may shorten the list.
        statistics: whether the allow lists permit statistics.
        privacy: measures that every site takes whatever a job says, as :meth:`PrivacyPlan.parse` reads them.
        storage: folder at the server for jobs and their results; the server's user must be able to write there.

    Raises:
        UsageError: there is no such bundle or measure, or the folder is not given by its whole path.
    """

    def __init__(
        self, bundles: Sequence[str] = (), statistics: bool = True, privacy: dict[str, Any] | None = None, storage: str = STORAGE
    ) -> None:
        if not Path(storage).is_absolute():
            raise UsageError(f"storage: {storage}: give the whole path, from / on")
        self.storage = storage
        self.allowed = AllowList({name: (bundle_sha256(find_bundle(name, None)),) for name in bundles}, statistics)
        self.privacy = PrivacyPlan.parse(privacy)

    def build(self, project: Project, ctx: ProvisionContext) -> None:
        """Add the files, before NVFlare signs the kits."""
        for site in (project.get_server(), *project.get_clients()):
            local = Path(ctx.get_local_dir(site))
            _write_json(local / ProvFileName.AUTHORIZATION_JSON_DEFAULT.removesuffix(".default"), permissions())
            _write_json(local / RESOURCES, self._resources(local))
        for client in project.get_clients():
            self._build_client(client, ctx)

    def _build_client(self, client: Participant, ctx: ProvisionContext) -> None:
        local = Path(ctx.get_local_dir(client))
        _write_json(local / PARENT_RESOURCES, {"format_version": 2, "components": [{"id": "app_deployer", "path": DEPLOYER, "args": {}}]})
        self.allowed.write(local / ALLOW_LIST)
        (local / SITE_FILE).write_text(SITE_TEMPLATE.format(name=client.name), encoding="utf-8")
        for guide in GUIDES:
            shutil.copyfile(DOCS / guide, Path(ctx.get_ws_dir(client)) / guide)
        filters = site_filters(self.privacy)
        if filters:
            scope = {"name": "site", "task_result_filters": filters}
            _write_json(local / "privacy.json", {"scopes": [scope], "default_scope": "site"})

    def _resources(self, local: Path) -> dict[str, Any]:
        """NVFlare's own resources, with only our components allowed, no log sent anywhere, and stored where the project says."""
        text = (local / ProvFileName.RESOURCES_JSON_DEFAULT).read_text(encoding="utf-8")
        resources: dict[str, Any] = json.loads(text.replace(OUTSIDE, f"{self.storage}/"))
        resources["components"] = [component for component in resources["components"] if component["path"] not in LOG_SENDERS]
        if "allow_log_streaming" in resources:
            resources["allow_log_streaming"] = False
        infrastructure = {component["path"] for component in resources["components"]}
        resources["class_allow_list"] = [*ALLOWED, *sorted(infrastructure)]
        resources["class_list_enforcement_mode"] = "enforce"
        return resources


def permissions() -> dict[str, Any]:
    """NVFlare's authorization policy."""
    return {"format_version": "1.0", "permissions": {role: {**rights, **NOBODY} for role, rights in PERMISSIONS.items()}}


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
