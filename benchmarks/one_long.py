"""One long recording: how much faster two workers analyse it than one, and whether they find the same in it."""

import tempfile
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.harness import Measure, Progress, Result
from benchmarks.harness.measure import ratios
from benchmarks.workers import ONE_CORE, TWO, replay


def measure(minutes: float, progress: Progress, video: Path) -> Result:
    """Analyse a video, repeated until it lasts so many minutes, by one worker on one core and by two workers."""
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / f"long{video.suffix}"
        length_s = repeated(video, long, 60 * minutes)
        progress(f"{ONE_CORE}, {minutes:g} minutes")
        one = replay(long, 1, one_core=True)
        progress(f"{TWO}, {minutes:g} minutes")
        two = replay(long, 2)
    rates = {name: [length_s / run.wall_s] for name, run in ((ONE_CORE, one), (TWO, two))}
    same = "the same" if one.found == two.found else "NOT the same"
    return Result(
        benchmark="workers-long",
        question="How much faster is one long recording analysed by two workers?",
        conditions={
            "recording": f"{video.name}, repeated to {length_s / 60:.1f} minutes without coding it anew",
            "events": f"{len(one.found)} and {len(two.found)}, {same}",
            "rounds": "1; starts of processes, loading of models and joining of sessions count",
        },
        measures=(
            Measure(ONE_CORE, "rate", "× real time", tuple(rates[ONE_CORE]), "higher"),
            Measure(ONE_CORE, "memory at most", "MB", (one.memory_mb,)),
            Measure(TWO, "rate", "× real time", tuple(rates[TWO]), "higher"),
            ratios(TWO, f"× {ONE_CORE}", rates[TWO], rates[ONE_CORE]),
            Measure(TWO, "memory at most", "MB", (two.memory_mb,)),
        ),
    )


def repeated(video: Path, path: Path, seconds: float) -> float:
    """Write a video as often in succession as it takes to reach a length, not coded anew; return its length in s."""
    with av.open(str(path), "w") as target:
        copied, begins_s = None, Fraction(0)
        while begins_s < seconds:
            with av.open(str(video)) as source:
                stream = source.streams.video[0]
                copied = copied or target.add_stream_from_template(stream)
                ends_s = Fraction(0)
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    step_s = (packet.duration or 1) * stream.time_base
                    ends_s = max(ends_s, packet.pts * stream.time_base + step_s)
                    shift = round(begins_s / stream.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, copied
                    target.mux(packet)
            begins_s += ends_s
    return float(begins_s)
