"""Commands that teach the spotter: `medn train-spotter` and `medn second-pass`.

Arguments and output only; the work is done elsewhere.
"""

import math
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medn.commands import Seed
from medn.errors import UserError
from medn.terminal import (
    SOME_FAILED,
    UNUSABLE,
    AsJson,
    Count,
    input_errors,
    needs,
    needs_folder,
    refusal,
    stderr,
    stdout,
)
from realtime.console import Bars, SpotterFile, ctrl_c_stops

if TYPE_CHECKING:
    from realtime.drivers import StopSign
    from realtime.recognition.classifier import Classifier
    from realtime.spotting.patterns import Patterns
    from realtime.training.parts import Learned, Progress

app = typer.Typer()


class Part(Enum):
    """What is made anew, by the name of the shipped file or number."""

    BUMPS = "bumps"
    PEAKS = "peaks"
    BOUNDS = "bounds"
    PATTERNS = "patterns"
    LIMIT = "limit"


@app.command(name="train-spotter")
def train_spotter(
    out: Annotated[Path, typer.Argument(help="The file that is written, FILE.npz.")],
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Planted videos of training identities, with truth.csv.")
    ] = None,
    part: Annotated[
        Part,
        typer.Option(
            help="bumps, peaks: the decision on either; bounds: how onset, apex and offset are read at a peak; "
            "patterns: of action units, and how people move; limit: of detection, in a file of patterns, from people "
            "who taught no decision."
        ),
    ] = Part.BUMPS,
    footage: Annotated[
        Path | None, typer.Option(help="Your own recordings, without truth: a decision on peaks for your setting.")
    ] = None,
    portraits: Annotated[Path | None, typer.Option(help="For patterns: portraits with faces.csv.")] = None,
    patterns: Annotated[Path | None, typer.Option(help="Patterns to use [default: the shipped ones].")] = None,
    spotter: SpotterFile = None,
    workers: Annotated[int, typer.Option(min=1, help="Videos analysed at a time.")] = 2,
    seed: Seed = 0,
) -> None:
    """Make a part of the spotter anew from generated people, or a decision for your own setting from footage."""
    needs("Training the spotter", "sklearn")
    needs_folder(out)
    if out.suffix != ".npz":
        raise refusal(f"{out} must end in .npz.")
    if footage and part not in (Part.BUMPS, Part.PEAKS):
        raise refusal(f"--footage teaches a decision on peaks, and no --part {part.value}.")
    if footage and folders:
        raise refusal("--footage takes recordings without truth; give either those or folders of planted videos.")
    if not footage and not folders:
        raise refusal("Name folders of planted videos (`medn synth videos`), or recordings by --footage.")
    if part is Part.PATTERNS and not footage and not portraits:
        raise refusal("--part patterns needs --portraits FOLDER.")
    from realtime.training.recordings import StoppedError

    # Ctrl-C ends it with nothing written: half of it would be no result
    with ctrl_c_stops() as stop, suppress(StoppedError), Bars() as bars, input_errors():
        if footage:
            _report(out, _from_footage(footage, _patterns(patterns), workers, bars.tick, stop, seed))
        elif part is Part.BUMPS:
            _bumps(out, folders or [], workers, bars.tick, stop, seed)
        elif part is Part.PATTERNS:
            assert portraits is not None
            _make_patterns(out, portraits, folders or [], workers, bars.tick, stop, seed)
        else:
            from realtime.training.parts import learn_peaks, lessons_of, make_limit

            used = _patterns(patterns)
            unlike = part is not Part.LIMIT  # the limit is of movements that are like their patterns
            lessons = lessons_of([], used, workers, bars.tick, stop, folders=folders or [], seed=seed, unlike=unlike)
            if part is Part.PEAKS:
                _report(out, learn_peaks(lessons, seed))
            elif part is Part.BOUNDS:
                from realtime.training.peak_bounds import fit_peak_bounds

                fit_peak_bounds(lessons, seed).save(out)
                stdout.print(f"{out}: taught by {len(lessons)} recordings.", soft_wrap=True)
            else:
                fitted = make_limit(lessons, used, None if spotter is None else _decision(spotter))
                fitted.save(out)
                upper, lower = fitted.z50
                stdout.print(
                    f"{out}: half of all movements are found at z = {upper:.1f} (upper face) and {lower:.1f} (lower "
                    "face).",
                    soft_wrap=True,
                )


@app.command(name="second-pass")
def second_pass(
    sessions: Annotated[list[Path], typer.Argument(help="Session files, NAME.medn.")],
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Learn a recording from its trace, and score its movements once more, beside the first score."""
    needs("A second pass", "sklearn")
    from realtime.report import counted, print_line
    from realtime.training.second_pass import SecondPassJob, score_session

    failed = 0
    with ctrl_c_stops() as stop, Bars() as bars:
        for path in sessions:
            try:
                scored = score_session(SecondPassJob(path, seed), bars.tick, stop)
            except UserError as error:
                bars.end(str(path))
                stderr.print(f"medn: {error}", style="red")
                failed += 1
                continue
            if scored is None:  # Ctrl-C
                return
            bars.end(str(path))
            if as_json:
                print_line({"type": "second_pass", "session": str(path), "movements": scored.movements})
            else:
                found = counted(scored.movements, "movement")
                stdout.print(f"{path}: {found} scored once more, {scored.events} of them events.", soft_wrap=True)
        if failed:
            raise typer.Exit(UNUSABLE if failed == len(sessions) else SOME_FAILED)


def _patterns(path: Path | None) -> "Patterns":
    import zipfile
    import zlib

    from realtime.spotting.patterns import Patterns, shipped_patterns

    if path is None:
        return shipped_patterns()
    try:
        return Patterns.load(path)
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise refusal(f"{path} holds no patterns: make them with --part patterns.") from None


def _decision(path: Path) -> "Classifier":
    from realtime.recognition.decision import decision_file, peak_decision

    return peak_decision(decision_file(path))


def _bumps(out: Path, folders: list[Path], workers: int, progress: "Progress", stop: "StopSign", seed: int) -> None:
    from realtime.training.bump_decision import train

    trained = train(folders, workers, progress, stop, seed)
    trained.classifier.save(out)
    stdout.print(f"{out}: trained on {trained.hits} hits among {trained.candidates} candidates; on held-out videos:")
    for threshold, precision, recall, alarms in trained.by_threshold:
        stdout.print(
            f"score threshold {threshold}: precision {precision:.2f}, recall {recall:.2f}, "
            f"{alarms:.2f} false alarms/min"
        )


def _make_patterns(
    out: Path, portraits: Path, folders: list[Path], workers: int, progress: "Progress", stop: "StopSign", seed: int
) -> None:
    from medn.synthetic.portrait import read_portraits
    from realtime.training.parts import make_patterns

    faces = read_portraits(portraits, "train")
    with Count("portraits") as counted:
        made = make_patterns(faces, folders, workers, progress, stop, counted, seed)
    made.save(out)
    stdout.print(f"{out}: {len(made.patterns)} patterns on {len(made.channels)} channels.")
    stderr.print("Next: --part bounds, peaks and limit with --patterns, because all depend on them.")


def _from_footage(
    footage: Path, patterns: "Patterns", workers: int, progress: "Progress", stop: "StopSign", seed: int
) -> "Learned":
    from medn.synthetic.footage import videos_in
    from realtime.training.parts import FOOTAGE_SHARE, learn_peaks, lessons_of

    videos = [str(video) for video in videos_in([footage])]
    return learn_peaks(lessons_of(videos, patterns, workers, progress, stop, seed=seed), seed, FOOTAGE_SHARE)


def _report(out: Path, learned: "Learned") -> None:
    learned.decision.save(out)
    stdout.print(
        f"{out}: taught by {learned.positives} peaks that are movements and {learned.negatives} that are none, in "
        f"{learned.recordings} recordings.",
        soft_wrap=True,
    )
    one, five = learned.recall
    held_out = (
        "What it finds in other recordings is not known: too few are left to teach when one is held out."
        if math.isnan(one)
        else f"In recordings that did not teach: {one:.2f} of added movements at 1 false alarm a minute, "
        f"{five:.2f} at 5."
    )
    stdout.print(held_out, soft_wrap=True)
    stderr.print(f"Choose it with --spotter {out}, or in the app's settings.")
