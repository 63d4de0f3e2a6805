from __future__ import annotations

from pathlib import Path

from PIL import Image

from nodulescope.bundles.metrics.plot_style import new_figure, save_plot


def test_a_picture_is_a_png_under_any_name_and_names_no_program(tmp_path: Path) -> None:
    figure, axes = new_figure("across", "up")
    axes.plot([0, 1], [1, 0])
    save_plot(figure, tmp_path / ".curve.png.123.part")
    with Image.open(tmp_path / ".curve.png.123.part") as image:
        assert image.format == "PNG"
        assert "Software" not in image.info
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("across", "up")
