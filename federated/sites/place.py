"""How a process of a federation learns where it is: its own site, its bundle, and the folder for its state.

A job says none of it. In the simulator and on one machine the command that starts the processes names a *places file* in the environment
variable :data:`PLACES`; in a provisioned federation a process looks into the ``local`` folder of its own startup kit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.federated.sites.site import Site
from nodulescope.federated.sites.site_file import read_site_file

PLACES = "NODULESCOPE_FEDERATION"
SITE_FILE = "nodulescope.yaml"
STATE = "nodulescope"


@dataclass(frozen=True)
class Place:
    """Where one process of a federation works.

    Attributes:
        site: its own site; None at the server.
        state: folder of its own, which outlives a job.
        local: folder where a person lays files for it, such as weights to start from.
        bundle: folder of the bundle, where it is not the installed one.
    """

    site: Site | None
    state: Path
    local: Path
    bundle: Path | None

    def bundle_root(self, name: str) -> Path:
        """The bundle's folder here.

        Raises:
            NodulescopeError: there is no bundle of that name.
        """
        if self.bundle is None:
            return find_bundle(name)
        if not (self.bundle / "configs").is_dir():
            raise BundleError(f"{self.bundle}: not a MONAI bundle (it has no configs folder)")
        return self.bundle


def write_places(path: Path, sites: Sequence[Site], state: Path, local: Path, server_bundle: Path | None) -> None:
    """Describe the sites and the server of a federation on one machine for its processes.

    A site that names no bundle has the server's.
    """
    content = {
        "sites": {site.name: replace(site, bundle=site.bundle or server_bundle).to_json() for site in sites},
        "state": str(state.absolute()),
        "local": str(local.absolute()),
        "server_bundle": None if server_bundle is None else str(server_bundle.absolute()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def site_place(name: str, kit: Path) -> Place:
    """Where the site of this name works.

    Args:
        name: the site's name, from its certificate.
        kit: its startup kit's folder.

    Raises:
        InputError: no site file describes the site.
    """
    if places := os.environ.get(PLACES):
        file = Path(places)
        content = json.loads(file.read_text(encoding="utf-8"))
        state, local = Path(content["state"]) / name, Path(content["local"])
    else:
        file = kit / "local" / SITE_FILE
        state, local = kit / STATE, kit / "local"
    site = next((site for site in read_site_file(file) if site.name == name), None)
    if site is None:
        raise InputError(f"{file}: does not describe the site {name}; add it below `sites:`")
    return Place(site, state, local, site.bundle)


def server_place(kit: Path) -> Place:
    """Where the server works; ``kit`` is its startup kit's folder."""
    if places := os.environ.get(PLACES):
        content = json.loads(Path(places).read_text(encoding="utf-8"))
        bundle = content["server_bundle"]
        return Place(None, Path(content["state"]) / "server", Path(content["local"]), None if bundle is None else Path(bundle))
    return Place(None, kit / STATE, kit / "local", None)
