"""At a site: the NVFlare executor that counts. NVFlare's own statistics know no patients: their least count is one of values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nvflare.apis.dxo import DXO, DataKind
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.ledger.reasons import HEADER, Reason
from nodulescope.federated.sites.place import site_place
from nodulescope.federated.statistics.disclosure import disclose
from nodulescope.federated.statistics.features import FEATURES, LEAST_PATIENTS
from nodulescope.federated.statistics.site_values import site_values

TASK = "statistics"


class CountingExecutor(Executor):
    """Counts a site's scans and tells what its rule about small numbers lets out.

    Args:
        least_patients: fewer patients are not told; a site never goes below its own least number.
    """

    def __init__(self, least_patients: int = LEAST_PATIENTS) -> None:
        super().__init__()
        self.least_patients = least_patients

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        """Do the one task. What goes wrong is told as a reason; its text, which may quote names of files, stays in the site's log."""
        try:
            kit = Path(fl_ctx.get_engine().get_workspace().get_root_dir())
            told = self.count(fl_ctx.get_identity_name(), kit)
        except NodulescopeError as error:
            self.log_error(fl_ctx, str(error))
            return make_reply(ReturnCode.EXECUTION_EXCEPTION, headers={HEADER: Reason.UNREADABLE_DATA.name})
        return DXO(DataKind.STATISTICS, told).to_shareable()

    def count(self, name: str, kit: Path) -> dict[str, Any]:
        """What the site of this name tells, by feature."""
        place = site_place(name, kit)
        assert place.site is not None
        values = site_values(place.site.datalist)
        return {feature.name: disclose(values[feature.name], feature, self.least_patients).to_json() for feature in FEATURES}
