"""`medn doctor`: examine this machine and report what MEDN has and what it lacks."""

from realtime.doctor.examine import choose_runtime, examine
from realtime.doctor.report import Report, render

__all__ = ["Report", "choose_runtime", "examine", "render"]
