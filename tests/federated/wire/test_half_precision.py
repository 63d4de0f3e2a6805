from __future__ import annotations

import numpy as np
from nvflare.apis.dxo import DXO, DataKind, from_shareable
from nvflare.apis.fl_context import FLContext

from nodulescope.federated.wire.eight_bits import rounded
from nodulescope.federated.wire.half_precision import Lengthen, Shorten
from nodulescope.federated.wire.tasks import BYTES

VALUES = {
    "weight": np.linspace(-3, 3, 100, dtype=np.float32),
    "variance": np.array([1.0, 1e6], np.float32),
    "broken": np.array([np.nan, 1.0], np.float32),
    "count": np.array(70_000, np.int64),
    "empty": np.zeros(0, np.float32),
}


def passed(values: dict[str, np.ndarray], *filters: Shorten | Lengthen, kind: str = DataKind.WEIGHT_DIFF) -> DXO:
    shareable = DXO(kind, dict(values), {"report": {"cases": 3}}).to_shareable()
    for each in filters:
        shareable = each.process(shareable, FLContext())
    return from_shareable(shareable)


def test_what_travels_is_half_as_long() -> None:
    sent = passed(VALUES, Shorten())
    assert sent.data["weight"].dtype == np.float16
    assert sent.meta[BYTES] == 200 + 8 + 8 + 8
    assert sent.meta["report"] == {"cases": 3}


def test_what_half_precision_cannot_hold_travels_whole() -> None:
    sent = passed(VALUES, Shorten())
    for name in ("variance", "broken", "count"):
        np.testing.assert_array_equal(sent.data[name], VALUES[name])
        assert sent.data[name].dtype == VALUES[name].dtype


def test_it_arrives_in_single_precision_and_nearly_unchanged() -> None:
    arrived = passed(VALUES, Shorten(), Lengthen())
    assert {name: value.dtype for name, value in arrived.data.items()} == {name: value.dtype for name, value in VALUES.items()}
    np.testing.assert_allclose(arrived.data["weight"], VALUES["weight"], rtol=2**-11)


def test_sent_to_a_second_site_it_counts_the_same() -> None:
    assert passed(VALUES, Shorten(), Shorten(), kind=DataKind.WEIGHTS).meta[BYTES] == 224


def test_metrics_are_left_alone() -> None:
    assert passed({"auc": np.float32(0.1)}, Shorten(), kind=DataKind.METRICS).data == {"auc": np.float32(0.1)}


def test_control_variates_travel_in_8_bits_once_however_often_they_are_sent() -> None:
    control = np.random.default_rng(1).normal(size=(10, 33)).astype(np.float32)
    values = {"weight": VALUES["weight"], "control:weight": control, "control:broken": VALUES["broken"]}
    sent = passed(values, Shorten(), Shorten(), kind=DataKind.WEIGHTS)
    assert sent.meta[BYTES] == 200 + 330 + 11 + 8
    assert sent.data["control:weight"].dtype == np.int8
    arrived = passed(values, Shorten(), Shorten(), Lengthen(), kind=DataKind.WEIGHTS).data
    assert list(arrived) == list(values)
    np.testing.assert_array_equal(arrived["control:weight"], rounded(control))
    np.testing.assert_array_equal(arrived["control:broken"], VALUES["broken"])
