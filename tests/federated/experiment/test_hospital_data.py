import json

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.federated.experiment.hospital_data import DATALISTS, POOLED, TEST, VALIDATION_BLOCKS, write_hospital_data
from nodulescope.federated.experiment.hospitals import HOSPITALS

TWO = HOSPITALS[2:]


def test_nobody_trains_on_test_cases_and_pooled_is_all_together(tmp_path):
    counted = []
    data = write_hospital_data(tmp_path, TWO, share=0.1, tested=1, seed=5, done=counted.append)
    assert counted == list(range(1, 2 * (2 + VALIDATION_BLOCKS + 1) + 1))
    for bundle in DATALISTS:
        own = [read_datalist(data.datalist(hospital.name, bundle), "training") for hospital in TWO]
        pooled = read_datalist(data.datalist(POOLED, bundle), "training")
        test = read_datalist(data.datalist(TEST, bundle), "validation")
        assert pooled == [*own[0], *own[1]]
        images = {item["image"] for item in pooled}
        assert not images & {item["image"] for item in test}
        assert not images & {item["image"] for item in read_datalist(data.datalist(POOLED, bundle), "validation")}
    cubes = json.loads(data.datalist(POOLED, "nodule_grading").read_text())["training"]
    assert sum(item["nodule"] for item in cubes) == len(cubes) / 2 == 2 * 2 * 2
