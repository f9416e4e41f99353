"""Damaged video files through the real decoders: read as far as they go, or refused in one sentence.

All files go through one process of their own, because a decoder that crashes would take the tests with it.
"""

import random
import subprocess
import sys
import tempfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from realtime.sources import SourceError, open_source
from realtime.types import Frame
from realtime.viewing.playback import Playback
from tests.recordings import grey, noise, write_video
from tests.test_sources_files import write_file

COPIES = 360
HEAD = 1500
"""Bytes at the start and at the end of a file that hold its description."""


def whole_files(folder):
    """Files of several containers, codecs, shapes and times."""
    yield write_file(folder / "sound.mp4", sound=True, picture_from_ms=300)
    yield write_file(folder / "sound.mkv", sound=True)
    yield write_file(folder / "old.avi", codec="mpeg4")
    yield write_file(folder / "upright.mov", rotation_deg=90)
    yield write_file(folder / "stream.ts", sound=True)
    yield write_file(folder / "dv.mp4", pixel_aspect=Fraction(4, 3))
    pictures = list(noise(20))
    yield write_video(folder / "index first.mp4", pictures, range(0, 800, 40), index_first=True)
    yield write_video(folder / "noise.mkv", pictures, range(0, 800, 40))
    odd_ms = [-500, -499, 0, 1, 40, 41, 10_000, 3_600_000, 3_600_001, 900_000_000]
    yield write_video(folder / "times.mkv", [grey(20 * level) for level in range(len(odd_ms))], odd_ms)


def damaged(data, seed):
    """A copy with bits flipped anywhere, at its start or at its end, a stretch of zeros, or its end cut off."""
    rng, data = random.Random(seed), bytearray(data)
    kind = rng.randrange(5)
    if kind == 3:
        start = rng.randrange(len(data))
        data[start : start + 200] = bytes(len(data[start : start + 200]))
    elif kind == 4:
        del data[rng.randrange(len(data)) :]
    else:
        reach = min(HEAD, len(data)) if kind else len(data)
        for _ in range(rng.choice([1, 3, 10, 60])):
            place = rng.randrange(reach)
            data[len(data) - 1 - place if kind == 2 else place] ^= 1 << rng.randrange(8)
    return data


def read(path):
    """Whether an analysis can read a file; what it reads is in order, and every frame is accounted for."""
    with open_source(str(path)) as source:
        items = list(source)
    frames = [item for item in items if isinstance(item, Frame)]
    assert all(one.time_s < other.time_s for one, other in pairwise(frames))
    numbers = [item.index for item in items if hasattr(item, "index")]
    assert numbers == list(range(len(numbers)))


def play(path):
    """Whether Review can show a file: every frame that it lists is a picture, or is refused."""
    with Playback(path) as playback:
        for index in range(min(len(playback.times_s), 8)):
            try:
                assert playback.frame(index).image.ndim == 3
            except SourceError:
                continue


def refusal(use, path):
    """The sentence with which a file is refused; empty if it is not."""
    try:
        use(path)
    except SourceError as error:
        return str(error)
    return ""


def run_all(folder):
    done = {True: 0, False: 0}
    for number, whole in enumerate(whole_files(folder)):
        data = whole.read_bytes()
        for seed in range(COPIES // 9):
            path = folder / f"{seed} {whole.name}"
            path.write_bytes(damaged(data, 1000 * number + seed))
            print(path.name, file=sys.stderr, flush=True)  # the last one named is the one that a crash is about
            for use in (read, play):
                sentence = refusal(use, path)
                done[not sentence] += 1
                assert not sentence or (path.name in sentence and "\n" not in sentence), sentence
            path.unlink()
    print(done[True], done[False])


def test_no_damage_to_a_video_file_crashes_hangs_or_raises_anything_but_a_sentence(tmp_path):
    command = [sys.executable, "-m", "tests.test_fuzz_files"]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=300, check=False)
    assert done.returncode == 0, f"code {done.returncode}: {done.stderr[-2000:]}"
    read_or_shown, refused = map(int, done.stdout.split())
    assert read_or_shown + refused == 2 * COPIES
    assert min(read_or_shown, refused) > COPIES / 4


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        run_all(Path(place))
