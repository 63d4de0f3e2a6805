"""The NVFlare executor that runs at a site."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from nvflare.apis.dxo import DXO, MetaKey, from_shareable
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.client.opening import Refused, open_place
from nodulescope.federated.client.site_work import SiteWork
from nodulescope.federated.ledger.reasons import HEADER, Reason
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import STATE
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.arrays import size_of, to_tensors


class BundleExecutor(Executor):
    """Does what the server asks of a site: check, train, evaluate, train for the site itself.

    What goes wrong is told to the server as one of :class:`~nodulescope.federated.ledger.reasons.Reason` and nothing more; the site finds
    the whole message in ``problem.txt`` of its state folder.

    Args:
        settings: the job's, as plain values.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        self.settings = settings
        self._state: Path | None = None
        self._work: SiteWork | None = None

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        """Do one task."""
        begun = time.monotonic()
        try:
            work = self._opened(fl_ctx)
            if task_name == tasks.CHECK:
                return work.check().to_shareable()
            received = from_shareable(shareable)
            down = int(received.get_meta_prop(tasks.BYTES) or size_of(received.data))
            report: dict[str, Any] = {"round": int(received.get_meta_prop(MetaKey.CURRENT_ROUND, 0)), "bytes_down": down}
            result = self._do(task_name, work, received, abort_signal)
        except Refused as refusal:
            return self._refuse(refusal.reason, refusal)
        except NodulescopeError as error:
            return self._refuse(Reason.UNREADABLE_DATA, error)
        except Exception as error:  # whatever a bundle's own code raises: this site is out of the round, the federation goes on
            self.log_error(fl_ctx, f"{task_name} failed: {type(error).__name__}")  # its text may quote names of files
            return self._refuse(Reason.TRAINING_FAILED, error)
        report = {**report, **result.meta.get(tasks.REPORT, {}), "seconds": time.monotonic() - begun}
        return DXO(result.data_kind, result.data, {**result.meta, tasks.REPORT: report}).to_shareable()

    def _do(self, task_name: str, work: SiteWork, received: DXO, abort_signal: Signal) -> DXO:
        weights = to_tensors({name: value for name, value in received.data.items() if not name.startswith(tasks.CONTROL)})
        controls = {name.removeprefix(tasks.CONTROL): value for name, value in received.data.items() if name.startswith(tasks.CONTROL)}
        work.stop_on(abort_signal)
        if task_name == tasks.TRAIN:
            number = int(received.get_meta_prop(MetaKey.CURRENT_ROUND, 0))
            return work.train_round(number, weights, to_tensors(controls), received.get_meta_prop(tasks.MEASURE, True))
        if task_name == tasks.EVALUATE:
            return work.evaluate(weights)
        return work.personalise(weights)

    def _opened(self, fl_ctx: FLContext) -> SiteWork:
        if self._work is None:
            settings = JobSettings.from_json(self.settings)
            kit = Path(fl_ctx.get_engine().get_workspace().get_root_dir())
            self._state = kit / STATE  # until the site file says another
            place = open_place(settings, fl_ctx.get_identity_name(), kit)
            self._state = place.state
            self._work = SiteWork(settings, place)
        return self._work

    def _refuse(self, reason: Reason, error: Exception) -> Shareable:
        if self._state is not None:
            self._state.mkdir(parents=True, exist_ok=True)
            (self._state / "problem.txt").write_text(f"{type(error).__name__}: {error}\n", encoding="utf-8")
        return make_reply(ReturnCode.EXECUTION_EXCEPTION, headers={HEADER: reason.name})
