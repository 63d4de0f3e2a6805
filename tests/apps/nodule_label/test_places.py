from __future__ import annotations

from typing import Any

import pytest
from small_chest import SmallChest

from nodulescope.apps.nodule_label.places import clicked_places
from nodulescope.bundles.errors import InputError


def test_voxels_and_points_are_the_same_places(chest: SmallChest) -> None:
    by_voxel = clicked_places(chest.ct, {"foreground": [[0, 0, 0], [95, 71, 71]]})
    by_point = clicked_places(chest.ct, {"points_lps_mm": [[-95, -71, -71], [95, 71, 71]]})
    assert [place.center_lps_mm for place in by_voxel] == [(-95.0, -71.0, -71.0), (95.0, 71.0, 71.0)]
    assert by_voxel == by_point
    assert clicked_places(chest.ct, {"foreground": [3, 4, 5]}) == clicked_places(chest.ct, {"foreground": [[3, 4, 5]]})
    assert clicked_places(chest.ct, {"foreground": []}) == ()


@pytest.mark.parametrize("given", [[[96, 0, 0]], "here", [[1, 2]], [["a", 0, 0]], [[float("nan"), 0, 0]]])
def test_what_is_no_place_in_the_image_is_refused(given: Any, chest: SmallChest) -> None:
    with pytest.raises(InputError, match="point"):
        clicked_places(chest.ct, {"foreground": given})
