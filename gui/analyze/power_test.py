"""A power test as a job of a worker process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from medn.errors import UserError
from medn.terminal import missing_sentence
from realtime.batch import Tick
from realtime.drivers import StopSign
from realtime.pipeline import PipelineParameters


@dataclass(frozen=True, slots=True)
class PowerJob:
    """A recording to test with implants."""

    video: str
    parameters: PipelineParameters
    rounds: int


@dataclass(frozen=True, slots=True)
class PowerOutcome:
    """The result of a test: two sentences and a picture (PNG), or an error; none of both if it was stopped."""

    sentences: tuple[str, ...] = ()
    picture: bytes = b""
    error: str = ""
    note: str = ""
    """Why there is no picture."""


def measure(job: PowerJob, progress: Callable[[Tick], None], stop: StopSign) -> PowerOutcome:
    """Test a recording in a worker process."""
    from realtime.evaluation.power import draw_power, measure_power

    try:
        report = measure_power(Path(job.video), job.parameters, progress, stop, rounds=job.rounds)
        if report is None:
            return PowerOutcome()
        with TemporaryDirectory(prefix="medn-power-") as folder:
            drawn = Path(folder) / "power.png"
            try:
                draw_power(report, drawn)
            except ModuleNotFoundError:
                note = missing_sentence("The picture", "matplotlib")
                return PowerOutcome(report.sentences(), note=note)
            return PowerOutcome(report.sentences(), drawn.read_bytes())
    except (UserError, ValueError, OSError) as error:
        return PowerOutcome(error=str(error))
