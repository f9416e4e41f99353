"""A contact sheet of implants, to look at: each face at its apex without the implant, with it, and magnified."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_axis
from medn.synthetic.face_warp import warp_frame
from medn.synthetic.footage import Shot, read_shots
from medn.synthetic.implants import (
    FaceTrack,
    Implant,
    Settings,
    displacement_iod,
    scale_at_apex,
    shots_of,
    track_face,
)

MAGNIFIED = 6.0
CELL_PX = 240


def draw_sheet(implants: Mapping[Path, Sequence[Implant]], settings: Settings, path: Path, most: int = 12) -> None:
    """Draw implants of clips, spread evenly over all there are, into a PNG. Raises ValueError if there are none."""
    every = [(clip, one) for clip, ones in implants.items() for one in ones]
    if not every:
        raise ValueError(f"{path} cannot be drawn: there is no implant.")
    chosen = [every[k] for k in np.unique(np.linspace(0, len(every) - 1, most).astype(int))]
    rows = []
    for clip in dict.fromkeys(clip for clip, _ in chosen):
        track = track_face(read_shots(clip))
        assert track is not None
        track = track.forth_and_back(settings.lengthened_s)
        at = {track.nearest(one.apex_s): one for other, one in chosen if other == clip}
        rows += [
            sheet_row(at[index], shot, track, clip.stem[:12])
            for index, shot in enumerate(shots_of(clip, settings))
            if index in at
        ]
    write_sheet(rows, path)


def sheet_row(one: Implant, shot: Shot, track: FaceTrack, name: str) -> NDArray[np.uint8]:
    """(`CELL_PX`, 4 · `CELL_PX`, 3) BGR: still, apex, apex with the movement `MAGNIFIED` times, and where it moves.

    `shot` is the frame nearest to the apex in the clip without implants, `track` that clip's.
    """
    apex = track.nearest(one.apex_s)
    points = track.points[apex]
    field = scale_at_apex(one, track) * displacement_iod(one, points, track.rotations[apex])
    pictures = [shot.bgr(), *(warp_frame(shot, points, factor * field)[0].bgr() for factor in (1.0, MAGNIFIED))]
    cells = [_face(picture, points) for picture in pictures]
    difference = np.clip(4 * np.abs(cells[1].astype(np.int16) - cells[0]), 0, 255).astype(np.uint8)
    text = f"{name} {'+'.join(one.aus)} {one.side} {100 * one.amplitude_iod:.1f} %"
    cv2.putText(cells[0], text, (4, CELL_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([*cells, difference], axis=1)


def write_sheet(rows: Sequence[NDArray[np.uint8]], path: Path, columns: int = 2) -> None:
    """Write the rows as one picture, `columns` beside each other."""
    rows = [*rows, *[np.zeros_like(rows[0])] * (-len(rows) % columns)]
    lines = [np.concatenate(rows[k : k + columns], axis=1) for k in range(0, len(rows), columns)]
    path.write_bytes(cv2.imencode(path.suffix, np.concatenate(lines))[1].tobytes())


def _face(picture: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(`CELL_PX`, `CELL_PX`, 3): the face, with 0.42 of the cell between the eyes."""
    axis = eye_axis(points)
    zoom = 0.42 * CELL_PX / axis.length_px
    matrix = np.array(
        [[zoom, 0, CELL_PX / 2 - zoom * axis.x], [0, zoom, 0.42 * CELL_PX - zoom * axis.y]], dtype=np.float64
    )
    return cv2.warpAffine(picture, matrix, (CELL_PX, CELL_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
