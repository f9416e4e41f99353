"""The sections that long recordings are split into, so that no worker is without work while another has a long one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.batch.analyse import Job
from realtime.seams import Section

EVEN = 1.1
"""Work is spread evenly enough if no worker has more than this many times its share."""


@dataclass(frozen=True, slots=True)
class SectionJob:
    """A section of a recording to analyse."""

    job: Job
    number: int
    section: Section
    path: Path
    """Its own session."""

    @property
    def video(self) -> str:
        """The recording."""
        return self.job.video


def split(jobs: Sequence[Job], workers: int) -> Mapping[str, tuple[Section, ...]]:
    """The sections of the recordings that are split, by recording: as few as spread the work evenly."""
    counts = {job.video: 1 for job in jobs}
    lengths_s = {job.video: job.length_s or 0.0 for job in jobs}
    most = {job.video: most_sections(job) for job in jobs}
    share_s = sum(lengths_s.values()) / workers
    while _busiest_s([lengths_s[video] / count for video, count in counts.items() for _ in range(count)], workers) > (
        EVEN * share_s
    ):
        splittable = [video for video, count in counts.items() if count < most[video]]
        if not splittable:
            break
        counts[max(splittable, key=lambda video: lengths_s[video] / counts[video])] += 1
    return {job.video: _sections(job, counts[job.video]) for job in jobs if counts[job.video] > 1}


def most_sections(job: Job) -> int:
    """How many sections a recording can have: one if it does not say how long it is, or is no file."""
    if job.length_s is None or not Path(job.video).is_file():
        return 1
    return max(round(job.length_s / job.parameters.seam_every_s), 1)


def _sections(job: Job, count: int) -> tuple[Section, ...]:
    most = most_sections(job)
    seams = [round(most * number / count) for number in range(count)]
    return tuple(Section(first, last) for first, last in zip(seams, [*seams[1:], None], strict=True))


def _busiest_s(lengths_s: Sequence[float], workers: int) -> float:
    """What the busiest worker has to do if each that is free takes the longest that is left."""
    loads_s = [0.0] * workers
    for length_s in sorted(lengths_s, reverse=True):
        loads_s[loads_s.index(min(loads_s))] += length_s
    return max(loads_s)


def section_jobs(job: Job, sections: Sequence[Section], folder: Path) -> list[SectionJob]:
    """The jobs of a recording's sections, whose sessions go into a folder of their own."""
    return [
        SectionJob(replace(job), number, section, folder / f"{number}.section")
        for number, section in enumerate(sections)
    ]
