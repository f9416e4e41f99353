"""What `medn evaluate flow` tells, as a picture: the confusion matrix and the action units beside chance."""

from pathlib import Path

from matplotlib.figure import Figure

from medn.evaluation.flow import FlowResult
from medn.model import EMOTIONS


def draw_flow(result: FlowResult, picture: Path) -> None:
    """Write a PNG."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    matrix, units = figure.subplots(1, 2)
    counts = result.whole.confusion
    shares = [[n / max(sum(row), 1) for n in row] for row in counts]
    matrix.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(counts):
        for x, n in enumerate(row):
            matrix.text(x, y, str(n), ha="center", va="center", color="white" if shares[y][x] > 0.5 else "black")
    matrix.set(
        xticks=range(len(EMOTIONS)), yticks=range(len(EMOTIONS)), xlabel="predicted", ylabel="true",
        title=f"UF1 {result.whole.uf1:.3f} over {result.whole.clips} clips",
    )  # fmt: skip
    matrix.set_xticklabels(EMOTIONS)
    matrix.set_yticklabels(EMOTIONS)
    known = [unit for unit in result.aus if unit.auc is not None]
    units.bar(
        [f"{unit.name}\n{unit.positives}" for unit in known], [unit.auc or 0.0 for unit in known], color="#3b6ea5"
    )
    units.axhline(0.5, color="black", linestyle=":", label="chance")
    units.set(ylim=(0, 1), ylabel="AUC", title="Action units, with how many clips show them")
    units.legend()
    figure.savefig(picture, dpi=110)
