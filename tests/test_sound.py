"""The sound of a recording: at its own time in the file, without clicks, slowly at its pitch, the picture's clock."""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest

from gui.review import sound as review_sound
from realtime.viewing import kept
from realtime.viewing.playback import Playback
from realtime.viewing.sound import GAP_S, RATE_HZ, open_sound
from realtime.viewing.sound_feed import Play, SoundFeed
from realtime.viewing.waveform import STEP_S, Waveform, heights
from tests.gui_driver import press, until, write_session
from tests.recordings import flashes_and_beeps, grey, write_video

KEY, SHIFT, CTRL = Qt.Key, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
AT_S = (1.0, 2.0, 3.2)
SECONDS = 5.0


@pytest.fixture(scope="module")
def beeping(tmp_path_factory):
    return flashes_and_beeps(tmp_path_factory.mktemp("sound") / "beeps.mkv", AT_S, SECONDS)


def heard(path, from_s=0.0, speed=1.0):
    with open_sound(path) as track:
        return np.concatenate(list(track.samples(from_s, speed)))[:, 0]


def beginnings(samples, from_s=0.0, speed=1.0):
    """Times in the recording at which beeps begin."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    first = loud[np.diff(loud, prepend=-RATE_HZ) > RATE_HZ / 3 / speed]
    return from_s + first / RATE_HZ * speed


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(("picture_at_s", "sound_at_s"), [(0, 0), (0.5, 0), (0, 0.5)])
def test_flashes_and_beeps_have_the_same_times_whichever_begins_first(tmp_path, suffix, picture_at_s, sound_at_s):
    path = flashes_and_beeps(
        tmp_path / f"late{suffix}", AT_S, SECONDS, picture_at_s=picture_at_s, sound_at_s=sound_at_s
    )
    assert beginnings(heard(path)) == pytest.approx(AT_S, abs=0.002)
    with Playback(path) as playback:
        bright = [playback.frame(index).image.mean() > 120 for index in range(len(playback.times_s))]
        begins = np.flatnonzero(np.diff(np.array(bright).astype(int), prepend=0) == 1)
        assert playback.times_s[begins] == pytest.approx(AT_S, abs=0.002)


@settings(max_examples=20, deadline=None)
@given(from_s=st.floats(0, 4.9))
def test_a_jump_lands_on_the_exact_sample(exact, from_s):
    path, whole = exact
    place = round(from_s * RATE_HZ)
    with open_sound(path) as track:
        first = next(track.samples(from_s))[:, 0]
    assert first == pytest.approx(whole[place : place + len(first)], abs=1e-3)


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    """A file whose times are exact, unlike Matroska's, and its samples."""
    path = flashes_and_beeps(tmp_path_factory.mktemp("sound") / "beeps.mp4", AT_S, SECONDS)
    return path, heard(path)


@pytest.mark.parametrize("speed", [0.5, 0.25])
def test_slow_sound_keeps_its_times_and_its_pitch(beeping, speed):
    samples = heard(beeping, 0.7, speed)
    assert beginnings(samples, 0.7, speed) == pytest.approx(AT_S, abs=0.02)
    loud = np.flatnonzero(np.abs(samples) > 0.1)[0]
    spectrum = np.abs(np.fft.rfft(samples[loud : loud + RATE_HZ // 10]))
    assert spectrum.argmax() * 10 == pytest.approx(1000, abs=20)


def test_sound_by_another_clock_than_its_times_never_strays_by_more_than_a_rounding(tmp_path):
    """A microphone 3000 ppm off: packets say when they were recorded, their samples pass a little too fast."""
    path, slow = tmp_path / "drift.mkv", 1.003
    at_s = np.arange(1.0, 31.0)
    times_s = np.arange(30 * RATE_HZ) / RATE_HZ * slow
    loud = 0.5 * np.sin(2000 * np.pi * times_s) * (times_s % 1.0 < 0.1) * (times_s > 0.9)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=1)
        picture.width, picture.height, picture.pix_fmt = 160, 120, "yuv420p"
        sound = container.add_stream("pcm_f32le", rate=RATE_HZ, layout="mono")
        for second in range(30):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(grey(20), "bgr24")))
            for begins in range(second * RATE_HZ, (second + 1) * RATE_HZ, 960):
                block = np.ascontiguousarray(loud[None, begins : begins + 960], np.float32)
                samples = av.AudioFrame.from_ndarray(block, "flt", "mono")
                samples.sample_rate, samples.pts, samples.time_base = (
                    RATE_HZ,
                    round(begins * slow),
                    Fraction(1, RATE_HZ),
                )
                container.mux(sound.encode(samples))
        container.mux(picture.encode())
        container.mux(sound.encode())
    assert beginnings(heard(path)) == pytest.approx(at_s, abs=GAP_S + 0.002)


@pytest.mark.parametrize(("rate_hz", "layout"), [(48_000, "stereo"), (44_100, "5.1")])
def test_sound_that_changes_its_channels_or_its_rate_is_heard_to_its_end(tmp_path, rate_hz, layout):
    raw = tmp_path / "raw.ac3"
    raw.write_bytes(ac3(48_000, "5.1", 1.0) + ac3(rate_hz, layout, 1.0))
    path = tmp_path / "television.mkv"
    with av.open(str(raw)) as coded, av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=10)
        picture.width, picture.height, picture.pix_fmt = 160, 120, "yuv420p"
        sound = container.add_stream_from_template(coded.streams.audio[0])
        for _ in range(60):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(grey(20), "bgr24")))
        container.mux(picture.encode())
        for packet in coded.demux():
            if packet.dts is not None:
                packet.stream = sound
                container.mux(packet)
    assert beginnings(heard(path)) == pytest.approx([1.0, 3.0 + 1.0], abs=0.05)


def ac3(rate_hz, layout, at_s):
    """Three seconds with a beep."""
    encoder = av.CodecContext.create("ac3", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate_hz, layout, "fltp"
    times_s = np.arange(3 * rate_hz) / rate_hz
    loud = 0.9 * np.sin(2000 * np.pi * times_s) * (times_s >= at_s) * (times_s < at_s + 0.1)
    packets = []
    for begins in range(0, len(loud) - 1535, 1536):
        block = np.tile(loud[begins : begins + 1536].astype(np.float32), (encoder.layout.nb_channels, 1))
        frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, begins, Fraction(1, rate_hz)
        packets += encoder.encode(frame)
    return b"".join(map(bytes, [*packets, *encoder.encode(None)]))


def test_a_recording_without_sound_and_a_file_that_is_no_recording_have_none(tmp_path):
    silent = write_video(tmp_path / "silent.mp4", [grey(90)] * 5, range(0, 200, 40))
    (tmp_path / "text.mp4").write_text("no film")
    assert open_sound(silent) is None
    assert open_sound(tmp_path / "text.mp4") is None
    assert open_sound(tmp_path / "missing.mp4") is None


def test_a_file_that_is_cut_off_is_heard_up_to_there(tmp_path, beeping):
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(beeping.read_bytes()[: beeping.stat().st_size // 2])
    assert beginnings(heard(cut))[:2] == pytest.approx(AT_S[:2], abs=0.002)


TIMES_S = st.floats(0.0, SECONDS)
COMMANDS = st.one_of(
    st.none(),
    st.builds(
        lambda at_s, speed, length_s, loops: Play(at_s, SECONDS, speed, (at_s, at_s + length_s) if loops else None),
        TIMES_S, st.sampled_from([0.25, 0.5, 1.0]), st.floats(0.0, 0.2), st.booleans(),
    ),
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(commands=st.lists(st.tuples(COMMANDS, st.floats(0, 1), st.integers(1, 6000)), min_size=1, max_size=8))
def test_pausing_jumping_looping_and_volume_never_click(tone, commands):
    feed = SoundFeed(tone)
    feed.volume = 0.0
    blocks = []
    for play, volume, count in commands:
        feed.volume = volume
        if play is None:
            feed.pause()
        else:
            feed.play(play)
        blocks += [feed.take(480) for _ in range(count // 480 + 1)]
    steepest = 0.5 * 2 * np.pi * 200 / RATE_HZ
    assert np.abs(np.diff(np.concatenate(blocks)[:, 0])).max(initial=0) < 1.5 * steepest


@pytest.fixture(scope="module")
def tone(tmp_path_factory):
    """200 Hz all the time."""
    wave = 0.5 * np.sin(2 * np.pi * 200 * np.arange(SECONDS * RATE_HZ) / RATE_HZ)
    path = tmp_path_factory.mktemp("sound") / "tone.mkv"
    write_video(path, [grey(90)] * 5, range(0, 5000, 1000), sound=wave.astype(np.float32))
    with open_sound(path) as track:
        yield track


@pytest.fixture(scope="module")
def clock_track(tmp_path_factory):
    """Each sample is its own time in tens of seconds."""
    path = tmp_path_factory.mktemp("sound") / "clock.mkv"
    times_s = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    write_video(path, [grey(90)] * 5, range(0, 5000, 1000), sound=(times_s / 10).astype(np.float32))
    with open_sound(path) as track:
        yield track


@settings(max_examples=20, deadline=None)
@given(places=st.lists(st.tuples(TIMES_S, st.booleans(), st.integers(1, 60)), min_size=1, max_size=6))
def test_what_is_heard_with_a_sample_is_known(clock_track, places):
    feed = SoundFeed(clock_track)
    feed.volume = 1.0
    feed.take(480)
    taken = [np.zeros((480, 2), np.float32)]
    for at_s, loops, blocks in places:
        feed.play(Play(at_s, SECONDS, loop=(at_s, at_s + 0.3) if loops else None))
        taken += [feed.take(480) for _ in range(blocks)]
        samples = np.concatenate(taken)[:, 0]
        for place in range(len(samples) - 480, len(samples), 40):
            here = feed.heard_at(place)
            # where it fades, only the time is known
            if here.speed and samples[place] > 0 and abs(10 * samples[place] - here.time_s) > 2e-3:
                assert samples[place] < here.time_s / 10


class Device:
    """A sound device whose clock the test moves."""

    def __init__(self):
        self.written, self.heard, self.resting = [], 0, False

    def room(self):
        return 4800 + self.heard - sum(map(len, self.written))

    def write(self, samples):
        self.written.append(samples)

    def played(self):
        return self.heard

    def rest(self, *, on):
        self.resting = on

    def close(self):
        self.written = []

    def go_on(self, seconds):
        """Let it play."""
        to = self.heard + round(seconds * RATE_HZ)
        while self.heard < to:
            until(lambda: self.room() <= 0)
            self.heard = min(self.heard + 2400, to)


@pytest.fixture
def device(monkeypatch):
    result = Device()
    monkeypatch.setattr(review_sound, "system_device", lambda: lambda: result)
    return result


@pytest.fixture
def playing(window, home, beeping, device):
    """A session whose recording beeps, open in Review."""
    window.open_session(write_session(home / "sessions" / "beeps.medn", SECONDS, [1.0, 3.2], beeping))
    viewer = window.review.viewer
    until(lambda: viewer.sound.there and viewer.image is not None and viewer.end_s > 4.9)
    viewer.play(on=False)
    viewer.loop, viewer.speed = None, 1.0
    viewer.seek(0.5)
    return window


def test_the_picture_follows_the_sound_and_waits_for_it(playing, device):
    viewer = playing.review.viewer
    press(playing.review, KEY.Key_Space)
    device.go_on(1.2)
    until(lambda: 1.3 < viewer.position_s < 1.9)
    until(lambda: viewer._shown.frame.time_s > 1.3)
    shown_s = viewer._shown.frame.time_s
    for _ in range(30):  # the device stands still, so does the picture
        playing.review._tick()
    assert viewer._shown.frame.time_s - shown_s < 0.25
    loud = np.flatnonzero(np.abs(np.concatenate(device.written)[:, 0]) > 0.05)
    first = loud[loud > loud[-1] - RATE_HZ // 5][0]  # the beep lasts for a tenth of a second
    assert viewer.sound._feed.heard_at(first).time_s == pytest.approx(AT_S[0], abs=0.002)


def test_the_sound_library_keeps_its_cookie_in_the_products_cache_unless_the_user_has_one(app, tmp_path, monkeypatch):
    for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("PULSE_COOKIE", "restored at the end")
    monkeypatch.delenv("PULSE_COOKIE")
    cookie = tmp_path / "config" / "pulse" / "cookie"
    cookie.parent.mkdir(parents=True)
    cookie.touch()
    with suppress(RuntimeError):  # there may be no device
        review_sound.system_device()
    assert "PULSE_COOKIE" not in os.environ
    cookie.unlink()
    with suppress(RuntimeError):
        review_sound.system_device()
    assert Path(os.environ["PULSE_COOKIE"]).parent == tmp_path / "cache" / "medn"
    assert not cookie.exists()


def test_keys_change_the_volume_mute_and_keep_the_choice(playing, device):
    review = playing.review
    chosen = playing.settings
    press(review, KEY.Key_Down, CTRL)
    assert chosen.volume_pct == 70
    assert review._tools._volume.value() == 70
    press(review, KEY.Key_M, SHIFT)
    assert chosen.muted
    assert review.viewer.sound._feed.volume == 0.0
    press(review, KEY.Key_Up, CTRL)
    assert (chosen.muted, chosen.volume_pct) == (False, 80)
    press(review, KEY.Key_S, SHIFT)
    assert not chosen.slow_sound
    review.viewer.speed = 0.5
    press(review, KEY.Key_Space)
    until(lambda: review.viewer.sound._play is not None and review.viewer.sound._play.silent)


def test_a_device_that_stands_still_for_good_is_left_and_the_recording_plays_on(playing, device, monkeypatch):
    monkeypatch.setattr("gui.review.speaker.STUCK_TICKS", 20)
    viewer = playing.review.viewer
    press(playing.review, KEY.Key_Space)
    until(lambda: not viewer.sound.there)
    assert "without sound" in playing.banner.text
    until(lambda: viewer.position_s > 1.5)


def test_without_a_sound_device_this_is_said_once_and_recordings_play(window, home, beeping, monkeypatch):
    def none():
        raise RuntimeError(review_sound.NO_DEVICE)

    monkeypatch.setattr(review_sound, "system_device", none)
    said = []
    viewer = window.review.viewer
    viewer.sound.failed.connect(said.append)
    for name in ("one", "other"):
        window.open_session(write_session(home / "sessions" / f"{name}.medn", SECONDS, [1.0], beeping))
        until(lambda: viewer.image is not None and viewer.sound._opening is None)
        until(lambda at_s=viewer.position_s: viewer.position_s > at_s)
    assert said == [review_sound.NO_DEVICE]
    assert not window.review._tools._sound.isVisible()


def test_a_recording_without_sound_shows_no_volume(window, home, device):
    silent = write_video(home / "silent.mp4", [grey(90)] * 30, range(0, 1200, 40))
    window.open_session(write_session(home / "sessions" / "silent.medn", 1.2, [0.5], silent))
    viewer = window.review.viewer
    until(lambda: viewer.image is not None and viewer.sound._opening is None)
    assert not viewer.sound.there
    assert not window.review._tools._sound.isVisible()


def test_the_waveform_is_loud_where_it_beeps_and_is_kept_until_the_recording_changes(home, tmp_path, monkeypatch):
    path = flashes_and_beeps(tmp_path / "beeps.mp4", AT_S, SECONDS)
    computed = finished(path)
    loud_s = np.flatnonzero(computed > 60) * STEP_S
    assert set(np.round(loud_s, 2)) == {round(at_s + part_s, 2) for at_s in AT_S for part_s in (0, 0.05)}
    with monkeypatch.context() as context:
        context.setattr("realtime.viewing.waveform.open_sound", lambda _: None)  # so it can only come from the cache
        assert finished(path).tolist() == computed.tolist()
        for file in kept.kept_folder().iterdir():
            file.write_bytes(file.read_bytes()[:50])
        assert len(finished(path)) == 0
    assert finished(path).tolist() == computed.tolist()
    kept.forget(path)
    assert list(kept.kept_folder().iterdir()) == []


def finished(path):
    waveform = Waveform(path)
    waveform._thread.join()
    return waveform.peaks


@settings(max_examples=30, deadline=None)
@given(peaks=st.lists(st.integers(0, 255), max_size=300), columns=st.integers(1, 200), end_s=st.floats(0.1, 20))
def test_no_sound_is_lost_in_a_narrow_lane(peaks, columns, end_s):
    shown = heights(np.array(peaks, np.uint8), columns, end_s)
    assert len(shown) == columns
    within = np.array(peaks[: int(end_s / STEP_S)])
    assert shown.max(initial=0) == (1.0 if within.any() else shown.max(initial=0))


def test_the_waveform_stands_under_the_overview_and_a_click_seeks(playing):
    lane = playing.review.timeline._waveform
    until(lambda: len(lane._peaks) > 90)
    assert lane.isVisible()
    QTest.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(round(lane.width() * 0.4), 5))
    assert playing.review.viewer.position_s == pytest.approx(0.4 * playing.review.viewer.end_s, abs=0.05)
