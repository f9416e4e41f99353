"""The command `medn import`: a transcript, marks, another coder or the truth, from the tools that people code in."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from medn.errors import UserError
from medn.terminal import input_errors, refusal, stderr

app = typer.Typer()


class Kind(Enum):
    """What imported labels are."""

    TRANSCRIPT = "transcript"
    MARKS = "marks"
    CODER = "coder"
    TRUTH = "truth"


@app.command(name="import")
def import_labels(
    target: Annotated[
        Path, typer.Argument(help="A session, NAME.medn; with --as truth a video, or a database's folder.")
    ],
    labels: Annotated[
        Path,
        typer.Argument(help="ELAN, BORIS, TextGrid, WebVTT, SubRip, a table (CSV, TSV), a session, or a coding sheet."),
    ],
    kind: Annotated[
        Kind, typer.Option("--as", help="The words that were said, marks, what another coder found, or the truth.")
    ] = Kind.TRANSCRIPT,
    tier: Annotated[list[str] | None, typer.Option(help="Only this tier, speaker or subject; may be repeated.")] = None,
    coder: Annotated[str, typer.Option(help="With --as coder: who that is.")] = "",
    database: Annotated[str, typer.Option(help="With --as truth: casme-sq, samm-lv or casme3.")] = "",
) -> None:
    """Add a transcript, marks or a coder's judgements to a session, or the truth to a folder of videos."""
    from realtime.session.schema import SETTLED
    from realtime.study import PROGRAM, REVIEW

    if (kind is Kind.CODER) != bool(coder.strip()):
        raise refusal("--as coder needs --coder NAME, and only that does.")
    if coder.strip() in (PROGRAM, REVIEW) or coder.strip().startswith(SETTLED):
        raise refusal(f"{coder.strip()} is a name that studies use already; give the coder another.")
    if database and kind is not Kind.TRUTH:
        raise refusal("--database is for --as truth.")
    try:
        if kind is Kind.TRUTH:
            _import_truth(target, labels, tier or [], database)
        else:
            _into_session(target, labels, kind, tier or [], coder.strip())
    except UserError as error:
        raise refusal(str(error)) from None


def _into_session(path: Path, labels: Path, kind: Kind, tiers: list[str], coder: str) -> None:
    from realtime.codings import read_codings
    from realtime.labels import chosen_labels, late_remark, read_labels
    from realtime.report import counted
    from realtime.session import open_session

    if kind is Kind.CODER:
        codings = read_codings(labels, tiers, coder)
        with open_session(path) as session:
            if coder == session.reviewer or any(one.face is not None for one in session.codings().get(coder, ())):
                raise UserError(f"{coder} judged the events of {path} in the app; give the coder another name.")
            session.replace_codings(coder, codings)
        stderr.print(f"{path}: {counted(len(codings), 'movement')} of {labels.name} by {coder}.")
        return
    found = chosen_labels(labels, read_labels(labels), tiers)
    with open_session(path) as session:
        if kind is Kind.TRANSCRIPT:
            session.replace_transcript(found)
        else:
            session.annotate_all(found)
        remark = late_remark(found, session.extent()[0])
    stderr.print(f"{path}: {counted(len(found), 'label')} of {labels.name} as {kind.value}.{remark}")


def _import_truth(target: Path, labels: Path, tiers: list[str], database: str) -> None:
    from medn.data.databases.long_videos import load_long
    from realtime.codings import read_codings
    from realtime.evaluation.truth_file import replace_truth, truth_of_codings, truth_of_database
    from realtime.report import counted

    if database:
        with input_errors():
            found = load_long(database, target, labels)
        for sentence in (*found.skipped, *found.doubts):
            stderr.print(sentence)
        rows, folder, left_out = truth_of_database(found), target, len(found.skipped)
    else:
        if not target.exists():
            raise refusal(f"{target} does not exist; name the video that {labels} is about.")
        codings = read_codings(labels, tiers)
        rows, left_out = truth_of_codings(target.name, codings)
        folder = target.parent
    replace_truth(folder, rows)
    movements = counted(sum(bool(row["onset_s"]) for row in rows), "movement")
    videos = counted(len({row["video"] for row in rows}), "video")
    stderr.print(f"{folder / 'truth.csv'}: {movements} in {videos}; {left_out} left out.")
