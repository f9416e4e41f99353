"""What all benchmarks share: rounds in turn, figures with their spread, the load check, reports and comparisons."""

from benchmarks.harness.measure import Effort, ImpossibleError, Measure, Plot, Progress, Result, in_turn

__all__ = ["Effort", "ImpossibleError", "Measure", "Plot", "Progress", "Result", "in_turn"]
