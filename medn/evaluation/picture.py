"""A judgement on flow maps as a picture: the confusion matrix and what is known of each action unit."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

from medn.evaluation.flow import FlowResult
from medn.model import EMOTIONS

mpl.use("Agg")

from matplotlib import pyplot as plt


def draw_flow(result: FlowResult, path: Path) -> None:
    """Write a PNG. Needs the `train` extra (matplotlib)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(1, 1.5), layout="constrained")
    confusion = np.array(result.whole.confusion)
    left.imshow(confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1), cmap="Greys", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(confusion):
        share = count / max(confusion[row].sum(), 1)
        left.text(column, row, str(count), ha="center", va="center", color="white" if share > 0.5 else "black")
    left.set_xticks(range(len(EMOTIONS)), EMOTIONS)
    left.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    left.set_xlabel("predicted")
    left.set_ylabel("coded")
    left.set_title(f"{result.whole.clips} clips: UF1 {result.whole.uf1:.3f}, UAR {result.whole.uar:.3f}")
    known = [unit for unit in result.aus if unit.auc is not None]
    right.bar([f"{unit.name}\n{unit.positives}" for unit in known], [unit.auc or 0.0 for unit in known], color="0.4")
    right.axhline(0.5, color="0.7", linewidth=1)
    right.set_ylim(0, 1)
    right.set_ylabel("AUC")
    right.set_title("Action units, with how many clips show each")
    right.tick_params(axis="x", labelsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)
