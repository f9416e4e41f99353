"""Events as they are found in a camera or a recording: `python examples/live_events.py [SOURCE] [SECONDS]`."""

import sys

import realtime


def main(source: str = "auto", seconds: str = "inf") -> None:
    """Print each event; leave the loop after so many seconds of the source."""
    for step in realtime.stream(source):
        for event in step.events:
            print(f"{event.apex_s:8.2f} s  face {event.face}  score {event.score:.2f}  {dict(event.emotion or {})}")
        if step.frame is not None and step.frame.time_s >= float(seconds):
            break


if __name__ == "__main__":
    main(*sys.argv[1:])
