"""``python -m nodulescope.apps.nodule_ct -i IN -o OUT``: the application by MONAI Deploy's conventions.

Arguments and ``HOLOSCAN_*`` environment variables are those of the App SDK: ``-i`` or ``HOLOSCAN_INPUT_PATH``, ``-o`` or
``HOLOSCAN_OUTPUT_PATH``, ``-m`` or ``HOLOSCAN_MODEL_PATH`` (a folder whose subfolders, named like stages, replace the shipped bundles).
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

from monai.deploy.core.arg_parser import parse_args, set_up_logging
from monai.deploy.core.runtime_env import RuntimeEnv

from nodulescope.apps.nodule_ct.app import run_app
from nodulescope.apps.nodule_ct.settings import read_settings
from nodulescope.bundles.errors import NodulescopeError
from nodulescope.bundles.predictors import STAGES

logger = logging.getLogger("nodulescope.apps.nodule_ct")


def main() -> int:
    """Run the application; returns its exit status."""
    arguments = parse_args(None)
    set_up_logging(arguments.log_level)
    surroundings = RuntimeEnv()
    source = Path(arguments.input or surroundings.input)
    out = Path(arguments.output or surroundings.output)
    models = Path(arguments.model or surroundings.model)
    settings = read_settings()
    mounted = {stage: models / stage for stage in STAGES if (models / stage / "configs").is_dir()}
    try:
        run_app(source, out, replace(settings, bundles={**settings.bundles, **mounted}))
    except NodulescopeError as error:
        logger.error("%s", error)  # a user reads one line, not a traceback
        return error.exit_code
    except Exception:
        logger.exception("the analysis failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
