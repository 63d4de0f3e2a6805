from nodulescope.federated.experiment.payload import GOAL_BYTES, payloads


def test_every_bundle_stays_below_the_goal_with_every_algorithm():
    found = {payload.bundle: payload for payload in payloads()}
    assert sorted(found) == ["lung_segmentation", "nodule_detection", "nodule_grading", "nodule_segmentation"]
    for payload in found.values():
        assert 2 * payload.parameters <= payload.down <= 2.1 * payload.parameters  # half precision, and a few counters
        assert payload.up == payload.down
        assert 0.9 * payload.parameters < payload.scaffold <= (1 + 1 / 32) * payload.parameters + 200  # 8 bits, down only
        assert payload.total + payload.scaffold < GOAL_BYTES
