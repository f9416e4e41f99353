"""MEDN on one's own window: `python examples/recognize_window.py VIDEO ONSET_S APEX_S`.

The faces of a window are aligned under one warp, that of its first frame: what moves in them is then the face.
"""

import sys
from pathlib import Path

import numpy as np

import medn
from medn.face.aligned import align, alignment
from medn.face.landmarker import Landmarker
from realtime.sources import VideoFile
from realtime.types import Frame


def main(video: str, onset_s: str, apex_s: str) -> None:
    """Print what MEDN recognizes between two times of a recording."""
    onset, apex = float(onset_s), float(apex_s)
    frames = [item for item in VideoFile(Path(video)) if isinstance(item, Frame)]
    frames = [frame for frame in frames if onset - 0.1 <= frame.time_s <= apex + 0.1]
    with Landmarker("image") as landmarker:
        [face, *_] = landmarker(np.ascontiguousarray(frames[0].image[:, :, ::-1]))
    warp = alignment(face.points)
    faces = np.array([align(frame.image, warp) for frame in frames])
    movement = medn.load()(faces, np.array([frame.time_s for frame in frames]), onset, apex)
    print({name: round(probability, 3) for name, probability in movement.emotions.items()})
    print({name: round(probability, 3) for name, probability in movement.action_units.items() if probability >= 0.3})
    print(f"micro-expression: {movement.is_micro:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
