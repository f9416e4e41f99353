"""`medn evaluate flow`: the motion branch alone, judged on published flow maps."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medn.data.flow_archive import read_flow_archive
from medn.evaluation.recognition import Answers, Recognition, Truth, score
from medn.face.flow import published_maps
from medn.model.motion import MotionBranch


def evaluate_flow(path: Path, motion: MotionBranch) -> Recognition:
    """Judge a motion branch on an archive of flow maps.

    Raises ValueError with one sentence where the file cannot be read, or its maps are not 28 × 28.
    """
    archive = read_flow_archive(path)
    if archive.flow.shape[1:3] != (28, 28):
        raise ValueError(f"{path}: flow maps must be 28 × 28, not {archive.flow.shape[1]} × {archive.flow.shape[2]}.")
    return score(Truth.of_archive(archive), answer_maps(motion, published_maps(archive.flow)))


def answer_maps(motion: MotionBranch, maps: NDArray[np.float32]) -> Answers:
    """What a motion branch says of maps (N, 3, 28, 28) whose amplitudes are unknown."""
    motion.eval()
    with torch.inference_mode():
        told = motion(torch.from_numpy(maps), torch.zeros(len(maps), 2))
    return Answers(told.emotion_logits.softmax(dim=1).numpy(), told.au_logits.sigmoid().numpy())
