"""One recognizer for several workers gives what each would have found by itself, and its end loses nothing.

Here it runs on the CPU; in use it is begun for a GPU only.
"""

import multiprocessing
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.runtime import load_runtime
from medn.synthetic.reference_windows import reference_windows
from medn.weights import read_weights
from realtime.batch import Job, analyse, analyse_all
from realtime.batch.recognition import sharing
from realtime.batch.workers import analyse_job
from realtime.pipeline import PipelineParameters
from realtime.recognition.recognizer import Recognizer
from realtime.recognition.shared import gather, recognise_by, shared_runtime


@pytest.fixture
def as_if_on_a_gpu(monkeypatch):
    monkeypatch.setattr("realtime.batch.recognition.gpu_runtime", lambda name, weights: "onnx")


def test_without_a_gpu_or_with_one_worker_each_recognises_by_itself(monkeypatch):
    with sharing(analyse_job, "onnx", 2, pytest.fail) as work:
        assert work is analyse_job
    monkeypatch.setattr("realtime.batch.recognition.gpu_runtime", lambda name, weights: pytest.fail("not asked"))
    with sharing(analyse_job, "auto", 1, pytest.fail) as work:
        assert work is analyse_job


@given(st.lists(st.integers(1, 16), min_size=1, max_size=12), st.integers(1, 12))
def test_every_request_is_answered_once_in_order_and_never_more_than_16_windows_at_once(sizes, workers):
    waiting: queue.Queue = queue.Queue()
    for number, size in enumerate(sizes):
        waiting.put((number, (np.zeros(size),)))
    answered, held = [], None
    while held or not waiting.empty():
        batch, held = gather(waiting, held or waiting.get(), workers, longest_s=0.0)
        assert sum(len(arrays[0]) for _, arrays in batch) <= 16
        assert len(batch) <= workers
        answered += [number for number, _ in batch]
    assert answered == list(range(len(sizes)))


def test_windows_of_several_workers_are_recognised_as_alone_also_when_the_shared_process_ends(as_if_on_a_gpu):
    windows, weights = reference_windows(), read_weights()
    count = min(len(windows), 6)
    alone = [load_runtime("onnx", weights)(windows.part(at, at + 1)) for at in range(count)]
    notices: list[str] = []
    with sharing(analyse_job, "auto", 2, notices.append) as work:
        assert "onnx recognises for all workers in one process, in batches of up to 16 windows" in notices.pop()
        [server] = multiprocessing.active_children()
        recognise_by(work.args[0])
        try:
            runtimes = [shared_runtime(weights, notices.append) for _ in range(count)]
            assert runtimes[0].name == "onnx"
            assert "one process for all workers" in runtimes[0].explanation
            together = threading.Barrier(count)

            def recognise(at):
                together.wait()
                return runtimes[at](windows.part(at, at + 1))

            with ThreadPoolExecutor(count) as pool:
                answers = list(pool.map(recognise, range(count)))
            server.kill()
            server.join()
            answers += [runtime(windows.part(at, at + 1)) for at, runtime in enumerate(runtimes)]
            for answer, expected in zip(answers, 2 * alone, strict=True):
                assert answer.emotion == pytest.approx(expected.emotion, abs=1e-5)
                assert answer.aus == pytest.approx(expected.aus, abs=1e-5)
                assert answer.micro == pytest.approx(expected.micro, abs=1e-5)
            assert len(notices) == count
            assert "the process that recognises for all workers has ended" in notices[0]
            assert "no window was lost" in notices[0]
            Recognizer(notice=notices.append)
            assert notices[-1].endswith("this worker recognises by itself.")
        finally:
            recognise_by(None)


def test_two_workers_that_share_a_recognizer_find_the_events_of_one_by_one(film, tmp_path, as_if_on_a_gpu):
    job = Job(str(film), tmp_path / "alone", PipelineParameters())
    [alone] = analyse(job).events
    jobs = [replace(job, folder=tmp_path / "shared", name=name) for name in "ab"]
    notices: list[str] = []
    found = list(analyse_all(jobs, 2, lambda _: None, threading.Event(), notices.append))
    assert len(notices) == 1
    for outcome in found:
        assert outcome.notices == ()
        [event] = outcome.events
        assert event.emotion == pytest.approx(alone.emotion, abs=1e-5)
        assert event.aus == pytest.approx(alone.aus, abs=1e-5)
        assert replace(
            event, emotion=alone.emotion, aus=alone.aus, score=alone.score, evidence=alone.evidence, compute_ms=0.0
        ) == replace(alone, compute_ms=0.0)
        assert event.score == pytest.approx(alone.score, abs=1e-5)
