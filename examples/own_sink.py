"""A sink of one's own: `python examples/own_sink.py VIDEO` writes events as JSON lines."""

import json
import sys

import realtime
from realtime.sink import Sink
from realtime.types import Analysis, Frame


class JsonLines(Sink):
    """Writes each event at once; a sink overrides only the methods that it needs."""

    def __init__(self) -> None:
        self.frames_with_face = 0

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Called for every frame, and once with None at the end of the stream."""
        self.frames_with_face += bool(analysis.faces)
        for event in analysis.events:
            print(json.dumps({"apex_s": round(event.apex_s, 3), "regions_pct": dict(event.regions)}), flush=True)


def main(video: str) -> None:
    """Analyze a recording with the sink."""
    sink = JsonLines()
    summary = realtime.analyze(video, sinks=[sink]).summary
    print(f"a face in {sink.frames_with_face} of {summary.frames_processed} frames", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
