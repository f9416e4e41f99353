"""Latency histograms: right within their stated accuracy, and no larger however long a run lasts."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realtime.timing import ACCURACY, BUCKETS, Latencies


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=300))
def test_quantiles_are_within_one_percent_of_the_times_recorded(times_ms):
    latencies = Latencies()
    for time_ms in times_ms:
        latencies.record("stage", time_ms)
    quantiles = latencies.quantiles_ms()["stage"]
    assert quantiles["max"] == max(times_ms)
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        exact = np.quantile(times_ms, q, method="lower")
        assert (1 - 1.01 * ACCURACY) * exact <= quantiles[name] <= (1 + 1.01 * ACCURACY) * exact


def test_memory_does_not_grow_with_the_number_of_records():
    latencies = Latencies()
    times_ms = np.random.default_rng(0).lognormal(1, 3, 20_000)

    def record():
        for time_ms in times_ms:
            latencies.record("stage", float(time_ms))

    record()
    tracemalloc.start()
    record()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 64 * BUCKETS


def test_stages_are_apart_and_in_the_order_of_their_first_record():
    latencies = Latencies()
    for stage, ms in (("landmarks", 7.0), ("motion", 0.2), ("landmarks", 9.0)):
        latencies.record(stage, ms)
    quantiles = latencies.quantiles_ms()
    assert list(quantiles) == ["landmarks", "motion"]
    assert quantiles["motion"]["max"] == 0.2
