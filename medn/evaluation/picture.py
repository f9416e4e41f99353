"""An evaluation as a picture: the confusion matrix and the AUC of each action unit."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import matplotlib as mpl
import numpy as np

from medn.contract import EMOTIONS
from medn.evaluation.recognition import Recognition, confusion

mpl.use("Agg")

from matplotlib import pyplot as plt


def draw_recognition(results: Sequence[Recognition], path: Path) -> None:
    """Write a PNG of one evaluation, or of one for each seed: counts summed, scores averaged.

    Needs the `lab` extra (matplotlib).
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(1, 1.5), layout="constrained")
    counts = confusion(results)
    left.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Greys", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = count / max(counts[row].sum(), 1)
        left.text(column, row, str(count), ha="center", va="center", color="white" if share > 0.5 else "black")
    left.set_xticks(range(len(EMOTIONS)), EMOTIONS)
    left.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    left.set_xlabel("predicted")
    left.set_ylabel("coded")
    uf1, uar = (mean(getattr(result.whole, name) for result in results) for name in ("uf1", "uar"))
    seeds = f" × {len(results)} seeds" if len(results) > 1 else ""
    left.set_title(f"{results[0].whole.clips} clips{seeds}: UF1 {uf1:.3f}, UAR {uar:.3f}", fontsize="medium")
    known = [units for units in zip(*(result.aus for result in results), strict=True) if units[0].auc is not None]
    names = [f"{units[0].name}\n{units[0].positives}" for units in known]
    right.bar(names, [mean(unit.auc or 0.0 for unit in units) for units in known], color="0.4")
    right.axhline(0.5, color="0.7", linewidth=1)
    right.set_ylim(0, 1)
    right.set_ylabel("AUC")
    right.set_title("Action units, with how many clips show each", fontsize="medium")
    right.tick_params(axis="x", labelsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)
