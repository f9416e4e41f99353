"""What all benchmarks share: repeats in turn, figures with their spread, how quiet the machine was, the report."""

from benchmarks.harness.measure import ImpossibleError, Measure, Plot, Result
from benchmarks.harness.rounds import Effort, Tell, in_turn

__all__ = ["Effort", "ImpossibleError", "Measure", "Plot", "Result", "Tell", "in_turn"]
