"""Many recordings: the finished are skipped, the half-done redone, and a fault in one does not stop the others."""

from realtime.batch.analyse import Job, Outcome, Tick, analyse
from realtime.batch.recognition import analyse_all
from realtime.batch.videos import find_videos
from realtime.batch.workers import in_workers

__all__ = ["Job", "Outcome", "Tick", "analyse", "analyse_all", "find_videos", "in_workers"]
