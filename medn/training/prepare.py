"""Samples made once and kept: synthetic pairs and windows, and the clips of a user's own database."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS, FRAMES, SIZE_PX
from medn.data.databases.action_units import au_labels
from medn.data.databases.clip import Clip as CodedClip
from medn.data.databases.frames import number_in
from medn.data.samples import Samples, begin_samples, write_samples
from medn.face.aligned import align, alignment
from medn.face.flow import halved_flow
from medn.face.landmarker import Landmarker
from medn.face.window import faces_at
from medn.synthetic.clips import Clip, clips
from medn.synthetic.pairs import Pair, pairs
from medn.synthetic.portrait import Split, read_portraits
from medn.synthetic.registration import load_shapes

Progress = Callable[[int, int], None]
"""Samples done, samples in all."""


def write_pairs(
    folder: Path,
    faces: Path,
    count: int,
    *,
    seed: int = 0,
    split: Split = "train",
    ict: Path | None = None,
    progress: Progress = lambda *_: None,
) -> None:
    """Write `count` synthetic pairs (flow alone) made of the portraits in `faces`, neutral and smiling, of one split.

    `ict` is an ICT-FaceKit file, the second source of shapes. The same arguments give the same samples. Raises
    ValueError, here and below, where a whole set lies in `folder`.
    """
    portraits = [p for expression in ("neutral", "smiling") for p in read_portraits(faces, split, expression)]
    made = islice(pairs(portraits, _shapes(ict), seed), count)
    begin_samples(folder)
    rows = [_pair_row(pair) for pair in _reported(made, count, progress)]
    origin = {"made of": "synthetic pairs", "seed": seed, "split": split, "shapes": _shape_names(ict)}
    write_samples(folder, _stacked(rows), origin)


def write_windows(
    folder: Path,
    faces: Path,
    count: int,
    *,
    seed: int = 0,
    split: Split = "train",
    ict: Path | None = None,
    progress: Progress = lambda *_: None,
) -> None:
    """Write `count` synthetic windows: half micro-expressions, half what a spotter might take for one.

    Arguments as of `write_pairs`. Frame rates are 25, 30 and 60 a second.
    """
    portraits, shapes = read_portraits(faces, split), _shapes(ict)
    begin_samples(folder)
    rates = (25.0, 30.0, 60.0)
    shares = (count // 5, count - 2 * (count // 5), count // 5)
    made = (
        clip
        for number, (fps, share) in enumerate(zip(rates, shares, strict=True))
        for clip in islice(clips(portraits, shapes, 1000 * seed + number, fps), share)
    )
    rows = [
        _clip_row(clip, np.random.default_rng([seed, i])) for i, clip in enumerate(_reported(made, count, progress))
    ]
    origin = {"made of": "synthetic clips", "seed": seed, "split": split, "shapes": _shape_names(ict)}
    write_samples(folder, _stacked(rows), origin)


def write_database(
    folder: Path, coded: Sequence[CodedClip], *, progress: Progress = lambda *_: None
) -> tuple[str, ...]:
    """Write the coded micro-expressions of a user's own databases as windows; returns a sentence for each left out.

    Where no apex is coded, it is the frame that differs most from the onset's. The warp is that of the onset's face.
    """
    begin_samples(folder)
    rows, left_out = [], []
    with Landmarker("image") as landmarker:
        for clip in _reported(coded, len(coded), progress):
            row = _coded_row(clip, landmarker)
            if isinstance(row, str):
                left_out.append(f"{clip.subject} {clip.name}: {row}")
            else:
                rows.append(row)
    if not rows:
        raise ValueError(f"None of the {len(coded)} clips could be made into a sample: {'; '.join(left_out[:3])}.")
    write_samples(folder, _stacked(rows), {"made of": sorted({clip.database for clip in coded})})
    return tuple(left_out)


Row = dict[str, Any]
_Item = TypeVar("_Item")


def _pair_row(pair: Pair) -> Row:
    return {
        "flow": pair.flow, "faces": np.empty((0, SIZE_PX, SIZE_PX), np.uint8), "rise_s": 0.0, "emotion": pair.emotion,
        "aus": pair.aus, "micro": 1.0, "subject": f"synthetic/{pair.identity}", "kind": "micro",
    }  # fmt: skip


def _clip_row(clip: Clip, rng: np.random.Generator) -> Row:
    """A clip as a spotter would hand it on: its bounds are off by a little, the warp is that near the onset."""
    slip = rng.normal(0, 0.02, 2)
    onset_s = max(clip.onset_s + float(slip[0]), float(clip.times_s[0]))
    apex_s = min(max(clip.apex_s + float(slip[1]), onset_s + 0.04), float(clip.times_s[-1]))
    warp = alignment(clip.points[max(int(np.searchsorted(clip.times_s, onset_s)) - 1, 0)])
    aligned = np.stack([align(frame, warp) for frame in clip.frames])
    moving = clip.movement.kind in ("micro", "macro")
    return {
        **_seen(aligned, clip.times_s, onset_s, apex_s),
        "emotion": EMOTIONS.index(clip.movement.emotion) if clip.is_micro else -1,
        "aus": np.array([name in clip.movement.aus if moving else 0 for name in AU_NAMES], np.float32),
        "micro": float(clip.is_micro),
        "subject": f"synthetic/{clip.identity}",
        "kind": clip.movement.kind,
    }


def _coded_row(clip: CodedClip, landmarker: Landmarker) -> Row | str:
    """A database's clip as a sample, or why it cannot be one."""
    files = clip.frames[clip.onset : clip.offset + 1]
    frames = [frame for frame in (cv2.imread(str(file)) for file in files) if frame is not None]
    if len(frames) < len(files):
        return "a frame cannot be read"
    found = landmarker(np.ascontiguousarray(frames[0][:, :, ::-1]))
    if not found:
        return "no face was found at the onset"
    aligned = np.stack([align(frame, alignment(found[0].points)) for frame in frames])
    numbers = np.array([number_in(file) for file in files])
    times_s = (numbers - numbers[0]) / clip.fps  # frames that are missing took their time, too
    apex = clip.apex - clip.onset if clip.apex is not None else _most_changed(aligned)
    if not 0 < apex < len(frames):
        return "the apex is not after the onset"
    return {
        **_seen(aligned, times_s, 0.0, float(times_s[apex])),
        "emotion": EMOTIONS.index(clip.emotion3) if clip.emotion3 else -1,
        "aus": au_labels(clip.aus, AU_NAMES),
        "micro": 1.0,
        "subject": clip.subject_key,
        "kind": "micro",
    }


def _seen(aligned: NDArray[np.uint8], times_s: NDArray[np.float64], onset_s: float, apex_s: float) -> Row:
    spread = faces_at(aligned, times_s, np.linspace(onset_s, apex_s, FRAMES))
    flow = halved_flow(spread[0], spread[-1]).astype(np.float16)
    return {"flow": flow, "faces": spread, "rise_s": apex_s - onset_s}


def _most_changed(aligned: NDArray[np.uint8]) -> int:
    """The frame that differs most from the first, light taken out."""
    smooth = np.stack([cv2.GaussianBlur(face, (0, 0), 2).astype(np.float32) for face in aligned])
    smooth -= smooth.mean(axis=(1, 2), keepdims=True)
    return int(np.abs(smooth - smooth[0]).mean(axis=(1, 2)).argmax())


def _stacked(rows: list[Row]) -> Samples:
    return Samples(
        flow=np.stack([row["flow"] for row in rows]),
        faces=np.stack([row["faces"] for row in rows]),
        rise_s=np.array([row["rise_s"] for row in rows], np.float32),
        emotion=np.array([row["emotion"] for row in rows], np.int64),
        aus=np.stack([row["aus"] for row in rows]),
        micro=np.array([row["micro"] for row in rows], np.float32),
        subject=np.array([row["subject"] for row in rows]),
        kind=np.array([row["kind"] for row in rows]),
    )


def _reported(items: Iterable[_Item], count: int, progress: Progress) -> Iterator[_Item]:
    for done, item in enumerate(items, 1):
        yield item
        progress(done, count)


def _shapes(ict: Path | None) -> list[Any]:
    return [load_shapes()] + ([load_shapes(ict)] if ict else [])


def _shape_names(ict: Path | None) -> list[str]:
    return ["anny"] + (["ICT-FaceKit"] if ict else [])
