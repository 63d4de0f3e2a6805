"""The commands of ``nodulescope data``."""

from __future__ import annotations

import typer

from nodulescope.apps.cli.data import check, join, lidc, luna16, lungs, review, stacks

data = typer.Typer(
    help="Prepare training data: collections, annotation rules, pictures of every annotation.", no_args_is_help=True, add_completion=False
)
data.command("lidc", epilog=lidc.EPILOG)(lidc.lidc)
data.command("luna16", epilog=luna16.EPILOG)(luna16.luna16)
data.command("stacks", epilog=stacks.EPILOG)(stacks.stacks)
data.command("lungs", epilog=lungs.EPILOG)(lungs.lungs)
data.command("join", epilog=join.EPILOG)(join.join)
data.command("check", epilog=check.EPILOG)(check.check)
data.command("review", epilog=review.EPILOG)(review.review)
