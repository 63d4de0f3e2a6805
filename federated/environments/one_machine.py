"""A federation on one machine with everything that a real one has: certificates, mutual TLS, gRPC, one process per site."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import yaml

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.environments.machine import Machine
from nodulescope.federated.environments.processes import ORGANISATION, Processes, processes
from nodulescope.federated.environments.session import session
from nodulescope.federated.ledger.ledger import FILE, Status, read_ledger
from nodulescope.federated.provisioning.allow_list import ALLOW_LIST, AllowList
from nodulescope.federated.provisioning.kits import EXAMPLE, OWN_BUILDER, Kits, provision
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.settings import JobSettings

SERVER = "localhost"
LEAD = "lead@here.example"
START_S = 300.0


def run_on_one_machine(
    recipe: FederatedRecipe,
    settings: JobSettings,
    machine: Machine,
    watch: Callable[[], None],
    *,
    started: Callable[[Processes], None] | None = None,
) -> Path:
    """Run a job to its end.

    Args:
        recipe: the job.
        settings: the job's.
        machine: the folders on this machine.
        watch: called again and again while it runs.
        started: called once with the processes.

    Returns:
        Folder that holds the ledger and the weights.

    Raises:
        NodulescopeError: the job did not come to an end, or left no ledger.
    """
    ledger = machine.state / "server" / settings.run
    earlier = _written(ledger)

    def ended() -> bool:
        """The ledger is closed: NVFlare itself would go on to wait for a site that is gone, and nothing of the result would change."""
        watch()
        return _written(ledger) != earlier and read_ledger(ledger).status is not Status.RUNNING

    kits = make_kits(settings, machine)
    jobs = machine.folder / "job"
    recipe.export(str(jobs))
    with processes(machine.environment(), machine.folder / "logs") as running:
        running.start_server(kits.server)
        for kit in kits.sites.values():
            running.start_site(kit)
        with session(kits.people[LEAD], START_S) as lead:
            lead.wait_for_sites(settings.sites, settings.min_sites, settings.join_timeout_s)
            number = lead.submit(jobs / settings.run)
            if started is not None:
                started(running)
            lead.wait(number, settings.longest_s, ended)
            watch()
            if _written(ledger) == earlier:
                raise NodulescopeError(f"the job did not come to run ({lead.details(number)})")
    return machine.result_folder("server", settings.run, machine.folder / "logs" / f"{SERVER}.log")


def make_kits(settings: JobSettings, machine: Machine) -> Kits:
    """Startup kits of a server on this machine and of the job's sites, which allow the job's bundle and nothing else."""
    project = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    project["name"] = "one_machine"
    project["participants"] = [
        {"name": SERVER, "type": "server", "org": ORGANISATION, "fed_learn_port": free_port()},
        *({"name": site, "type": "client", "org": ORGANISATION} for site in settings.sites),
        {"name": LEAD, "type": "admin", "org": ORGANISATION, "role": "lead"},
    ]
    own = next(builder for builder in project["builders"] if builder["path"] == OWN_BUILDER)
    own["args"]["storage"] = str(machine.folder / "stored")
    file = machine.folder / "project.yml"
    file.write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")
    kits = provision(file, machine.folder / "kits")
    allowed = AllowList({settings.bundle: (settings.bundle_sha256,)})
    for kit in kits.sites.values():
        allowed.write(kit / "local" / ALLOW_LIST)
    return kits


def _written(ledger: Path) -> float:
    """When the ledger in a folder was last written; 0 if it never was."""
    file = ledger / FILE
    return file.stat().st_mtime if file.is_file() else 0.0


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
