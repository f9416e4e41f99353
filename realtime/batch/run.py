"""Work through a work list for the command line: results, progress, a report, and at the end what failed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from medn.terminal import SOME_FAILED, UNUSABLE, refusal, stderr, stdout
from realtime.batch.analyse import Outcome, Tick, analyse
from realtime.batch.cluster import Cluster, analyse_on_cluster
from realtime.batch.display import Display, ProgressBars, ProgressLines
from realtime.batch.progress import Progress
from realtime.batch.report import Report
from realtime.batch.sections import split, why_whole
from realtime.batch.split import analyse_split
from realtime.batch.work_list import WorkList, stored_outcome
from realtime.report import (
    EventLines,
    accounts_line,
    event_record,
    events_table,
    findings_line,
    print_line,
    stages_table,
    summary_record,
)


def run_work_list(
    listed: WorkList,
    workers: int | Cluster,
    stop: threading.Event,
    *,
    as_json: bool,
    report: Path | None = None,
) -> int:
    """Analyse what is to be done, print all results, and return the exit code.

    A single recording is analysed in this process and its events are printed as they come, unless it is split; several
    are analysed in so many processes of this machine. On a cluster all are analysed by its nodes.
    """
    alone = len(listed.jobs) + len(listed.finished) == 1
    here = alone and not isinstance(workers, Cluster) and not split(listed.jobs, workers)
    progress = Progress(listed.jobs, len(listed.finished))
    display: Display = ProgressLines(progress) if as_json else ProgressBars(progress)
    failures: list[Outcome] = []
    done = 0
    with ExitStack() as opened:
        rows = None
        if report:
            try:
                rows = opened.enter_context(Report(report, [*listed.finished, *(job.video for job in listed.jobs)]))
            except OSError as error:
                raise refusal(f"{report} cannot be written: {error.strerror}.") from None
        opened.enter_context(display)
        for outcome in _outcomes(listed, workers, display.tick, stop, here=here, as_json=as_json):
            if outcome.video not in listed.finished:
                display.end(outcome)
            if rows:
                rows.add(outcome)
            if outcome.error:
                failures.append(outcome)
            else:
                done += outcome.summary is not None and outcome.summary.complete
            print_outcome(outcome, as_json, events_printed=here and not outcome.skipped, briefly=not alone)
    recordings = progress.recordings
    if failures and not alone:
        stderr.print(f"{len(failures)} of {recordings} recordings could not be analysed:", style="red")
        for outcome in failures:
            stderr.print(f"  {outcome.video}: {outcome.error}", style="red")
    if stop.is_set():
        stderr.print(f"{done} of {recordings} recordings are finished; the same command does the rest.")
    if rows and rows.fault:
        stderr.print(f"medn: {rows.fault}", style="red")
    if not failures:
        return SOME_FAILED if rows and rows.fault else 0
    return UNUSABLE if len(failures) == recordings else SOME_FAILED


def print_outcome(outcome: Outcome, as_json: bool, *, events_printed: bool, briefly: bool = False) -> None:
    """Print what became of a recording; `briefly`: of one that was finished before, only that."""
    summary = outcome.summary
    if summary is None:
        stderr.print(f"medn: {outcome.error}", style="red")
        return
    if as_json:
        for event in () if events_printed else outcome.events:
            print_line(event_record(event, outcome.video))
        skipped = {"skipped": True} if outcome.skipped else {}
        print_line(summary_record(summary, outcome.runtime, outcome.weights) | skipped)
    elif not (briefly and outcome.skipped):
        stdout.print(events_table(outcome.events, f"Events in {outcome.video}"))
        stdout.print(stages_table(summary))
    for notice in outcome.notices:
        stderr.print(notice, style="yellow")
    if outcome.skipped:
        how = f"{outcome.url or outcome.session} (--again analyses it again)"
        stderr.print(f"{outcome.video} was analysed before and is skipped: {how}.")
        return
    stderr.print(accounts_line(summary))
    stderr.print(findings_line(summary))
    stderr.print(f"Session: {outcome.url or outcome.session}")


def _outcomes(
    listed: WorkList,
    workers: int | Cluster,
    tick: Callable[[Tick], None],
    stop: threading.Event,
    *,
    here: bool,
    as_json: bool,
) -> Iterator[Outcome]:
    def notice(sentence: str) -> None:
        stderr.print(sentence, style="yellow")

    for video, path in listed.finished.items():
        yield stored_outcome(video, path)
    if not listed.jobs:
        return
    if isinstance(workers, Cluster):
        yield from analyse_on_cluster(listed.jobs, workers, tick, stop, notice)
    elif here:
        [job] = listed.jobs
        outcome = analyse(job, [EventLines(job.video, as_json, stop)], tick, stop)
        if outcome.summary and (sentence := why_whole(job, 1, workers)):
            notice(sentence)
        yield outcome
    else:
        yield from analyse_split(listed.jobs, workers, tick, stop, notice)
