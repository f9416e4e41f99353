"""A headless run that keeps its film: `medn live --out NAME.medn --video`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.session import SessionError
from realtime.session.paths import describe
from realtime.session.recorder import Recorder
from realtime.session.schema import consent_of
from realtime.sink import Sink
from realtime.sources import Notice, NoticeKind, Source, SourceError
from realtime.sources.microphone import open_microphone
from realtime.types import Analysis, Frame

if TYPE_CHECKING:
    from realtime.pipeline import Pipeline

UNNAMED = "Somebody unnamed"


def start_filming(
    path: Path,
    source: Source,
    pipeline: "Pipeline",
    report: Callable[[Notice], object],
    *,
    person: str | None,
    sound: bool,
) -> Recorder:
    """Return a recorder that films a camera or a stream from its first frame on, beside the session.

    A microphone that cannot be opened is reported; the film then has no sound. Raises `SessionError`.
    """
    if not source.live:
        raise SessionError(f"{source.name} is a recording already: --video films a camera or a stream.")
    film = path.with_suffix(".mp4")
    if film.exists():
        raise SessionError(f"{film} exists already; choose another name.")
    microphone, silent = None, None
    if sound:
        try:
            microphone = open_microphone()
        except SourceError as error:
            silent = Notice(0.0, NoticeKind.DEGRADED, f"{error} The video has no sound.")
    consent = consent_of(person or UNNAMED, ["video", "sound"] if sound else ["video"])
    info = describe(source, pipeline.parameters, pipeline.recognizer.weights.sha256, str(film), consent)
    recorder = Recorder(report)
    recorder.start(path, info, film=True, microphone=microphone)
    if silent is not None:
        recorder.on_notice(silent)
        report(silent)
    return recorder


class EndsWithRecording(Sink):
    """Ends a run whose recording had to end; comes after the recorder among the run's sinks."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Raise the recorder's problem, a `SessionError`."""
        del analysis, frame
        if self._recorder.problem:
            raise SessionError(self._recorder.problem)
