from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport
from nodulescope.bundles.model_card.figures_block import BEGIN, END, figures_block, markdown_table, with_figures

CARD = Path("docs/README.md")


def test_figures_stand_beside_their_baseline(report: EvaluationReport) -> None:
    assert markdown_table(report.tables[0]).splitlines() == [
        "| What | network | size alone |",
        "| --- | --- | --- |",
        "| AUC \\| threes out | 0.935 (0.900 to 0.950) | 0.880 |",
        "| Kappa | 0.70 (0.60 to 0.80) |  |",
    ]


def test_the_block_holds_all_of_a_report(report: EvaluationReport) -> None:
    block = figures_block([report], [["figures-1-grading-roc.png"]])
    for part in (
        "### LIDC-IDRI",
        "3 cases of 2 patients",
        "Malignancy of 3 nodules\n\n| What",
        "![ROC curves](figures-1-grading-roc.png)",
        "- Truth",
    ):
        assert part in block
    assert not any(line.startswith("## ") for line in block.splitlines())


@pytest.mark.parametrize(
    ("measured", "shipped", "text"),
    [
        (["ab" * 32], "ab" * 32, "Measured: the weights of this bundle."),
        (
            ["ab" * 32, "cd" * 32],
            "cd" * 32,
            "begins with `abababababab`, `cdcdcdcdcdcd`, each on patients whom it had not seen; the bundle's own are a",
        ),
        (["ab" * 32], "cd" * 32, "the bundle's own are others."),
    ],
)
def test_which_weights_were_measured_is_told(measured: list[str], shipped: str, text: str, report: EvaluationReport) -> None:
    told = figures_block([replace(report, settings={"weights_sha256": measured})], [["roc.png"]], shipped)
    assert text in told


def test_the_rest_of_the_card_stays() -> None:
    card = f"# Card\n## Figures\n{BEGIN}\nold\n{END}\n\n## Limits\nText.\n"
    changed = with_figures(card, "new", CARD)
    assert changed == f"# Card\n## Figures\n{BEGIN}\nnew\n{END}\n\n## Limits\nText.\n"
    assert with_figures(changed, "new", CARD) == changed


@pytest.mark.parametrize("card", ["none", f"{BEGIN} only", f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}", f"{BEGIN}{END}{END}"])
def test_a_card_without_one_place_for_figures_is_named(card: str) -> None:
    with pytest.raises(BundleError, match=r"README\.md: figures go between"):
        with_figures(card, "new", CARD)
