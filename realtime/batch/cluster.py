"""Recordings analysed on the nodes of a Ray cluster: a node that is lost costs what it was at, which is redone.

Each recording is a task of Ray's. What the nodes tell meanwhile, and whether they are to stop, goes through one actor
on the machine that waits.
"""

import logging
import os
import pickle
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from medn.errors import UserError
from medn.revision import __version__
from realtime.batch.analyse import Job, Outcome, Tick
from realtime.batch.place import Place
from realtime.batch.workers import ATTEMPTS, POLL_S
from realtime.drivers import StopSign

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle

CPUS = 1
MEMORY_BYTES = 2**30
"""What a recording asks of its node, as Ray counts it; an analysis holds about half of this memory."""
NODES = 5
"""How often a recording is begun whose node is lost, which is hardly its fault."""
ANSWERS_S = 5.0
"""How long the cluster may take to accept a connection."""
STORE_BYTES = 100 * 2**20
"""Ray's store of objects in a cluster begun here: results are small."""

NOBODY = "http://127.0.0.1:9"
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_REPORT_URL": NOBODY, "http_proxy": NOBODY}
"""The environment in which Ray's own processes send nothing to other machines than those of their cluster."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where recordings are analysed, and where their sessions go."""

    address: str
    """`auto` for the one that this machine belongs to, HOST:PORT, or `local` for one begun here, for the time being."""
    url: str = ""
    """Where the sessions go, if that is not the folder of each job."""


@dataclass
class _Attempt:
    job: Job
    number: int = 1
    begun: bool = False


def analyse_on_cluster(
    jobs: Sequence[Job],
    cluster: Cluster,
    progress: Callable[[Tick], None],
    stop: StopSign,
    notice: Callable[[str], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Yield the outcomes of many recordings as they are done, as `analyse_all` does, from a Ray cluster.

    Recordings are on a file system that all nodes share, by the same paths. Raises `UserError` where there is no such
    cluster, where a node has no MEDN or another version of it, and where the folder of sessions is not shared.
    """
    with _connected(cluster.address):
        run = _Run(cluster)
        if not run.has_room():
            notice(f"No node of the cluster offers {CPUS} CPU and {MEMORY_BYTES >> 30} GiB now: waiting for one.")
        waiting = deque(map(_Attempt, jobs))
        while waiting or run.under_way:
            if stop.is_set():
                waiting.clear()
                run.give_up_unbegun()
            while waiting and len(run.under_way) < run.most_under_way():
                run.begin(waiting.popleft())
            for tick in run.ticks(stop=stop.is_set()):
                progress(tick)
            for attempt, answer in run.ended():
                if not isinstance(answer, _Lost):
                    yield answer
                elif stop.is_set():
                    continue
                elif attempt.number < answer.attempts:
                    notice(f"{attempt.job.video}: {answer.why}; it is analysed once more.")
                    waiting.append(_Attempt(attempt.job, attempt.number + 1))
                else:
                    times = f"{answer.why}, {attempt.number} times"
                    yield Outcome(attempt.job.video, error=f"{attempt.job.video} could not be analysed: {times}.")


@dataclass(frozen=True, slots=True)
class _Lost:
    """A task that did not come to its end."""

    why: str
    attempts: int
    """How many there may be with this reason."""


@dataclass
class _Run:
    """The tasks under way, by their references."""

    cluster: Cluster
    under_way: "dict[ObjectRef, _Attempt]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        import ray

        self._ray = ray
        self._board = _board()
        options = {"num_cpus": CPUS, "memory": MEMORY_BYTES, "max_retries": 0}  # who retries here also says so
        self._task = ray.remote(_task_by_value()).options(**options)

    def has_room(self) -> bool:
        """Whether a node is there on which a recording can be analysed."""
        alive = (node["Resources"] for node in self._ray.nodes() if node["Alive"])
        return any(offers.get("CPU", 0) >= CPUS and offers.get("memory", 0) >= MEMORY_BYTES for offers in alive)

    def most_under_way(self) -> int:
        """More than there is room for, so that none waits and a cluster that can grow does."""
        return max(16, 2 * int(self._ray.cluster_resources().get("CPU", 0)))

    def begin(self, attempt: _Attempt) -> None:
        """Give a recording to the cluster."""
        job, url = attempt.job, self.cluster.url
        place = Place(f"{url}/{job.folder.as_posix()}".removesuffix("/.") if url else str(job.folder.absolute()))
        packed = pickle.dumps((place, replace(job, video=_absolute(job.video))))
        self.under_way[self._task.remote(__version__, packed, self._board)] = attempt

    def ticks(self, *, stop: bool) -> list[Tick]:
        """What the nodes told since the last call, of recordings under way; they learn meanwhile whether to stop."""
        begun, told = self._ray.get(self._board.take.remote(stop))
        by_video = {_absolute(attempt.job.video): attempt for attempt in self.under_way.values()}
        for video in begun:
            if video in by_video:
                by_video[video].begun = True
        return [Tick(by_video[video].job.video, *how_far) for video, how_far in told.items() if video in by_video]

    def give_up_unbegun(self) -> None:
        """Take back what no node has begun."""
        for reference, attempt in list(self.under_way.items()):
            if not attempt.begun:
                self._ray.cancel(reference)
                del self.under_way[reference]

    def ended(self) -> "Iterator[tuple[_Attempt, Outcome | _Lost]]":
        """The tasks that have ended within a moment, each once."""
        if not self.under_way:
            return
        done, _ = self._ray.wait(list(self.under_way), num_returns=len(self.under_way), timeout=POLL_S)
        for reference in done:
            attempt = self.under_way.pop(reference)
            answer = self._answer(reference)
            if isinstance(answer, Outcome):
                answer = _as_named(answer, attempt.job)
            if answer is not None:
                yield attempt, answer

    def _answer(self, reference: "ObjectRef") -> "Outcome | _Lost | None":
        exceptions = self._ray.exceptions
        try:
            answer = self._ray.get(reference)
        except exceptions.NodeDiedError:
            return _Lost("the node that analysed it was lost", NODES)
        except exceptions.OutOfMemoryError:
            return _Lost("memory ran out on the node that analysed it", ATTEMPTS)
        except exceptions.WorkerCrashedError:
            return _Lost("the process that analysed it ended unexpectedly", ATTEMPTS)
        except exceptions.RayError as error:
            return _Lost(str(error).strip().partition("\n")[0].rstrip("."), ATTEMPTS)
        if isinstance(answer, str):
            raise UserError(f"{answer}; here it is MEDN {__version__}: install the same on every node.")
        result: Outcome | UserError | None = pickle.loads(answer)  # noqa: S301  from this program
        if isinstance(result, UserError):
            raise result
        return result


def _as_named(outcome: Outcome, job: Job) -> Outcome:
    """The outcome with its recording by the name that the user gave. Raises `UserError` if its session is not here."""
    if outcome.session and not outcome.session.exists():
        raise UserError(
            f"A node wrote {outcome.session}, and this machine does not see it: --out must be a folder that all nodes "
            "share by the same path, or the URL of an object store."
        )
    summary = outcome.summary and replace(outcome.summary, source=job.video)
    return replace(outcome, video=job.video, summary=summary)


def _absolute(video: str) -> str:
    """The name of a recording on every node."""
    return os.path.abspath(video) if Path(video).exists() else video  # noqa: PTH100  keeps links


@contextmanager
def _connected(address: str) -> Iterator[None]:
    with ExitStack() as opened:
        options = {} if address != "local" else opened.enter_context(_begun_here())
        try:
            with silent_ray() as ray:
                host, _, port = address.rpartition(":")
                if host and port.isdecimal():
                    socket.create_connection((host, int(port)), ANSWERS_S).close()
                ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, **options)
        except (OSError, RuntimeError, ValueError, AssertionError) as error:
            why = str(error).strip().partition("\n")[0].rstrip(".")
            way_out = (
                "Begin one with `ray start`; one that is protected by a token needs RAY_AUTH_MODE=token here, too."
            )
            raise UserError(f"No Ray cluster can be used at {address}: {why}. {way_out}") from error
        opened.callback(ray.shutdown)
        ray._private.worker._worker_logs_enabled = False  # Ray has no other switch that keeps stdout for the results
        yield


@contextmanager
def silent_ray() -> Iterator[ModuleType]:
    """Ray, for a cluster that is begun meanwhile: it reports to nobody and asks nobody where it runs.

    Switched off, usage reporting still sends that it is off, and asks the addresses of clouds whether it is in one.
    """
    before = {name: os.environ.get(name) for name in SILENT}
    os.environ.update(SILENT)
    try:
        import ray  # reads some of it

        yield ray
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _begun_here() -> Iterator[Mapping[str, Any]]:
    # a short path, since it holds sockets; with its logs it is gone afterwards
    base = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108
    with TemporaryDirectory(prefix="medn-", dir=base, ignore_cleanup_errors=True) as folder:
        own_proxy = {"env_vars": {"http_proxy": os.environ.get("http_proxy", "")}}  # of who analyses, not of Ray itself
        options = {"include_dashboard": False, "object_store_memory": STORE_BYTES, "_temp_dir": folder}
        yield {**options, "runtime_env": own_proxy}


def _board() -> "ActorHandle":
    """An actor on this machine; it is defined in here so that Ray ships it whole, as `_task_by_value` says."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    class Board:
        def __init__(self) -> None:
            self.begun: list[str] = []
            self.told: dict[str, tuple[float, float | None]] = {}
            self.stop = False

        def begin(self, video: str) -> bool:
            self.begun.append(video)
            return self.stop

        def tell(self, video: str, done_s: float, length_s: float | None) -> bool:
            self.told[video] = done_s, length_s
            return self.stop

        def take(self, stop: bool) -> tuple[list[str], dict[str, tuple[float, float | None]]]:
            begun, told, self.begun, self.told, self.stop = self.begun, self.told, [], {}, stop
            return begun, told

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": here}
    return ray.remote(Board).options(**options).remote()


def _task_by_value() -> "Callable[[str, bytes, ActorHandle], bytes | str]":
    """The task; Ray ships what is defined in a function whole, so that a node without MEDN can say so in a sentence."""

    def task(version: str, packed: bytes, board: "ActorHandle") -> bytes | str:
        import platform

        try:
            from medn.revision import __version__
            from realtime.batch.node import run_here
        except ImportError as error:
            return f"MEDN cannot be loaded by Ray's Python on the node {platform.node()} ({error})"
        if __version__ != version:
            return f"The node {platform.node()} has MEDN {__version__}"
        return run_here(packed, board)

    return task
