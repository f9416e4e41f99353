"""The recognizer's benchmark: every runtime that can run is measured, and what cannot is named with its reason."""

from benchmarks import recognizer
from medn.runtime import RUNTIMES, explain_choice
from medn.weights import read_weights


def test_every_runtime_that_can_run_is_measured_and_the_others_are_named():
    weights = read_weights()
    result = recognizer.measure(recognizer.Size(1, 0.05), lambda _: None, weights)
    measured = {measure.subject for measure in result.measures}
    assert {"onnx", "pytorch"} <= measured
    for choice in explain_choice(weights, RUNTIMES):
        assert (choice.runtime in measured) == choice.available
        if not choice.available:
            assert f"{choice.runtime}: not measured ({choice.reason})." in result.notes
    quantities = {measure.quantity for measure in result.measures if measure.subject == "onnx"}
    assert {"SingleStream p90", "MultiStream p99", "Offline", "cold start"} <= quantities
    apart = {m.subject: m.values for m in result.measures if m.quantity == "difference"}
    assert apart["pytorch"] == (0.0,)
    assert 0 < apart["onnx"][0] < 1e-4
