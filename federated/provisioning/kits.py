"""From a project file to startup kits."""

from __future__ import annotations

import contextlib
import copy
import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nodulescope.bundles.errors import InputError, NodulescopeError, UsageError

EXAMPLE = Path(__file__).with_name("example_project.yml")
OWN_BUILDER = "nodulescope.federated.provisioning.kit_builder.NodulescopeKits"
ROOT_STATE = "root-authority"
"""Folder of the root certificate's private key. Whoever has it can make new participants."""


@dataclass(frozen=True)
class Kits:
    """Startup kits that were made.

    Attributes:
        server: folder of the server's kit.
        sites: name of a site to the folder of its kit.
        people: name of a person to the folder of their kit.
        authority: folder with the root certificate's private key, needed to add participants later.
    """

    server: Path
    sites: dict[str, Path]
    people: dict[str, Path]
    authority: Path

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "server": str(self.server),
            "sites": {name: str(path) for name, path in self.sites.items()},
            "people": {name: str(path) for name, path in self.people.items()},
            "authority": str(self.authority),
        }


def example_project() -> str:
    """A project file of three hospitals and one server, to be changed."""
    return EXAMPLE.read_text(encoding="utf-8")


def provision(project_file: Path, out: Path) -> Kits:
    """Make the startup kits of everyone in a project file; they appear whole or not at all.

    Args:
        project_file: as :func:`example_project` shows.
        out: folder for the kits, one folder each; if kits of the same project are there, their root certificate is kept, so that new kits
            work with old ones.

    Raises:
        InputError: the project file is missing or wrong.
        UsageError: ``out`` holds something else.
    """
    project = read_project(project_file)
    authority = out / ROOT_STATE
    if out.exists() and any(out.iterdir()) and not authority.is_dir():
        raise UsageError(f"{out}: holds other files; choose an empty folder, or one with kits of this project")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".nodulescope-", dir=out) as staging:
        if authority.is_dir():
            shutil.copytree(authority, Path(staging) / project["name"] / "state")
        made = _build(project, project_file, Path(staging))
        for kit in sorted(made.iterdir()):
            if kit.is_dir():
                shutil.rmtree(out / kit.name, ignore_errors=True)
                kit.replace(out / kit.name)
        shutil.rmtree(authority, ignore_errors=True)
        (Path(staging) / project["name"] / "state").replace(authority)
        authority.chmod(0o700)
    names = {kind: [p["name"] for p in project["participants"] if p["type"] == kind] for kind in ("server", "client", "admin")}
    return Kits(
        out / names["server"][0], {name: out / name for name in names["client"]}, {name: out / name for name in names["admin"]}, authority
    )


def read_project(path: Path) -> dict[str, Any]:
    """Read a project file and check what NVFlare would only stumble over.

    Raises:
        InputError: the file is missing or wrong.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such project file; `nodulescope federate provision --example {path}` writes one to change")
    try:
        project = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())[:120]})") from error
    for problem in _problems(project):
        raise InputError(f"{path}: {problem}")
    checked: dict[str, Any] = project
    return checked


def _problems(project: Any) -> list[str]:
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        return ["no project file: it needs a name, participants and builders"]
    people = project.get("participants")
    if not isinstance(people, list) or not all(isinstance(p, dict) and {"name", "type", "org"} <= set(p) for p in people):
        return ["participants must be a list, and each needs a name, a type and an org"]
    kinds = [p["type"] for p in people]
    names = [p["name"] for p in people]
    problems = [f"{name} is named twice" for name in sorted(set(names)) if names.count(name) > 1]
    if kinds.count("server") != 1:
        problems.append(f"there must be one participant of type server, not {kinds.count('server')}")
    if kinds.count("client") < 2:
        problems.append("a federation needs at least two participants of type client")
    if "lead" not in {p.get("role") for p in people}:
        problems.append("nobody has the role lead, so nobody could send a job")
    builders = project.get("builders")
    if not isinstance(builders, list) or OWN_BUILDER not in {b.get("path") for b in builders if isinstance(b, dict)}:
        problems.append(f"builders must name {OWN_BUILDER}; without it the sites would take any job")
    return problems


def _build(project: dict[str, Any], project_file: Path, staging: Path) -> Path:
    """Let NVFlare make the kits; returns the folder that holds them."""
    from nvflare.lighter.constants import CtxKey
    from nvflare.lighter.prov_utils import prepare_builders
    from nvflare.lighter.provision import prepare_project
    from nvflare.lighter.provisioner import Provisioner

    said = io.StringIO()  # NVFlare prints what goes wrong, with a traceback
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            provisioner = Provisioner(str(staging), prepare_builders(project))
            context = provisioner.provision(prepare_project(copy.deepcopy(project)))  # NVFlare empties what it is given
    except NodulescopeError:
        raise
    except Exception as error:  # builders raise many kinds
        raise InputError(f"{project_file}: the kits cannot be made ({' '.join(str(error).split())})") from error
    if context.get(CtxKey.BUILD_ERROR):
        reasons = [line for line in said.getvalue().splitlines() if line.strip()]
        raise InputError(f"{project_file}: the kits cannot be made ({reasons[-1] if reasons else 'NVFlare says no more'})")
    return Path(context.get_result_location())
