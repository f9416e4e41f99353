"""The command `medn live`: a camera, a stream or a file at its own pace, in the app or without a window."""

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medn.terminal import AsJson, refusal, stderr, stdout
from realtime.console import Faces, Rate, Runtime, SpotterFile, Threshold, ctrl_c_stops, decision_named

if TYPE_CHECKING:
    from realtime.sources import CameraMode

app = typer.Typer()


@app.command()
def live(
    context: typer.Context,
    source: Annotated[str, typer.Option(help="auto, a camera's number or name, a URL, or a file.")] = "auto",
    headless: Annotated[bool, typer.Option("--headless", help="Without a window.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after this long.")] = None,
    session: Annotated[Path | None, typer.Option("--out", help="Write a session file, NAME.medn.")] = None,
    faces: Faces = 4,
    threshold: Threshold = 0.6,
    spotter: SpotterFile = None,
    rate: Rate = None,
    runtime: Runtime = "auto",
    mode: Annotated[str, typer.Option(help="Picture and rate asked of a camera.")] = "1280x720@30",
    video: Annotated[bool, typer.Option("--video", help="With --out: keep the video too, beside the session.")] = False,
    microphone: Annotated[bool, typer.Option("--microphone", help="With --video: record the sound too.")] = False,
    person: Annotated[str | None, typer.Option(help="Who is filmed with --video, and agreed to that.")] = None,
    lsl: Annotated[bool, typer.Option("--lsl", help="Publish on the local network (Lab Streaming Layer).")] = False,
    as_json: AsJson = False,
) -> None:
    """Analyse a camera live; a file is played at its own pace."""
    from realtime.drivers import Tally, run_live
    from realtime.lsl import LslStreams
    from realtime.pipeline import Pipeline, PipelineParameters
    from realtime.report import (
        EventLines,
        NoticeLines,
        accounts_line,
        findings_line,
        print_or_stop,
        stages_table,
        summary_record,
    )
    from realtime.session import SessionWriter
    from realtime.session.filming import EndsWithRecording, start_filming
    from realtime.session.paths import describe
    from realtime.sources import open_source

    if not headless:
        if ignored := _given(context) - {"--source"}:
            raise refusal(
                f"{', '.join(sorted(ignored))} only with --headless; the window has its own settings and Record."
            )
        context.obj(source=source)  # the window is opened by the layer above
    if (video and not session) or ((microphone or person) and not video):
        raise refusal("--video needs --out; --microphone and --person need --video.")
    if session and session.suffix.lower() != ".medn":
        raise refusal(f"--out {session} is no name of a session: end it with .medn.")
    parameters = PipelineParameters(
        most_faces=faces, runtime=runtime, score_threshold=threshold, decision=decision_named(spotter)
    )
    with ctrl_c_stops() as stop, ExitStack() as opened:
        pipeline = opened.enter_context(Pipeline(parameters))
        camera = opened.enter_context(open_source(source, rate_hz=rate, mode=_camera_mode(mode)))
        notices = NoticeLines()
        sinks = [EventLines(camera.name, as_json, stop), notices]
        writer = recorder = None
        if session and video:
            recorder = start_filming(session, camera, pipeline, notices.on_notice, person=person, sound=microphone)
            opened.callback(recorder.stop)
            sinks += [recorder, EndsWithRecording(recorder)]
        elif session:
            writer = opened.enter_context(
                SessionWriter(
                    session,
                    describe(
                        camera, pipeline.parameters, pipeline.recognizer.weights.sha256, None if camera.live else source
                    ),
                )
            )
            sinks.append(writer)
        tally, streams = Tally(), None
        if lsl:
            mark = next((kept.mark for kept in (writer, recorder) if kept), lambda _time_s, _text: None)
            streams = LslStreams(camera.name, tally, mark)
            opened.callback(streams.close)
            sinks.append(streams)
            stderr.print(f"Publishing to every machine on the local network; {streams.offset.sentence()}")
        stderr.print(f"Analysing {camera.name}; Ctrl-C ends it.")
        summary = run_live(camera, pipeline, sinks, seconds=seconds, stop=stop, tally=tally)
        if writer:
            writer.close(summary)
        if recorder:
            recorder.stop(summary)
            if recorder.problem:
                raise refusal(recorder.problem)
            if recorder.not_filmed:
                stderr.print(recorder.not_filmed, style="yellow")
        if as_json:
            recognizer = pipeline.recognizer
            print_or_stop(summary_record(summary, recognizer.runtime.name, recognizer.weights.name), stop)
        else:
            stdout.print(stages_table(summary))
        stderr.print(accounts_line(summary))
        stderr.print(findings_line(summary))
        if streams and session:
            stderr.print(f"Markers of the lab taken into the session: {streams.markers}.")


def _given(context: typer.Context) -> set[str]:
    """The options that stand on the command line, by name."""
    sources = {option.opts[0]: context.get_parameter_source(option.name or "") for option in context.command.params}
    # by name: Typer brings an enumeration of its own, earlier releases used Click's
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def _camera_mode(text: str) -> "CameraMode":
    """The mode named as WIDTHxHEIGHT@RATE; raises `SourceError` for another text."""
    from realtime.sources import CameraMode, SourceError

    found = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})@([1-9]\d{0,2})", text)
    if found is None:
        raise SourceError(f"{text} is no camera mode; write it as 1280x720@30.")
    width, height, rate_hz = map(int, found.groups())
    return CameraMode(width, height, float(rate_hz))
