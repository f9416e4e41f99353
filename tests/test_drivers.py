"""Live and replay: nothing uncounted, the same frames to the pipeline, and always an end."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.drivers import Mailbox, Tally, run_live, run_replay
from realtime.drivers.live import NewestFrames
from realtime.faces.detector import Detections
from realtime.sink import Sink
from realtime.sources import Cause, Dropped, Generated, Notice, NoticeKind, VideoFile
from realtime.types import Analysis, Event, Frame
from tests.recordings import grey, write_video

DRIVERS = pytest.mark.parametrize("drive", [run_live, run_replay])


def event_at(frame):
    t, i = frame.time_s, frame.index
    return Event(0, t, t, t, i, i, i, score=1.0, regions={}, evidence={}, algorithmic_ms=0.0, compute_ms=0.0)


class EveryTenth:
    """The smallest pipeline: each tenth frame it sees is an event, each eleventh a rejected candidate."""

    def __init__(self, delays_s=()):
        self.delays_s = list(delays_s)
        self.seen = 0

    def detect(self, frame):
        return Detections(None, 0.0)

    def step(self, frame, detections=None):
        time.sleep(self.delays_s[self.seen % len(self.delays_s)] if self.delays_s else 0)
        self.seen += 1
        events = (event_at(frame),) if self.seen % 10 == 0 else ()
        rejected = (event_at(frame),) if self.seen % 11 == 0 else ()
        return Analysis(frame.index, frame.time_s, (), events, rejected, {"sleep": 1.0})

    def flush(self):
        left, refused = (event_at(Frame(index, 1e9, grey(0, (1, 1)))) for index in (-2, -3))
        return Analysis(-1, 0.0, events=(left,), rejected=(refused,))


class Log(Sink):
    def __init__(self):
        self.frames, self.drops, self.events, self.rejected, self.notices = [], [], [], [], []

    def on_analysis(self, analysis, frame):
        if frame is not None:
            assert analysis.frame_index == frame.index
            self.frames.append(frame)
        self.events += [event.apex_frame for event in analysis.events]
        self.rejected += [event.apex_frame for event in analysis.rejected]

    def on_drop(self, dropped):
        self.drops.append(dropped)

    def on_notice(self, notice):
        self.notices.append(notice)


class Camera(Generated):
    """A generated source that comes in its own time, as a camera does, with what else a camera tells."""

    live = True

    def __init__(self, times_s, extra=None):
        super().__init__(lambda _: grey(0, (2, 2)), times_s)
        self.extra = extra or {}

    def __iter__(self):
        self.zero_s = time.monotonic()
        for item in super().__iter__():
            time.sleep(max(0, self.zero_s + item.time_s - time.monotonic()))
            if item.index in self.extra:
                yield self.extra[item.index]
            yield item


def times(count, rate_hz=30.0):
    return [i / rate_hz for i in range(count)]


def still(times_s):
    return Generated(lambda _: grey(0, (2, 2)), times_s)


@settings(max_examples=12, deadline=None)
@given(
    delays_ms=st.lists(st.sampled_from([0, 0, 1, 5, 30, 200]), min_size=1, max_size=6),
    gaps_ms=st.lists(st.sampled_from([0, 1, 5, 5, 5, 20]), min_size=1, max_size=60),
)
def test_live_offered_is_processed_plus_dropped_and_each_frame_is_reported_once(delays_ms, gaps_ms):
    log = Log()
    pipeline = EveryTenth([ms / 1000 for ms in delays_ms])
    summary = run_live(Camera(np.cumsum([0, *gaps_ms]) / 1000), pipeline, [log])
    assert summary.frames_offered == len(gaps_ms) + 1
    assert summary.frames_offered == summary.frames_processed + sum(summary.frames_dropped.values())
    assert summary.frames_dropped == Counter(d.cause.value for d in log.drops)
    assert sorted([f.index for f in log.frames] + [d.index for d in log.drops]) == list(range(len(gaps_ms) + 1))
    assert all(a.time_s < b.time_s for a, b in pairwise(log.frames))


@pytest.mark.usefixtures("patient")
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delays_ms=st.lists(st.sampled_from([0, 0, 1, 10]), min_size=1, max_size=4),
    gaps_ms=st.lists(st.sampled_from([1, 5, 20]), min_size=1, max_size=60),
)
def test_a_paced_recording_that_the_machine_can_hold_gives_what_replay_gives(delays_ms, gaps_ms):
    times_s = (np.cumsum([0, *gaps_ms]) / 1000).tolist()
    logs = {}
    for drive in (run_live, run_replay):
        logs[drive] = Log()
        summary = drive(still(times_s), EveryTenth([ms / 1000 for ms in delays_ms]), [logs[drive]])
        assert summary.frames_processed == len(times_s)
        assert summary.events == len(logs[drive].events) == len(times_s) // 10 + 1
    assert [f.time_s for f in logs[run_live].frames] == [f.time_s for f in logs[run_replay].frames]
    assert logs[run_live].events == logs[run_replay].events
    assert logs[run_live].rejected == logs[run_replay].rejected


@DRIVERS
def test_what_the_flush_finds_and_rejects_reaches_the_sinks(drive):
    log = Log()
    assert drive(still(times(3, 100)), EveryTenth(), [log]).events == 1
    assert (log.events, log.rejected) == ([-2], [-3])


@pytest.mark.usefixtures("patient")
def test_a_real_file_gives_the_same_pictures_live_and_in_replay(tmp_path):
    path = write_video(tmp_path / "v.mp4", map(grey, range(0, 200, 10)), [15 * i for i in range(20)])
    logs = [Log(), Log()]
    for drive, log in zip((run_live, run_replay), logs, strict=True):
        drive(VideoFile(path), EveryTenth(), [log])
    assert len(logs[0].frames) == 20
    for a, b in zip(logs[0].frames, logs[1].frames, strict=True):
        assert a.time_s == b.time_s
        np.testing.assert_array_equal(a.image, b.image)


@pytest.mark.usefixtures("patient")
@DRIVERS
def test_seconds_end_a_run_before_the_first_later_frame(drive):
    log = Log()
    summary = drive(still(times(100, 100)), EveryTenth(), [log], seconds=0.3)
    assert [f.index for f in log.frames] == list(range(30))
    assert summary.frames_offered == 30
    assert summary.events == 4


@pytest.mark.usefixtures("patient")
@DRIVERS
def test_a_stop_sign_ends_a_run_soon_and_what_was_done_is_kept(drive):
    stop = threading.Event()

    class StopsAtTen(Log):
        def on_analysis(self, analysis, frame):
            super().on_analysis(analysis, frame)
            if len(self.frames) == 10:
                stop.set()

    log = StopsAtTen()
    summary = drive(still(times(10_000, 200)), EveryTenth(), [log], stop=stop)
    assert summary.frames_processed == 10
    assert log.events == [9, -2]
    assert set(summary.frames_dropped) <= {Cause.STOPPED.value}
    assert summary.frames_offered == 10 + len(log.drops)


def test_a_stop_sign_ends_a_run_whose_camera_gives_nothing():
    class Silent(Camera):
        def __iter__(self):
            while not self._closed:
                time.sleep(0.01)
            yield from ()

    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert run_live(Silent([0.0]), EveryTenth(), stop=stop).frames_offered == 0


@DRIVERS
def test_an_error_while_capturing_or_analysing_reaches_the_caller_and_the_source_is_closed(drive):
    def broken(*_):
        raise ValueError("broken")

    class Broken(EveryTenth):
        step = staticmethod(broken)

    for source, pipeline in ((Generated(broken, times(3)), EveryTenth()), (still(times(10_000)), Broken())):
        with pytest.raises(ValueError, match="broken"):
            drive(source, pipeline)
        assert list(source) == []


def test_an_error_while_detecting_ahead_reaches_the_caller_after_the_frames_before_it_were_analysed():
    class Blind(EveryTenth):
        def detect(self, frame):
            if frame.index == 7:
                raise ValueError("blind")
            return super().detect(frame)

    log = Log()
    with pytest.raises(ValueError, match="blind"):
        run_replay(still(times(10_000)), Blind(), [log])
    assert [frame.index for frame in log.frames] == list(range(7))


def test_each_frame_s_own_detections_reach_its_step_in_order():
    class Paired(EveryTenth):
        def __init__(self):
            super().__init__()
            self.pairs = []

        def detect(self, frame):
            return Detections(None, float(frame.index))

        def step(self, frame, detections=None):
            self.pairs.append((frame.index, detections.took_ms))
            return super().step(frame)

    pipeline = Paired()
    run_replay(still(times(40)), pipeline)
    assert pipeline.pairs == [(index, index) for index in range(40)]


def test_drops_and_notices_of_the_source_are_counted_and_passed_on_in_order():
    lost, notice = Dropped(5, 0.02, Cause.SOURCE_LOST), Notice(0.02, NoticeKind.LOST, "gone")
    log = Log()
    summary = run_live(Camera(times(10, 100), {5: lost, 6: notice}), EveryTenth(), [log])
    assert summary.frames_dropped == {"source lost": 1}
    assert summary.frames_offered == 11
    assert notice in log.notices


def test_the_queue_keeps_the_newest_frames_in_order_and_reports_the_rest():
    waiting = NewestFrames(patience_s=0.1)
    notice = Notice(0.05, NoticeKind.LOST, "gone")
    for i in range(20):
        waiting.put(Frame(i, i / 20, grey(0, (1, 1))))
        if i == 1:
            waiting.put(notice)
    waiting.close()
    taken = []
    while not waiting.exhausted:
        taken.append(waiting.take(0))
    assert [i.index for i in taken if isinstance(i, Dropped)] == list(range(17))
    assert [i.index for i in taken if isinstance(i, Frame)] == [17, 18, 19]
    assert taken.index(notice) == 2
    assert waiting.take(0) is None


def test_the_queue_is_bounded_whatever_the_rate():
    waiting = NewestFrames(patience_s=1.0)
    for i in range(5000):
        waiting.put(Frame(i, i / 10_000, grey(0, (1, 1))))
    assert sum(isinstance(i, Dropped) for i in waiting.give_up() if i.cause is Cause.OVERRUN) == 5000 - 64


@pytest.mark.usefixtures("patient")
def test_live_latency_counts_from_when_a_frame_was_due_not_from_when_it_was_taken_up():
    delays = [0.3, *[0.0] * 9]  # one frame holds up those behind it
    summary = run_live(still(times(10, 50)), EveryTenth(delays))
    assert summary.stages_ms["capture_to_result"]["p50"] > 150
    assert summary.stages_ms["step"]["p50"] < 150


def test_a_mailbox_holds_the_newest_result_only():
    mailbox = Mailbox()
    assert mailbox.newest is None
    run_replay(still(times(10)), EveryTenth(), [mailbox])
    assert mailbox.newest.frame.index == mailbox.newest.analysis.frame_index == 9


def test_the_rate_in_the_summary_is_measured():
    summary = run_replay(still(times(61, 60)), EveryTenth())
    assert summary.duration_s == pytest.approx(1)
    assert summary.source_fps == pytest.approx(60)
    assert {"decode", "step", "sleep"} <= set(summary.stages_ms)


def test_the_time_of_day_of_the_first_frame_of_a_camera_is_in_the_summary():
    class Clock(Sink):
        told = ()

        def on_clock(self, first_frame_utc):
            self.told += (first_frame_utc,)

    camera, clock = Camera([0.0, 0.1, 0.2]), Clock()
    summary = run_live(camera, EveryTenth(), [clock])
    assert clock.told == (summary.first_frame_utc,)
    first = datetime.fromisoformat(summary.first_frame_utc)
    ago_s = time.monotonic() - camera.zero_s
    assert (datetime.now(UTC) - first).total_seconds() == pytest.approx(ago_s, abs=0.02)
    assert summary.first_frame_utc.endswith("+00:00")
    recording = Generated(lambda _: grey(0, (2, 2)), [0.0, 0.1])
    assert run_live(recording, EveryTenth()).first_frame_utc is None


@DRIVERS
def test_a_runs_clock_is_set_by_a_live_run_only(drive):
    tally = Tally()
    drive(Generated(lambda _: grey(0, (2, 2)), [0.0, 0.1]), EveryTenth(), tally=tally)
    assert np.isnan(tally.zero_s) == (drive is run_replay)
