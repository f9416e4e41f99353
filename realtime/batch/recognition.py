"""Where a GPU recognises for several workers, one process holds the network for all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from medn.runtime import RuntimeUnavailableError
from medn.runtime.base import MAX_WINDOWS
from medn.runtime.choose import gpu_runtime
from medn.weights import read_weights
from realtime.batch.analyse import Job, Outcome, Tick
from realtime.batch.workers import ATTEMPTS, Work, WorkerDiedError, analyse_job, ctrl_c_withheld, in_workers
from realtime.drivers import StopSign
from realtime.recognition.shared import LONGEST_WAIT_S, Shared, recognise_by, serve

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def analyse_all(
    jobs: Sequence[Job],
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    notice: Callable[[str], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Yield the outcomes of many recordings as they are done, as `in_workers` does.

    The jobs have the same parameters. One whose worker dies twice has an outcome that says so.
    """

    def lost(job: Job, death: WorkerDiedError) -> Outcome:
        return Outcome(job.video, error=f"{job.video} could not be analysed: {death}, {ATTEMPTS} times.")

    with sharing(analyse_job, jobs[0].parameters.runtime if jobs else "auto", workers, notice) as work:
        yield from in_workers(work, jobs, workers, progress, stop, notice, lost)


@contextmanager
def sharing(
    work: Work[_Job, _Result], runtime: str, workers: int, notice: Callable[[str], None]
) -> Iterator[Work[_Job, _Result]]:
    """What workers are to do, so that they recognise by one process if a GPU does it and there are several.

    `runtime`: as the pipeline's parameters name it. Where that process cannot begin, each worker loads its own.
    """
    on_gpu = gpu_runtime(runtime, read_weights()) if workers > 1 else None
    if on_gpu is None:
        yield work
        return
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(on_gpu, theirs), daemon=True)
    with ctrl_c_withheld():
        process.start()
    theirs.close()
    try:
        try:
            answer = ours.recv()
        except EOFError:
            answer = RuntimeUnavailableError("its process ended")
        if isinstance(answer, Shared):
            wait = f"up to {MAX_WINDOWS} windows that wait {1000 * LONGEST_WAIT_S:.0f} ms at most"
            notice(f"{on_gpu} recognises for all workers in one process, in batches of {wait}.")
            yield partial(_with, answer, work)
        else:
            notice(f"{on_gpu} cannot recognise for all workers in one process ({answer}): each loads its own.")
            yield work
    finally:
        ours.close()
        process.terminate()


def _with(
    shared: Shared, work: Work[_Job, _Result], job: _Job, progress: Callable[[Tick], None], stop: StopSign
) -> _Result:
    """Do work in a process that shares its recognizer."""
    recognise_by(shared)
    return work(job, progress, stop)
