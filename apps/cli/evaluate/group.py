"""The commands of ``nodulescope evaluate``."""

from __future__ import annotations

import typer

from nodulescope.apps.cli.evaluate import detection, grading, model_card, segmentation

evaluate = typer.Typer(help="Measure models against readers, with intervals and a baseline.", no_args_is_help=True, add_completion=False)
evaluate.command("detection", epilog=detection.EPILOG)(detection.detection)
evaluate.command("grading", epilog=grading.EPILOG)(grading.grading)
evaluate.command("segmentation", epilog=segmentation.EPILOG)(segmentation.segmentation)
evaluate.command("model-card", epilog=model_card.EPILOG)(model_card.model_card)
