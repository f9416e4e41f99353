"""The sections that long recordings are split into, so that no worker is without work while another has a long one."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.batch.analyse import Job
from realtime.seams import Section

EVEN = 1.1
"""Work is spread evenly enough if no worker has more than this many times its share."""
GAIN = 0.95
"""More sections are made if the last worker then ends in this share of the time."""


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
    even_s = EVEN * sum(job.length_s or 0.0 for job in jobs) / workers
    best, quickest_s = dict(counts), math.inf
    while True:
        busiest_s = _busiest_s([each_s for job in jobs for each_s in _lengths_s(job, counts[job.video])], workers)
        if busiest_s < GAIN * quickest_s:
            best, quickest_s = dict(counts), busiest_s
        splittable = [job for job in jobs if counts[job.video] < most_sections(job)]
        if busiest_s <= even_s or not splittable:
            return {job.video: sections_of(job, best[job.video]) for job in jobs if best[job.video] > 1}
        counts[max(splittable, key=lambda job: (job.length_s or 0.0) / counts[job.video]).video] += 1


def most_sections(job: Job) -> int:
    """How many sections a recording can have: one if it does not say how long it is, or is no file."""
    if job.length_s is None or not os.path.isfile(job.video):
        return 1
    return max(round(job.length_s / job.parameters.seam_every_s), 1)


def why_whole(job: Job, jobs: int, workers: int) -> str:
    """A sentence where a recording could not be split although workers were left over: its length is not known."""
    if job.length_s is not None or jobs >= workers or not os.path.isfile(job.video):
        return ""
    return f"{job.video} does not say how long it is: it was analysed by one worker."


def sections_of(job: Job, count: int) -> tuple[Section, ...]:
    """So many sections of a recording, as long as each other but for whole seams."""
    most = most_sections(job)
    seams = [round(most * number / count) for number in range(count)]
    return tuple(Section(first, last) for first, last in zip(seams, [*seams[1:], None], strict=True))


def length_s(job: Job, section: Section) -> float:
    """How much of a recording is analysed for a section of it."""
    seams = job.parameters.seams
    begin_s, end_s = (max(at_s, 0.0) for at_s in seams.needed_s(section))
    return min(end_s, job.length_s or 0.0) - begin_s


def _lengths_s(job: Job, count: int) -> list[float]:
    if count == 1:
        return [job.length_s or 0.0]
    return [length_s(job, section) for section in sections_of(job, count)]


def _busiest_s(lengths_s: Sequence[float], workers: int) -> float:
    """What the busiest worker has to do if each that is free takes the longest that is left."""
    loads_s = [0.0] * workers
    for each_s in sorted(lengths_s, reverse=True):
        loads_s[loads_s.index(min(loads_s))] += each_s
    return max(loads_s)


def section_jobs(job: Job, sections: Sequence[Section], folder: Path) -> list[SectionJob]:
    """The jobs of a recording's sections, whose sessions go into a folder of their own."""
    return [SectionJob(job, number, section, folder / f"{number}.section") for number, section in enumerate(sections)]
