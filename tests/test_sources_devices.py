"""Cameras and network streams: times, losses, stalls, reconnections, and no credentials in any message."""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import cv2
import numpy as np
import pytest

from realtime.sources import Dropped, NoticeKind, SourceError, camera, open_source
from realtime.sources.device import safe_url
from realtime.types import Frame
from tests.fakecam import environment, needs_fakecam
from tests.recordings import grey, write_video

LIVE = """
import json, sys
from realtime.sink import Sink
from realtime.drivers import run_live
from realtime.types import Analysis, Frame
from realtime.sources import SourceError, open_source

class Nothing:
    def step(self, frame, detections=None):
        return Analysis(frame.index, frame.time_s)
    def flush(self):
        return Analysis(-1, 0.0)

class Log(Sink):
    def __init__(self):
        self.frames, self.notices = [], []
    def on_analysis(self, analysis, frame):
        if frame is not None: self.frames.append((frame.index, frame.time_s, float(frame.image.mean())))
    def on_notice(self, notice):
        if notice.kind.value != "no face":
            self.notices.append((notice.kind.value, notice.time_s))

log = Log()
summary = run_live(open_source(sys.argv[1]), Nothing(), [log], seconds=float(sys.argv[2]))
print(json.dumps({"frames": log.frames, "notices": log.notices, "dropped": summary.frames_dropped,
                  "offered": summary.frames_offered, "processed": summary.frames_processed,
                  "source_fps": summary.source_fps, "duration_s": summary.duration_s}))
"""


def live_from_camera(folder, seconds, source="auto", **settings):
    command = [sys.executable, "-c", LIVE, source, str(seconds)]
    done = subprocess.run(
        command, env=environment(folder, **settings), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    log = json.loads(done.stdout)
    assert log["offered"] == log["processed"] + sum(log["dropped"].values())
    times_s = [time_s for _, time_s, _ in log["frames"]]
    assert all(a < b for a, b in pairwise(times_s))
    return log


@needs_fakecam
@pytest.mark.parametrize("rate_hz", [30, 200])
def test_a_cameras_rate_is_measured_and_every_frame_is_accounted_for(tmp_path, rate_hz):
    log = live_from_camera(tmp_path, 2, rate_hz=rate_hz)
    # the camera plays its frames by the clock: its picture identifies the frame, drops or not
    assert log["source_fps"] == pytest.approx(rate_hz, rel=0.1)
    first_index, _, first_level = log["frames"][0]
    wrong = [i for i, _, level in log["frames"] if round((level - first_level) / 4 - (i - first_index)) % 32]
    assert wrong == [], "indices run with the camera's own count"


@needs_fakecam
def test_an_unplugged_camera_is_reported_and_goes_on_in_the_same_run_when_it_is_back(tmp_path):
    log = live_from_camera(tmp_path, 4, "0", unplug_after=30, replug_after=600)
    kinds = [kind for kind, _ in log["notices"]]
    assert kinds == ["lost", "reconnected"]
    (_, lost_s), (_, back_s) = log["notices"]
    assert back_s - lost_s > 0.6
    assert log["dropped"]["source lost"] == 1
    assert log["frames"][-1][0] > 60, "indices go on"
    assert log["frames"][-1][1] > back_s, "times go on"


@needs_fakecam
def test_a_camera_that_hangs_is_reported_within_two_seconds_and_so_is_its_return(tmp_path):
    log = live_from_camera(tmp_path, 5, stall_after=20, stall_ms=2000)
    assert [kind for kind, _ in log["notices"]] == ["stalled", "resumed"]
    before_s = max(time_s for _, time_s, _ in log["frames"] if time_s < log["notices"][0][1])
    assert log["notices"][0][1] - before_s < 2


@needs_fakecam
def test_a_camera_that_never_comes_back_ends_with_the_time_that_was_asked_for(tmp_path):
    log = live_from_camera(tmp_path, 2, unplug_after=15)
    assert [kind for kind, _ in log["notices"]] == ["lost"]
    assert log["processed"] == pytest.approx(15, abs=2)


@needs_fakecam
@pytest.mark.parametrize("wrong_by_ms", [5000, -5000])
def test_a_camera_whose_time_stamps_jump_is_timed_by_arrival_and_loses_no_frame(tmp_path, wrong_by_ms):
    log = live_from_camera(tmp_path, 3, stamp_after=30, stamp_ms=wrong_by_ms)
    assert log["offered"] > 60
    assert "time not increasing" not in log["dropped"]


def test_a_camera_whose_name_was_cut_within_a_character_is_listed(tmp_path, monkeypatch):
    node = tmp_path / "video2"
    node.mkdir()
    (node / "index").write_text("0\n")
    (node / "name").write_bytes("USB 高清摄像头 高清摄像头".encode()[:31] + b"\n")
    monkeypatch.setattr(camera, "V4L_FOLDER", tmp_path)
    [found] = camera.list_cameras()
    assert found.number == 2
    assert found.name.startswith("USB 高清摄像头 高清")


def encoded(picture, fourcc):
    """A BGR picture as a camera sends it, with 6 bytes of padding at the end of each line (YU12: none)."""
    height, width = picture.shape[:2]
    i420 = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    u, v = i420[height:].reshape(2, height // 2, width // 2)
    lines = {
        "YUYV": lambda: cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2).reshape(height, -1),
        "UYVY": lambda: cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_UYVY).reshape(height, -1),
        "BGR3": lambda: picture.reshape(height, -1),
        "RGB3": lambda: picture[..., ::-1].reshape(height, -1),
        "GREY": lambda: cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY),
        "NV12": lambda: np.vstack([i420[:height], np.dstack([u, v]).reshape(height // 2, width)]),
        "YU12": lambda: i420,
    }[fourcc]()
    return lines if fourcc == "YU12" else np.pad(lines, ((0, 0), (0, 6)))


@pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")
@pytest.mark.parametrize("fourcc", ["YUYV", "UYVY", "BGR3", "RGB3", "GREY", "NV12", "YU12"])
def test_each_format_of_a_camera_is_decoded_to_the_same_picture(fourcc):
    from realtime.sources.v4l2 import DECODERS

    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = (200, 60, 20)
    picture[24:, 32:] = (30, 90, 210)
    expected = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    decoded = DECODERS[fourcc](encoded(picture, fourcc), 64)
    assert decoded.shape == picture.shape
    assert np.abs(decoded.astype(int) - (expected if fourcc == "GREY" else picture)).max() <= 6


class Mjpeg(BaseHTTPRequestHandler):
    """Serves `server.pictures` pictures a connection, 50 a second."""

    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        data = cv2.imencode(".jpg", grey(100))[1].tobytes()
        try:
            for _ in range(self.server.pictures):
                head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
                time.sleep(0.02)
        except OSError:
            return

    def log_message(self, *_):
        pass


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def handle(self):
        with suppress(ConnectionError):  # the reader stopped reading
            super().handle()


@contextmanager
def served(server):
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_a_network_stream_that_breaks_off_is_opened_again_and_its_times_and_indices_go_on():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mjpeg)
    server.pictures, server.paths = 10, []
    with served(server):
        url = f"http://anna:secret@127.0.0.1:{server.server_port}/live?token=hidden"
        items = []
        with open_source(url) as source:
            assert source.name == f"http://127.0.0.1:{server.server_port}/live"
            for item in source:
                items.append(item)
                if sum(getattr(i, "kind", None) is NoticeKind.RECONNECTED for i in items) == 2:
                    break
    assert len(server.paths) >= 3
    numbered = [i for i in items if isinstance(i, Frame | Dropped)]
    assert [i.index for i in numbered] == list(range(len(numbered)))
    times_s = [i.time_s for i in items if isinstance(i, Frame)]
    assert all(a < b for a, b in pairwise(times_s))
    messages = " ".join(str(i) for i in items if not isinstance(i, Frame))
    assert "secret" not in messages
    assert "anna" not in messages
    assert "hidden" not in messages


def test_a_recording_behind_a_url_is_refused_because_it_would_be_played_over_and_over(tmp_path):
    write_video(tmp_path / "v.mp4", [grey(0)] * 30, [33 * i for i in range(30)], index_first=True)
    handler = partial(QuietFiles, directory=tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with served(server), pytest.raises(SourceError, match="is a recording"):
        open_source(f"http://127.0.0.1:{server.server_port}/v.mp4")


def test_a_malformed_url_is_reported_without_its_credentials():
    with pytest.raises(SourceError, match="rtsp URL is malformed") as raised:
        open_source("rtsp://anna:secret@[::1/x")
    assert "secret" not in str(raised.value)


def test_a_url_where_nothing_answers_is_reported_without_its_credentials_and_nothing_reaches_standard_error(capfd):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        for scheme in ("http", "rtsp"):
            with pytest.raises(SourceError, match="cannot be reached") as raised:
                open_source(f"{scheme}://anna:secret@127.0.0.1:{unused.getsockname()[1]}/x?key=hidden")
            assert not any(secret in str(raised.value) for secret in ("anna", "secret", "hidden"))
    assert capfd.readouterr().err == ""


def test_a_server_that_accepts_and_sends_nothing_is_given_up_in_bounded_time(monkeypatch):
    monkeypatch.setattr("realtime.sources.device.OPEN_TIMEOUT_MS", 300)
    monkeypatch.setattr("realtime.sources.device.READ_TIMEOUT_MS", 300)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SourceError, match="cannot be reached"):
        open_source(f"http://127.0.0.1:{silent.getsockname()[1]}/x")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("rtsp://u:p@cam.example:554/h264?auth=x#y", "rtsp://cam.example:554/h264"),
        ("http://u:p@ss@[::1]:80/", "http://[::1]:80/"),
        ("rtsp://u:p@cam:notaport/a", "rtsp://cam:notaport/a"),
        ("http://cam/live", "http://cam/live"),
    ],
)
def test_a_safe_url_keeps_host_and_path_and_drops_user_password_and_key(url, safe):
    assert safe_url(url) == safe
