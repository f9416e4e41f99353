"""MEDN as a whole, evaluated on windows: is it a micro-expression, which class, which action units, how decoupled."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from medn.contract import AU_NAMES, EMOTIONS
from medn.data.samples import Samples
from medn.evaluation.calibration import fit_temperature, fold_temperatures
from medn.evaluation.metrics import AUScore, ClassScores, au_scores, class_scores, expected_calibration_error
from medn.face.flow import flow_maps
from medn.model.medn import MEDN, Prediction


@dataclass(frozen=True, slots=True)
class WindowResult:
    """Plain numbers: `dataclasses.asdict` of it is JSON."""

    windows: int
    identities: int
    micro_share: float
    """Of the windows; chance level of the average precision."""
    micro_auc: float | None
    """Area under the ROC curve of "is a micro-expression"; chance is 0.5."""
    false_alarms: dict[str, float]
    """Share of the windows of each other kind that are called a micro-expression at 0.5."""
    found: float
    """Share of the micro-expressions that are called one."""
    emotion: ClassScores
    """Over the micro-expressions, from the fused features."""
    motion_emotion: ClassScores
    """The same from the motion branch alone."""
    aus: tuple[AUScore, ...]
    emotion_calibration_error: float
    micro_calibration_error: float
    mean_cosine: float
    """Mean |cos| between the two branches' features, each centred over the windows: 0 is fully decoupled."""


def predict_windows(network: MEDN, samples: Samples, batch: int = 32) -> Prediction:
    """The network's prediction for every sample."""
    network.eval()
    parts = []
    for start in range(0, len(samples), batch):
        part = slice(start, start + batch)
        maps, amplitude = flow_maps(samples.flow[part])
        context = np.stack([amplitude, samples.rise_s[part]], axis=1)
        faces = torch.tensor(np.asarray(samples.faces[part])).float() / 255
        with torch.inference_mode():
            parts.append(network(faces, torch.from_numpy(maps), torch.from_numpy(context)))
    return Prediction(*(torch.cat(field) for field in zip(*parts, strict=True)))


def evaluate_windows(network: MEDN, samples: Samples) -> WindowResult:
    """Evaluate a network on windows with faces; they should be of people that are not in its training."""
    output = predict_windows(network, samples)
    micro = np.asarray(samples.micro) == 1
    chance = output.micro_logit.sigmoid().numpy()
    kinds = np.asarray(samples.kind)
    known = np.asarray(samples.emotion) >= 0
    label, subject = np.asarray(samples.emotion)[known], np.asarray(samples.subject)[known]
    classes = output.emotion_logits.softmax(dim=1).numpy()[known]
    motion_guess = output.motion_emotion_logits.numpy()[known].argmax(axis=1)
    return WindowResult(
        windows=len(samples),
        identities=len(np.unique(samples.subject)),
        micro_share=float(micro.mean()),
        micro_auc=au_scores(micro[:, None].astype(float), chance[:, None], ["micro"])[0].auc,
        false_alarms={str(k): float((chance[kinds == k] > 0.5).mean()) for k in np.unique(kinds[~micro])},
        found=float((chance[micro] > 0.5).mean()),
        emotion=class_scores(label, classes.argmax(axis=1), len(EMOTIONS), subject),
        motion_emotion=class_scores(label, motion_guess, len(EMOTIONS), subject),
        aus=tuple(au_scores(np.asarray(samples.aus)[micro], output.au_logits.sigmoid().numpy()[micro], AU_NAMES)),
        emotion_calibration_error=expected_calibration_error(classes, label),
        micro_calibration_error=expected_calibration_error(
            np.stack([1 - chance, chance], axis=1), micro.astype(np.int64)
        ),
        mean_cosine=mean_cosine(output),
    )


def mean_cosine(output: Prediction) -> float:
    """Mean |cos| between the branches' features, each centred over the windows."""
    motion, emotion = output.motion_features, output.emotion_features
    cosine = F.cosine_similarity(motion - motion.mean(dim=0), emotion - emotion.mean(dim=0), dim=1)
    return float(cosine.abs().mean())


def calibrate(network: MEDN, validation: Samples) -> dict[str, float]:
    """Fit the temperatures of all heads on windows of people that training did not see, and fold them in.

    A head of which the windows show no two answers keeps 1: a database holds micro-expressions alone, SMIC codes no
    action unit, and from one answer only the end of the search would come.
    """
    output = predict_windows(network, validation)
    emotion, micro, aus = (torch.tensor(np.asarray(x)) for x in (validation.emotion, validation.micro, validation.aus))
    known, told, there = emotion >= 0, ~micro.isnan(), ~aus.isnan()
    heads = {
        "emotion": (output.emotion_logits[known], emotion[known]),
        "micro": (output.micro_logit[told], micro[told]),
        "motion_emotion": (output.motion_emotion_logits[known], emotion[known]),
        "au": (output.au_logits[there], aus[there]),
    }
    fitted = {
        head: fit_temperature(logits, truth) if bool((truth != truth[:1]).any()) else 1.0
        for head, (logits, truth) in heads.items()
    }
    fold_temperatures(network, **fitted)
    return fitted
