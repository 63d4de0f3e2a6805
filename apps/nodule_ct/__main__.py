"""``python -m nodulescope.apps.nodule_ct -i IN -o OUT``: the application by MONAI Deploy's conventions.

Arguments and ``HOLOSCAN_*`` environment variables are those of the App SDK: ``-i`` or ``HOLOSCAN_INPUT_PATH``, ``-o`` or
``HOLOSCAN_OUTPUT_PATH``, ``-m`` or ``HOLOSCAN_MODEL_PATH`` (a folder whose subfolders, named like stages, replace the shipped bundles),
``HOLOSCAN_CONFIG_PATH`` (settings in the form of ``app.yaml``), ``HOLOSCAN_TIMEOUT`` (seconds).
"""

from __future__ import annotations

import logging
import math
import os
import sys
from dataclasses import replace
from pathlib import Path

from monai.deploy.core.arg_parser import parse_args, set_up_logging
from monai.deploy.core.runtime_env import RuntimeEnv

from nodulescope.apps.nodule_ct.app import run_app
from nodulescope.apps.nodule_ct.settings import read_settings
from nodulescope.apps.nodule_ct.supervision import Supervisor
from nodulescope.bundles.errors import NodulescopeError, UsageError
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
    mounted = {stage: models / stage for stage in STAGES if (models / stage / "configs").is_dir()}
    try:
        settings = read_settings(_mounted_settings())
        with Supervisor(_time_limit_s()) as supervisor:
            run_app(source, out, replace(settings, bundles={**settings.bundles, **mounted}), supervisor)
    except NodulescopeError as error:
        logger.error("%s", error)  # a user reads one line, not a traceback
        return error.exit_code
    except Exception:
        logger.exception("the analysis failed")
        return 1
    return 0


def _mounted_settings() -> Path | None:
    """The file that ``HOLOSCAN_CONFIG_PATH`` names, where there is one."""
    file = Path(os.environ.get("HOLOSCAN_CONFIG_PATH") or "none")
    return file if file.is_file() else None


def _time_limit_s() -> float:
    """What ``HOLOSCAN_TIMEOUT`` allows; 0 for no limit.

    Raises:
        UsageError: it is no number of seconds.
    """
    text = os.environ.get("HOLOSCAN_TIMEOUT") or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds < math.inf:
        raise UsageError(f"HOLOSCAN_TIMEOUT={text}: give a number of seconds, or 0 for no limit")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
