"""``nodulescope federate poc``: a federation with all its parts, on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodulescope.apps.cli.federate.on_this_machine import command

if TYPE_CHECKING:
    from nodulescope.federated.federation import Environment

EPILOG = """Examples:

nodulescope federate poc nodule_grading --sites sites.yaml -o runs/poc

nodulescope federate poc nodule_grading --sites sites.yaml --min-sites 2 --round-timeout 600

The same job as with `simulate`, but with what hospitals will have: startup kits, certificates, mutual TLS and gRPC, one process per site,
each with an allow list that holds this bundle only. Kits, logs and the job lie in DIR/work. Everything listens on this machine only and
ends with the command."""


def _environment() -> Environment:
    from nodulescope.federated.environments.one_machine import run_on_one_machine

    return run_on_one_machine


poc = command(_environment, "Rehearse a federation on one machine: real processes, certificates and connections.")
