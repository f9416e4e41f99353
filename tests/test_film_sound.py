"""The microphone of a recording: in sync with the picture, recorded only where that was ticked, never its end."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gui.dialogs.consent import ConsentDialog
from gui.live.run import State
from realtime.export import export_sessions, formats_named
from realtime.session import SessionInfo, SessionWriter, open_session
from realtime.session.filming import start_filming
from realtime.session.recorder import Recorder
from realtime.session.sound_line import SoundLine
from realtime.sources import Generated, NoticeKind, SourceError, VideoFile
from realtime.sources.microphone import find_microphone
from realtime.sources.sound import Microphone, SoundBlock
from realtime.types import Analysis, Frame
from realtime.viewing.playback import Playback
from realtime.viewing.sound import RATE_HZ, open_sound
from tests.gui_driver import until
from tests.recordings import flashes_and_beeps, grey, write_video

ZERO_S, FPS = 1000.0, 30
"""Time 0 of every run here on the clock that the microphone shares."""
IN_SYNC_S = 0.04


class FakeMicrophone:
    """Gives all of `samples` (n,) at once, by a clock that is `ppm` fast, then ends, breaks, or waits to be closed."""

    name = "a fake one"

    def __init__(self, samples, *, began_s=ZERO_S, ppm=0.0, breaks=False):
        self.given, self.closed = threading.Event(), threading.Event()
        self._samples, self._began_s, self._breaks = samples, began_s, breaks
        self._rate_hz = RATE_HZ * (1 + 1e-6 * ppm)

    def blocks(self):
        for begins in range(0, len(self._samples), 960):
            part = self._samples[begins : begins + 960]
            yield SoundBlock(self._began_s + begins / self._rate_hz, np.repeat(part[:, None], 2, 1).astype(np.float32))
        self.given.set()
        if self._breaks:
            raise SourceError("The microphone “a fake one” gives no more sound.")
        self.closed.wait()

    def close(self):
        self.closed.set()


def beeps(at_s, seconds, ppm=0.0):
    """(n,) that beep for 100 ms from these times on, as a microphone hears it whose clock is `ppm` fast."""
    times_s = np.arange(round(seconds * RATE_HZ * (1 + 1e-6 * ppm))) / (RATE_HZ * (1 + 1e-6 * ppm))
    on = np.any([(times_s >= a) & (times_s < a + 0.1) for a in at_s], axis=0)
    return np.where(on, 0.5 * np.cos(2 * np.pi * 1000 * times_s), 0.0)


def film(recorder, microphone, at_s, seconds, first=0):
    """Give a recorder frames of a run that are white for 100 ms from these times on."""
    recorder.on_zero(ZERO_S)
    for index in range(first, round(seconds * FPS)):
        white = any(0 <= index / FPS - a < 0.1 for a in at_s)
        frame = Frame(index, index / FPS, grey(235 if white else 20, (96, 128)))
        recorder.on_capture(frame)
        assert microphone.given.wait(20)  # no test depends on how fast the microphone's thread is
        recorder.on_analysis(Analysis(index, frame.time_s), frame)


def start(recorder, folder, microphone):
    info = SessionInfo(source="camera 0", video=str(folder / "s.mp4"), consent="Ada agreed to be recorded with video.")
    recorder.start(folder / "s.medn", info, film=True, microphone=microphone)
    return folder / "s.mp4"


def flashes_of(path):
    with Playback(path) as playback:
        bright = [playback.frame(index).image.mean() > 120 for index in range(len(playback.times_s))]
        return playback.times_s[np.flatnonzero(np.diff(np.array(bright).astype(int), prepend=0) == 1)]


def heard(path):
    with open_sound(path) as track:
        return np.concatenate(list(track.samples(0.0)))[:, 0]


def beeps_of(path):
    loud = np.flatnonzero(np.abs(heard(path)) > 0.1)
    return loud[np.diff(loud, prepend=-RATE_HZ) > RATE_HZ / 3] / RATE_HZ


@settings(max_examples=10, deadline=None)
@given(
    ppm=st.floats(-500, 500),
    block=st.integers(200, 2000),
    seed=st.integers(0, 99),
    lost_s=st.sampled_from([0.0, 0.5, 3.0]),
    began_s=st.floats(-0.5, 0.5),
)
def test_sound_keeps_its_time_whatever_its_clock_its_blocks_and_what_is_lost(ppm, block, seed, lost_s, began_s):
    rng, line, parts = np.random.default_rng(seed), SoundLine(), []
    captured_s = 2 + began_s + np.arange(14 * RATE_HZ) / (RATE_HZ * (1 + 1e-6 * ppm))  # each sample is its time + 2
    for number, begins in enumerate(range(0, len(captured_s), block)):
        part = captured_s[begins : begins + block]
        if 8 <= part[0] < 8 + lost_s:
            continue
        told_s = part[0] - 2 + rng.uniform(-0.004, 0.004)
        parts.append(line.add(told_s, np.repeat(part[:, None], 2, 1).astype(np.float32))[:, 0])
        if number % 50 == 49:
            parts.append(line.silence(round((part[-1] - 4) * RATE_HZ))[:, 0])  # is there already, unless much was lost
    samples = np.concatenate(parts)
    assert line.next == len(samples)
    there = np.flatnonzero(samples)
    off_s = samples[there] - 2 - there / RATE_HZ
    settling = (samples[there] > 7.99 + lost_s) & (samples[there] < 8.25 + lost_s)  # single blocks are not believed
    assert np.abs(off_s[~settling]).max() < IN_SYNC_S
    assert len(there) > (13 - lost_s) * RATE_HZ - 6 * block


@pytest.mark.parametrize("ppm", [0, 500, -500])
def test_picture_and_sound_of_a_film_agree_also_where_the_recording_joins_a_run_and_the_clocks_differ(tmp_path, ppm):
    at_s, recorder = (1.5, 3.0, 5.5), Recorder()
    microphone = FakeMicrophone(beeps(at_s, 7.0, ppm), ppm=ppm)
    path = start(recorder, tmp_path, microphone)
    film(recorder, microphone, at_s, 6.5, first=10)
    recorder.stop()
    assert not recorder.problem
    assert microphone.closed.is_set()
    begins_s = 10 / FPS
    assert flashes_of(path) == pytest.approx(np.array(at_s) - begins_s, abs=1e-3)
    assert beeps_of(path) == pytest.approx(np.array(at_s) - begins_s, abs=0.01)
    with open_session(tmp_path / "s.medn") as session:
        times_s = [row.time_s for row in session.frames()]
        assert session.notices() == []
    assert [frame.time_s for frame in VideoFile(path)] == pytest.approx(times_s, abs=2e-5)


def test_sound_from_before_the_recording_is_not_kept(tmp_path):
    recorder = Recorder()
    microphone = FakeMicrophone(beeps([0.5, 3.0], 4.0))
    path = start(recorder, tmp_path, microphone)
    film(recorder, microphone, [], 4.0, first=30)
    recorder.stop()
    assert beeps_of(path) == pytest.approx([2.0], abs=0.01)


def test_a_microphone_that_goes_away_is_said_once_and_the_film_goes_on_silently(tmp_path):
    told, at_s, rng = [], (0.5, 1.5), np.random.default_rng(0)
    recorder = Recorder(told.append)
    microphone = FakeMicrophone(beeps(at_s, 2.0), breaks=True)
    path = start(recorder, tmp_path, microphone)
    film(recorder, microphone, at_s, 1.0)
    recorder._recording.film._listening.join()
    for index in range(FPS, 5 * FPS):
        time_s = index / FPS + rng.uniform(0, 0.01)
        frame = Frame(index, time_s, grey(20, (96, 128)))
        recorder.on_capture(frame)
        recorder.on_analysis(Analysis(index, time_s), frame)
    recorder.stop()
    assert not recorder.problem
    assert [(notice.kind, "silent from there on" in notice.text) for notice in told] == [(NoticeKind.DEGRADED, True)]
    with open_session(tmp_path / "s.medn") as session:
        assert [notice.text for notice in session.notices()] == [told[0].text]
    assert len(list(VideoFile(path))) == 5 * FPS
    assert beeps_of(path) == pytest.approx(at_s, abs=0.01)
    assert len(heard(path)) / RATE_HZ == pytest.approx(5.0, abs=0.1)


KILLED = """
import sys, time
sys.path[:0] = ["tests"]
from pathlib import Path
from tests.test_film_sound import FakeMicrophone, beeps, film, start
from realtime.session.recorder import Recorder

recorder, microphone = Recorder(), FakeMicrophone(beeps([1.0, 2.5], 6.0))
start(recorder, Path(sys.argv[1]), microphone)
film(recorder, microphone, [1.0, 2.5], 6.0)
while not recorder._recording.film._frames.empty():
    time.sleep(0.01)
print("recorded", flush=True)
time.sleep(600)
"""


def test_a_killed_recorder_leaves_a_film_with_sound_that_lacks_a_second_at_most(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout.readline() == "recorded\n"
        killed.send_signal(signal.SIGKILL)
    path = tmp_path / "s.mp4"
    assert list(VideoFile(path))[-1].time_s > 5.0
    assert len(heard(path)) / RATE_HZ > 5.0
    assert beeps_of(path) == pytest.approx(flashes_of(path), abs=IN_SYNC_S)


def test_without_a_microphone_a_film_has_no_stream_of_sound(tmp_path):
    recorder, quiet = Recorder(), FakeMicrophone(np.zeros(0))
    quiet.given.set()
    path = start(recorder, tmp_path, None)
    film(recorder, quiet, [], 1.0)
    recorder.stop()
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


class Camera(Generated):
    """A live source of a plain picture, at about 50 a second."""

    live, zero_s = True, ZERO_S

    def __init__(self):
        def picture(_index):
            time.sleep(0.02)
            return grey(20)

        super().__init__(picture, np.arange(0, 3000, 0.02), "a camera")


class Network:
    """The pipeline of a run, as far as a recorder asks."""

    def __init__(self):
        from realtime.pipeline import PipelineParameters

        self.parameters, self.recognizer = PipelineParameters(), self
        self.weights, self.sha256 = self, "0" * 64


@pytest.mark.parametrize("there", [True, False])
def test_the_command_line_films_with_sound_or_says_why_there_is_none(tmp_path, monkeypatch, there):
    def opened():
        if not there:
            raise SourceError("This machine has no microphone.")
        return microphone

    microphone, told = FakeMicrophone(beeps([0.5], 1.5)), []
    monkeypatch.setattr("realtime.session.filming.open_microphone", opened)
    recorder = start_filming(tmp_path / "s.medn", Camera(), Network(), told.append, person="Ada", sound=True)
    if not there:
        microphone.given.set()
    film(recorder, microphone, [0.5], 1.0)
    recorder.stop()
    assert (open_sound(tmp_path / "s.mp4") is not None) == there
    assert [notice.text for notice in told] == (
        [] if there else ["This machine has no microphone. The video has no sound."]
    )
    with open_session(tmp_path / "s.medn") as session:
        assert session.info.consent == "Ada agreed to be recorded with video and sound."
        assert session.info.person == "Ada"
        assert [notice.text for notice in session.notices()] == [notice.text for notice in told]


@pytest.mark.parametrize(
    ("ticked", "there", "consent"),
    [
        (False, True, "Ada agreed to be recorded with video."),
        (True, True, "Ada agreed to be recorded with video and sound."),
        (True, False, "Ada agreed to be recorded with video and sound."),
    ],
)
def test_the_app_records_sound_only_where_it_was_ticked(window, monkeypatch, ticked, there, consent):
    def opened(name):
        names.append(name)
        if not there:
            raise SourceError("The microphone “a fake one” cannot be opened.")
        return FakeMicrophone(np.zeros(10 * RATE_HZ))

    names, live = [], window.live
    monkeypatch.setattr("gui.live.run.open_microphone", opened)
    monkeypatch.setattr("gui.live.run.open_source", lambda *_, **__: Camera())
    window.settings.microphone = "the one on the table"
    live.picker.choose("0")
    live.start()
    until(lambda: live.run is not None and live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.begin("Ada", with_video=True, with_sound=ticked)
    path = live.recorder.path
    until(lambda: live.recorder.seconds and live.recorder.seconds > 0.5)
    if ticked and not there:
        until(lambda: "cannot be opened. The video has no sound." in window.banner.text)
    live.stop()
    assert names == (["the one on the table"] if ticked else [])
    assert (open_sound(path.with_suffix(".mp4")) is not None) == (ticked and there)
    with open_session(path) as stored:
        assert stored.info.consent == consent
        assert any("has no sound" in notice.text for notice in stored.notices()) == (ticked and not there)


def test_the_tick_is_off_by_default_and_there_is_sound_only_with_the_video(app):
    dialog = ConsentDialog("Ada", microphone=Microphone("built-in", "Built-in microphone"))
    assert not dialog.with_sound
    assert not dialog._sound.isEnabled()
    dialog._video.setChecked(True)
    assert not dialog.with_sound
    dialog._sound.setChecked(True)
    assert dialog.with_sound
    dialog._video.setChecked(False)
    assert not dialog.with_sound


def test_where_there_is_no_microphone_the_tick_is_disabled_and_says_why(app):
    dialog = ConsentDialog("Ada", microphone="This machine has no microphone.")
    dialog._video.setChecked(True)
    assert not dialog._sound.isEnabled()
    assert dialog._note.text() == "This machine has no microphone."


def test_a_machine_without_a_sound_server_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")
    monkeypatch.setenv("PULSE_COOKIE", str(tmp_path / "cookie"))
    with pytest.raises(SourceError, match=r"^(No sound server|Recording sound needs libpulse|The microphone can).*\.$"):
        find_microphone()


@pytest.mark.parametrize(("picture_at_s", "sound_at_s"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_an_exported_video_keeps_the_sound_at_its_time_whichever_begins_first(
    tmp_path, suffix, picture_at_s, sound_at_s
):
    at_s = (0.6, 2.0)
    source = flashes_and_beeps(tmp_path / f"v{suffix}", at_s, 3.0, picture_at_s=picture_at_s, sound_at_s=sound_at_s)
    made = exported(tmp_path, source, "video")
    assert beeps_of(made) == pytest.approx(at_s, abs=0.005)
    assert flashes_of(made) == pytest.approx(at_s, abs=0.005)
    assert beeps_of(made) == pytest.approx(flashes_of(made), abs=IN_SYNC_S)


def test_boris_is_told_of_sound_exactly_where_the_recording_has_it(tmp_path):
    sound = np.zeros(RATE_HZ, np.float32)
    pictures = [grey(90)] * 25
    loud = write_video(tmp_path / "loud.mp4", pictures, range(0, 1000, 40), sound=sound)
    silent = write_video(tmp_path / "silent.mp4", pictures, range(0, 1000, 40))
    for video, has_sound in ((loud, True), (silent, False), (tmp_path / "gone.mp4", False)):
        project = json.loads(exported(tmp_path, video, "boris").read_text())
        [observation] = project["observations"].values()
        assert observation["media_info"]["hasAudio"] == {str(video): has_sound}
    assert open_sound(Path(exported(tmp_path, silent, "video"))) is None


def exported(folder, video, name):
    """A session of a recording in a format."""
    path = folder / f"{video.stem}-{name}.medn"
    with SessionWriter(path, SessionInfo(source=video.name, video=str(video))) as writer:
        for index in range(10):
            writer.on_analysis(Analysis(index, index / FPS), Frame(index, index / FPS, grey(9)))
    [outcome] = export_sessions([path], formats_named(name))
    assert outcome.error == ""
    return outcome.files[0]
