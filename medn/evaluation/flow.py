"""`medn evaluate flow`: the motion branch alone, judged on published flow maps."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medn.data.flow_archive import FlowArchive, read_flow_archive
from medn.evaluation.metrics import AUScore, ClassScores, au_scores, class_scores
from medn.face.flow import published_maps
from medn.model import AU_NAMES, EMOTIONS
from medn.model.medn import MEDN


@dataclass(frozen=True, slots=True)
class FlowResult:
    """Plain numbers: `dataclasses.asdict` of it is JSON."""

    whole: ClassScores
    by_database: dict[str, ClassScores]
    aus: tuple[AUScore, ...]
    au_mean_auc: float | None
    """Over the units for which an AUC exists."""
    calibration_error: float
    """Expected calibration error of the classes' probabilities, 15 bins."""


def evaluate_flow(path: Path, network: MEDN) -> FlowResult:
    """Judge a network's motion branch on an archive of flow maps.

    Raises ValueError with one sentence where the file cannot be read, or its maps are not 28 × 28.
    """
    archive = read_flow_archive(path)
    if archive.flow.shape[1:3] != (28, 28):
        raise ValueError(f"{path}: flow maps must be 28 × 28, not {archive.flow.shape[1]} × {archive.flow.shape[2]}.")
    probabilities, aus = answer_maps(network, published_maps(archive.flow))
    return score_flow(archive, probabilities, aus)


def answer_maps(network: MEDN, maps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, 3) class and (N, 12) AU probabilities from maps (N, 3, 28, 28) whose amplitudes are unknown."""
    with torch.inference_mode():
        motion = network.motion(torch.from_numpy(maps), torch.zeros(len(maps), 2))
        return motion.emotion_logits.softmax(dim=1).numpy(), motion.au_logits.sigmoid().numpy()


def score_flow(archive: FlowArchive, probabilities: NDArray[np.float32], aus: NDArray[np.float32]) -> FlowResult:
    """Score (N, 3) class and (N, 12) AU probabilities against an archive."""
    guess = probabilities.argmax(axis=1)
    keys = archive.subject_key

    def scores(at: NDArray[np.bool_]) -> ClassScores:
        return class_scores(archive.label[at], guess[at], len(EMOTIONS), keys[at])

    shared = [name for name in archive.au_names if name in AU_NAMES]
    units = au_scores(
        archive.au[:, [archive.au_names.index(name) for name in shared]],
        aus[:, [AU_NAMES.index(name) for name in shared]],
        shared,
    )
    found = [unit.auc for unit in units if unit.auc is not None]
    return FlowResult(
        whole=scores(np.ones(len(archive), np.bool_)),
        by_database={str(name): scores(archive.dataset == name) for name in np.unique(archive.dataset)},
        aus=tuple(units),
        au_mean_auc=mean(found) if found else None,
        calibration_error=calibration_error(probabilities, archive.label),
    )


def calibration_error(probabilities: NDArray[np.float32], label: NDArray[np.int64], bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017): mean gap between confidence and accuracy, by confidence."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == label
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(right[bin_of == b].mean() - confidence[bin_of == b].mean())) * float((bin_of == b).mean())
        for b in np.unique(bin_of)
    ]
    return float(sum(gaps))


def flow_record(result: FlowResult) -> dict[str, Any]:
    """The result as the command line's JSON object."""
    return {"type": "flow", "emotions": EMOTIONS, **asdict(result)}


def flow_table(result: FlowResult) -> str:
    """The result as plain text: classes whole and by database, the confusion matrix, action units."""
    rows = {"all": result.whole, **result.by_database}
    wide = max(map(len, rows))
    lines = [f"{'':{wide}}  clips  UF1    95 % interval   UAR    always the largest class: UF1 / UAR"]
    for name, s in rows.items():
        low, high = s.uf1_interval or (float("nan"), float("nan"))
        lines.append(
            f"{name:{wide}}  {s.clips:5d}  {s.uf1:.3f}  {low:.3f} to {high:.3f}  {s.uar:.3f}  "
            f"{s.baseline_uf1:.3f} / {s.baseline_uar:.3f}"
        )
    lines += ["", "true class   predicted " + " ".join(f"{name:>9}" for name in EMOTIONS)]
    lines += [
        f"{name:22} " + " ".join(f"{n:9d}" for n in row)
        for name, row in zip(EMOTIONS, result.whole.confusion, strict=True)
    ]
    lines += ["", f"expected calibration error {result.calibration_error:.3f}", "", _au_table(result.aus)]
    if result.au_mean_auc is not None:
        lines.append(f"mean AUC {result.au_mean_auc:.3f}")
    return "\n".join(lines)


def _au_table(units: Sequence[AUScore]) -> str:
    lines = ["unit  clips  there  AUC    F1     claimed in every clip: F1"]
    for unit in units:
        told = [f"{value:.3f}" if value is not None else "  –  " for value in (unit.auc, unit.f1, unit.baseline_f1)]
        lines.append(f"{unit.name:5} {unit.clips:5d}  {unit.positives:5d}  {told[0]}  {told[1]}  {told[2]}")
    return "\n".join(lines)
