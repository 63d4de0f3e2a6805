"""The two commands whose sites are processes of this machine have the same options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nodulescope.apps.cli.federate import job_options as options
from nodulescope.apps.cli.federate.here import run_and_tell
from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet

if TYPE_CHECKING:
    from nodulescope.federated.federation import Environment


def command(environment: Callable[[], Environment], summary: str) -> Callable[..., None]:
    """A command that runs a federation on this machine.

    Args:
        environment: gives where the job runs; it is imported only when the command is used.
        summary: what the command's help says.
    """

    def run_federation(
        context: typer.Context,
        bundle: options.Bundle,
        sites: options.Sites,
        output: options.Output = Path("runs/federated"),
        rounds: options.Rounds = 5,
        local_epochs: options.LocalEpochs = 1,
        algorithm: options.Algorithm = "fedavg",
        min_sites: options.MinSites = 2,
        start: options.Start = "shipped",
        config: options.Config = None,
        changes: options.Changes = None,
        keep_at_site: options.Keep = None,
        wire: options.Wire = "half",
        privacy: options.Privacy = None,
        cross_site: options.CrossSite = False,
        personal: options.Personal = 0,
        round_timeout: options.RoundTimeout = 3600,
        run: options.Run = "federation",
        resume: options.Resume = False,
        as_json: AsJson = False,
        quiet: Quiet = False,
    ) -> None:
        run_and_tell(
            bundle,
            sites,
            output,
            environment(),
            start=start,
            as_json=as_json,
            quiet=is_quiet(context, quiet),
            configs=config,
            changes=changes,
            kept_at_site=keep_at_site,
            privacy=privacy,
            rounds=rounds,
            local_epochs=local_epochs,
            algorithm=algorithm,
            min_sites=min_sites,
            wire=wire,
            cross_site=cross_site,
            personal_epochs=personal,
            round_timeout_s=round_timeout,
            run=run,
            resume=resume,
        )

    run_federation.__doc__ = summary
    return run_federation
