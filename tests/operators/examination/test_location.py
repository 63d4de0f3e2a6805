from __future__ import annotations

import pytest

from nodulescope.operators.examination import Location, Region, Third


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location(Region.POSTERIOR, Third.UPPER, 4.2), "right lung, upper third, posterior, 4 mm from the pleura"),
        (Location(Region.CENTRAL, Third.MIDDLE, 23.5), "right lung, middle third, central, 24 mm from the pleura"),
        (Location(Region.ANTEROLATERAL, Third.LOWER, 0.6), "right lung, lower third, anterolateral, touching the pleura"),
        (Location(Region.POSTEROMEDIAL, None, 1.0), "right lung, posteromedial, 1 mm from the pleura"),
        (Location(Region.MEDIAL, Third.LOWER, None), "right lung, lower third, medial"),
    ],
)
def test_the_text_says_what_is_known_and_no_more(location, text):
    assert location.text("right") == text


def test_a_distance_is_not_negative():
    with pytest.raises(ValueError, match=r"-0\.5 mm"):
        Location(Region.CENTRAL, None, -0.5)
