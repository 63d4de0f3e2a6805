"""The commands of ``nodulescope federate``."""

from __future__ import annotations

import typer

from nodulescope.apps.cli.federate import allow, decrypt, experiment, poc, provision, simulate, stats, submit

federate = typer.Typer(
    help="Train a bundle at several hospitals together; the scans stay there.", no_args_is_help=True, add_completion=False
)
federate.command("simulate", epilog=simulate.EPILOG)(simulate.simulate)
federate.command("poc", epilog=poc.EPILOG)(poc.poc)
federate.command("submit", epilog=submit.EPILOG)(submit.submit)
federate.command("provision", epilog=provision.EPILOG)(provision.provision)
federate.command("allow", epilog=allow.EPILOG)(allow.allow)
federate.command("stats", epilog=stats.EPILOG)(stats.stats)
federate.command("decrypt", epilog=decrypt.EPILOG)(decrypt.decrypt)
federate.command("experiment", epilog=experiment.EPILOG)(experiment.experiment)
