"""What this machine has for MEDN, and what it lacks: `medn doctor`."""

from realtime.doctor.examine import choose_runtime, examine
from realtime.doctor.render import render
from realtime.doctor.report import Report

__all__ = ["Report", "choose_runtime", "examine", "render"]
