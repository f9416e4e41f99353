"""A recording to a table of its events: `python examples/video_to_table.py VIDEO TABLE.csv`."""

import csv
import sys

import realtime
from realtime.types import action_units_of, emotion_of

COLUMNS = ("face", "onset_s", "apex_s", "offset_s", "score", "emotion", "action_units")


def main(video: str, table: str) -> None:
    """Analyze the recording and write one row for each event."""
    result = realtime.analyze(video)
    with open(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for event in result.events:
            units = "+".join(action_units_of(event))
            times = (f"{time_s:.3f}" for time_s in (event.onset_s, event.apex_s, event.offset_s))
            writer.writerow((event.face, *times, f"{event.score:.2f}", emotion_of(event), units))
    summary = result.summary
    print(f"{len(result.events)} events in {summary.frames_processed} of {summary.frames_offered} frames: {table}")


if __name__ == "__main__":
    main(*sys.argv[1:])
