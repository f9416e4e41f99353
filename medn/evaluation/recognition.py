"""Predictions for coded micro-expressions, scored against the codes: classes, action units, calibration.

One form for every evaluation on clips, whether one network is used for all of them or each subject's clips are
predicted by one that never saw that subject, once for each of several seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS
from medn.data.flow_archive import FlowArchive, read_flow_archive
from medn.data.samples import Samples
from medn.evaluation.calibration import TemperatureScaling, folded_scaling
from medn.evaluation.metrics import AUScore, ClassScores, au_scores, class_scores, expected_calibration_error
from medn.face.flow import published_maps
from medn.model.motion import MotionBranch


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is coded of N clips."""

    emotion: NDArray[np.int64]
    """(N,) class number of `medn.contract.EMOTIONS`."""
    aus: NDArray[np.float32]
    """(N, 12) in the network's order: 1 there, 0 not there, NaN unknown."""
    subject: NDArray[np.str_]
    """(N,) "database/subject": databases use the same names for their subjects."""

    @property
    def database(self) -> NDArray[np.str_]:
        """(N,)."""
        return np.array([str(key).split("/", 1)[0] for key in self.subject])

    @classmethod
    def of_archive(cls, archive: FlowArchive) -> Self:
        """The truth of flow maps; action units that the network does not output are left out."""
        aus = np.full((len(archive), len(AU_NAMES)), np.nan, np.float32)
        for name, column in zip(archive.au_names, archive.au.T, strict=True):
            if name in AU_NAMES:
                aus[:, AU_NAMES.index(name)] = column
        return cls(archive.label, aus, archive.subject_key)

    @classmethod
    def of_samples(cls, samples: Samples) -> Self:
        """Of a database's clips, all of which must have a class."""
        return cls(np.asarray(samples.emotion), np.asarray(samples.aus), np.asarray(samples.subject))

    def __len__(self) -> int:
        return len(self.emotion)


class Predictions(NamedTuple):
    """Predictions for N clips, as probabilities."""

    emotion: NDArray[np.float32]
    """(N, 3), each row sums to 1."""
    aus: NDArray[np.float32]
    """(N, 12)."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """Plain numbers: `dataclasses.asdict` of it is JSON."""

    whole: ClassScores
    by_database: dict[str, ClassScores]
    aus: tuple[AUScore, ...]
    """The units that are coded in any clip."""
    au_mean_auc: float | None
    """Over the units for which an AUC exists."""
    calibration_error: float
    """Expected calibration error of the classes' probabilities, 15 bins."""
    scaling: TemperatureScaling | None = None
    """What one temperature brings, on subjects that it was not fitted to."""


def score(truth: Truth, predictions: Predictions) -> Recognition:
    """Score the predictions for all clips at once, as MEGC 2019 pools them."""
    predicted = predictions.emotion.argmax(axis=1)

    def scores(at: NDArray[np.bool_]) -> ClassScores:
        return class_scores(truth.emotion[at], predicted[at], len(EMOTIONS), truth.subject[at])

    units = tuple(unit for unit in au_scores(truth.aus, predictions.aus, AU_NAMES) if unit.clips)
    return Recognition(
        whole=scores(np.ones(len(truth), np.bool_)),
        by_database={str(name): scores(truth.database == name) for name in np.unique(truth.database)},
        aus=units,
        au_mean_auc=mean_auc(units),
        calibration_error=expected_calibration_error(predictions.emotion, truth.emotion),
    )


def evaluate_flow(path: Path, motion: MotionBranch) -> Recognition:
    """Evaluate a motion branch on an archive of flow maps.

    Raises ValueError with one sentence where the file cannot be read, or its maps are not 28 × 28.
    """
    archive = read_maps(path)
    truth, predictions = Truth.of_archive(archive), predict_maps(motion, published_maps(archive.flow))
    recognition = score(truth, predictions)
    if len(np.unique(truth.subject)) < 2:
        return recognition
    return replace(recognition, scaling=folded_scaling(predictions.emotion, truth.emotion, truth.subject))


def read_maps(path: Path) -> FlowArchive:
    """An archive of maps that a motion branch reads: 28 × 28, one at least. Raises ValueError with one sentence."""
    archive = read_flow_archive(path)
    if archive.flow.shape[1:3] != (28, 28):
        raise ValueError(f"{path}: flow maps must be 28 × 28, not {archive.flow.shape[1]} × {archive.flow.shape[2]}.")
    if not len(archive):
        raise ValueError(f"{path} holds no flow map.")
    return archive


def predict_maps(motion: MotionBranch, maps: NDArray[np.float32]) -> Predictions:
    """Predictions of a motion branch for maps (N, 3, 28, 28) whose amplitudes are unknown."""
    motion.eval()
    with torch.inference_mode():
        output = motion(torch.from_numpy(maps), torch.zeros(len(maps), 2))
    return Predictions(output.emotion_logits.softmax(dim=1).numpy(), output.au_logits.sigmoid().numpy())


def mean_auc(units: Sequence[AUScore]) -> float | None:
    """Over the units for which an AUC exists; None where there is none."""
    known = [unit.auc for unit in units if unit.auc is not None]
    return mean(known) if known else None


def recognition_table(results: Sequence[Recognition], oracle: Sequence[ClassScores] = ()) -> str:
    """One evaluation, or one for each seed, as plain text: classes, the confusion matrix, calibration, action units.

    Of several, means ± sample standard deviations are given, and the confusion matrix is the sum. `oracle` adds a row.
    """
    first = results[0]
    rows = {"all": [result.whole for result in results]}
    rows |= {name: [result.by_database[name] for result in results] for name in first.by_database}
    if oracle:
        rows["all, ORACLE EPOCH (chosen by test score)"] = list(oracle)
    wide = max(map(len, rows))
    score_width = len(spread([0.5] * len(results)))
    lines = [
        f"{'':{wide}}  clips  {'UF1':{score_width}}  95 % interval   {'UAR':{score_width}}  "
        "always the largest class: UF1 / UAR"
    ]
    for name, scores in rows.items():
        low, high = (mean(ends) for ends in zip(*(s.uf1_interval or (np.nan, np.nan) for s in scores), strict=True))
        lines.append(
            f"{name:{wide}}  {scores[0].clips:5d}  {spread([s.uf1 for s in scores])}  {low:.3f} to {high:.3f}  "
            f"{spread([s.uar for s in scores])}  {scores[0].baseline_uf1:.3f} / {scores[0].baseline_uar:.3f}"
        )
    lines += ["", "true class   predicted " + " ".join(f"{name:>9}" for name in EMOTIONS)]
    lines += [
        f"{name:22} " + " ".join(f"{n:9d}" for n in row) for name, row in zip(EMOTIONS, confusion(results), strict=True)
    ]
    lines += ["", f"expected calibration error {spread([result.calibration_error for result in results])}"]
    lines += [scaling_line(result.scaling) for result in results if result.scaling]
    return "\n".join([*lines, *_unit_lines(results)])


def scaling_line(scaling: TemperatureScaling) -> str:
    """What one temperature would bring, in a line."""
    return (
        f"scaled by a temperature, on held-out subjects ({scaling.folds} folds): calibration error "
        f"{scaling.calibration_error:.3f} ± {scaling.calibration_error_spread:.3f}, log loss {scaling.log_loss:.3f} "
        f"(unscaled {scaling.log_loss_before:.3f}); fitted on all: {scaling.temperature:.2f}"
    )


def confusion(results: Sequence[Recognition]) -> NDArray[np.int64]:
    """(3, 3) counts summed over the folds: row the true class, column the predicted one."""
    return np.sum([result.whole.confusion for result in results], axis=0)


def spread(values: Sequence[float | None], width: int = 5) -> str:
    """The mean, with ± the sample standard deviation of several; a dash where a value is unknown."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return f"{'–':^{width}}"
    return f"{mean(known):.3f}" + (f" ± {stdev(known):.3f}" if len(known) > 1 else "")


def _unit_lines(results: Sequence[Recognition]) -> list[str]:
    if not results[0].aus:
        return []
    width = len(spread([0.5] * len(results)))
    lines = ["", f"unit  clips  there  {'AUC':{width}}  {'F1':{width}}  claimed in every clip: F1"]
    for units in zip(*(result.aus for result in results), strict=True):
        both = [spread([getattr(unit, name) for unit in units], width) for name in ("auc", "f1")]
        base = spread([units[0].baseline_f1])
        lines.append(f"{units[0].name:5} {units[0].clips:5d}  {units[0].positives:5d}  {both[0]}  {both[1]}  {base}")
    if results[0].au_mean_auc is not None:
        lines.append(f"mean AUC {spread([result.au_mean_auc for result in results])}")
    return lines
