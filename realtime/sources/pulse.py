"""Microphones through libpulse, the client library of PulseAudio, which PipeWire answers too.

The library is called directly: it is there wherever the app plays sound, and its asynchronous interface tells which
sample a microphone captures at a moment, and alone keeps a recording from being moved to another device when its own is
unplugged. Its own interpolated latency is not used: it is seconds off while samples that had to wait are read.
"""

import ctypes
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_long, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs

from realtime.sources.sound import CHANNELS, RATE_HZ, Microphone, SoundBlock
from realtime.sources.source import SourceError

PATIENCE_S = 3.0
"""A server that does not answer for so long, or a microphone that gives nothing, is gone."""
BLOCK_S = 0.02
ASK_EVERY_S = 0.25
"""How often the server is asked where the microphone's clock is."""
ANSWERS = 8
"""Answers that are believed: those of two seconds."""

_FLOAT32, _FRAME_BYTES = 5, 4 * CHANNELS  # of the machine's own byte order
_READY, _FAILED_CONTEXT, _READY_STREAM = 4, 5, 2
_NO_AUTOSPAWN = 0x1
_DONT_MOVE, _ADJUST_LATENCY = 0x200, 0x2000
_NONE = 2**32 - 1


class _SampleSpec(ctypes.Structure):
    _fields_ = [("format", c_int), ("rate", c_uint32), ("channels", c_uint8)]


class _ChannelMap(ctypes.Structure):
    _fields_ = [("channels", c_uint8), ("map", c_int * 32)]


class _Volume(ctypes.Structure):
    _fields_ = [("channels", c_uint8), ("values", c_uint32 * 32)]


class _BufferAttributes(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")]


class _SourceInfo(ctypes.Structure):
    """The beginning of pa_source_info."""

    _fields_ = [
        ("name", c_char_p),
        ("index", c_uint32),
        ("description", c_char_p),
        ("sample_spec", _SampleSpec),
        ("channel_map", _ChannelMap),
        ("owner_module", c_uint32),
        ("volume", _Volume),
        ("mute", c_int),
        ("monitor_of_sink", c_uint32),
    ]


class _ServerInfo(ctypes.Structure):
    """The beginning of pa_server_info."""

    _fields_ = [
        *((name, c_char_p) for name in ("user_name", "host_name", "server_version", "server_name")),
        ("sample_spec", _SampleSpec),
        ("default_sink_name", c_char_p),
        ("default_source_name", c_char_p),
    ]


class _TimingInfo(ctypes.Structure):
    """The beginning of pa_timing_info."""

    _fields_ = [
        *((name, c_long) for name in ("timestamp_s", "timestamp_us")),
        ("synchronized_clocks", c_int),
        *((name, c_uint64) for name in ("sink_us", "source_us", "transport_us")),
        ("playing", c_int),
        ("write_index_corrupt", c_int),
        ("write_index", c_int64),
    ]


_ON_SOURCE = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_SourceInfo), c_int, c_void_p)
_ON_SERVER = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_ServerInfo), c_void_p)
_ON_TIMING = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_void_p)
_FUNCTIONS = {
    "mainloop_new": (c_void_p, ()),
    "mainloop_get_api": (c_void_p, (c_void_p,)),
    "mainloop_prepare": (c_int, (c_void_p, c_int)),
    "mainloop_poll": (c_int, (c_void_p,)),
    "mainloop_dispatch": (c_int, (c_void_p,)),
    "mainloop_free": (None, (c_void_p,)),
    "context_new": (c_void_p, (c_void_p, c_char_p)),
    "context_connect": (c_int, (c_void_p, c_char_p, c_int, c_void_p)),
    "context_get_state": (c_int, (c_void_p,)),
    "context_disconnect": (None, (c_void_p,)),
    "context_unref": (None, (c_void_p,)),
    "context_get_source_info_list": (c_void_p, (c_void_p, _ON_SOURCE, c_void_p)),
    "context_get_server_info": (c_void_p, (c_void_p, _ON_SERVER, c_void_p)),
    "operation_unref": (None, (c_void_p,)),
    "stream_new": (c_void_p, (c_void_p, c_char_p, POINTER(_SampleSpec), c_void_p)),
    "stream_connect_record": (c_int, (c_void_p, c_char_p, POINTER(_BufferAttributes), c_int)),
    "stream_get_state": (c_int, (c_void_p,)),
    "stream_update_timing_info": (c_void_p, (c_void_p, _ON_TIMING, c_void_p)),
    "stream_get_timing_info": (POINTER(_TimingInfo), (c_void_p,)),
    "stream_peek": (c_int, (c_void_p, POINTER(c_void_p), POINTER(c_size_t))),
    "stream_drop": (c_int, (c_void_p,)),
    "stream_disconnect": (c_int, (c_void_p,)),
    "stream_unref": (None, (c_void_p,)),
}


def list_microphones() -> list[Microphone]:
    """Return the server's microphones, the default one first.

    What an output plays ("monitor") is none, unless the environment names it (PULSE_SOURCE). Raises `SourceError`
    without a sound server.
    """
    server = _Server()
    try:
        chosen = os.environ.get("PULSE_SOURCE", "")
        sources, default = server.sources()
    finally:
        server.close()
    found = [each for each, is_monitor in sources if not is_monitor or each.name == chosen]
    return sorted(found, key=lambda each: (each.name != chosen, each.name != default))


class PulseMicrophone:
    """A `SoundSource`: records one microphone."""

    def __init__(self, microphone: Microphone) -> None:
        self.name = microphone.description
        self._server = _Server()
        try:
            self._stream = self._server.record(microphone)
        except SourceError:
            self._server.close()
            raise
        self._clock = _Clock(self._server, self._stream)
        self._read = 0
        self._closed, self._iterating = threading.Event(), False
        self._releasing = threading.Lock()

    def blocks(self) -> Iterator[SoundBlock]:
        """Yield the sound until closed."""
        self._iterating = True
        heard_s = time.monotonic()
        try:
            while not self._closed.is_set():
                self._clock.ask()
                self._server.step()
                self._clock.look()
                while (block := self._next()) is not None:
                    heard_s = time.monotonic()
                    yield block
                lost = self._server.call("stream_get_state", self._stream) != _READY_STREAM
                if lost or time.monotonic() - heard_s > PATIENCE_S:
                    raise SourceError(f"The microphone “{self.name}” gives no more sound.")
        finally:
            self._release()

    def close(self) -> None:
        """End the iteration; the iterating thread releases the device."""
        self._closed.set()
        if not self._iterating:
            self._release()

    def _next(self) -> SoundBlock | None:
        """The next samples that are there; None without."""
        data, size = c_void_p(), c_size_t()
        if self._clock.zero_s is None:
            return None
        if self._server.call("stream_peek", self._stream, byref(data), byref(size)) < 0 or not size.value:
            return None
        samples = np.zeros((size.value // _FRAME_BYTES, CHANNELS), np.float32)  # what the server lost is silent
        if data.value:
            samples[:] = np.frombuffer(ctypes.string_at(data, size.value), np.float32).reshape(-1, CHANNELS)
        self._server.call("stream_drop", self._stream)
        # where many come at once, the clock may not have been asked since: nothing was captured later than now
        latest_s = time.monotonic() - len(samples) / RATE_HZ
        block = SoundBlock(min(self._clock.zero_s + self._read / RATE_HZ, latest_s), samples)
        self._read += len(samples)
        return block

    def _release(self) -> None:
        with self._releasing:  # it may be closed at the moment at which the iteration begins
            if self._stream:
                self._server.call("stream_disconnect", self._stream)
                self._server.call("stream_unref", self._stream)
                self._stream = 0
                self._server.close()


class _Clock:
    """When a stream's first sample would have been captured, had the microphone's clock always run as it does now.

    The server is asked again and again how many samples there are; it answered at some moment between question and
    answer. The earliest of the newest answers count: what is under way within a busy server makes the others late.
    """

    def __init__(self, server: "_Server", stream: int) -> None:
        self.zero_s: float | None = None
        """On the clock of `time.monotonic()`; None before the first answer."""
        self._bounds_s: deque[tuple[float, float]] = deque(maxlen=ANSWERS)
        self._server, self._stream = server, stream
        self._asked_s = -math.inf
        self._answered: bool | None = False  # None: the answer has not come yet
        self._callback = _ON_TIMING(self._on_answer)

    def ask(self) -> None:
        """Ask the server, if it is time."""
        if self._answered is None or time.monotonic() - self._asked_s < ASK_EVERY_S * (self.zero_s is not None):
            return
        self._answered, self._asked_s = None, time.monotonic()
        asked = self._server.call("stream_update_timing_info", self._stream, self._callback, None)
        if asked:
            self._server.call("operation_unref", asked)

    def look(self) -> None:
        """Take in the answer, if it has just come."""
        if not self._answered:
            return
        self._answered, now_s = False, time.monotonic()
        timing = self._server.timing(self._stream)
        # what has reached the server, and what the device still holds; a monitor is ahead of what its output plays
        ahead_s = timing.write_index / _FRAME_BYTES / RATE_HZ + 1e-6 * (timing.source_us - timing.sink_us)
        self._bounds_s.append((self._asked_s - ahead_s, now_s - ahead_s))
        earliest_s, latest_s = (min(bounds) for bounds in zip(*self._bounds_s, strict=True))
        before_s = self.zero_s if self.zero_s is not None else (earliest_s + latest_s) / 2
        self.zero_s = min(max(before_s, earliest_s), latest_s)

    def _on_answer(self, _stream: object, success: int, _data: object) -> None:
        self._answered = bool(success)


class _Server:
    """A connection to the sound server; one thread at a time. Raises `SourceError` without one."""

    def __init__(self) -> None:
        keep_cookie_here()
        self._library = _load()
        self._loop = self.call("mainloop_new")
        self._context = self.call("context_new", self.call("mainloop_get_api", self._loop), b"MEDN")
        asked = self.call("context_connect", self._context, None, _NO_AUTOSPAWN, None) >= 0
        if not asked or not self._wait(lambda: self._state() in (0, _READY) or self._state() >= _FAILED_CONTEXT):
            self.close()
            raise SourceError("No sound server (PulseAudio or PipeWire) answers on this machine.")
        if self._state() != _READY:
            self.close()
            raise SourceError("No sound server (PulseAudio or PipeWire) runs on this machine.")

    def call(self, name: str, *arguments: object) -> int:
        """Call a function of the library; a pointer is returned as its address."""
        return getattr(self._library, f"pa_{name}")(*arguments)

    def step(self, most_s: float = 0.1) -> None:
        """Wait for what the server sends, and take it in."""
        for function, arguments in (("prepare", (round(1e6 * most_s),)), ("poll", ()), ("dispatch", ())):
            if self.call(f"mainloop_{function}", self._loop, *arguments) < 0:
                raise SourceError("The connection to the sound server is broken.")

    def sources(self) -> tuple[list[tuple[Microphone, bool]], str]:
        """Return each source and whether it is an output's monitor; and the name of the default one."""
        found: list[tuple[Microphone, bool]] = []
        default: list[str] = []
        ended: list[int] = []

        def on_source(_context: object, info: "ctypes._Pointer[_SourceInfo]", end: int, _data: object) -> None:
            if end:
                ended.append(end)
            else:
                there = info.contents
                named = Microphone(there.name.decode(), (there.description or there.name).decode(errors="replace"))
                found.append((named, there.monitor_of_sink != _NONE))

        def on_server(_context: object, info: "ctypes._Pointer[_ServerInfo]", _data: object) -> None:
            default.append((info.contents.default_source_name or b"").decode() if info else "")

        callbacks = _ON_SOURCE(on_source), _ON_SERVER(on_server)  # held until both were called
        for name, callback in zip(("source_info_list", "server_info"), callbacks, strict=True):
            self.call("operation_unref", self.call(f"context_get_{name}", self._context, callback, None))
        if not self._wait(lambda: ended and default):
            raise SourceError("The sound server does not answer.")
        return found, default[0]

    def record(self, microphone: Microphone) -> int:
        """Return a stream that records. Raises `SourceError`."""
        spec = _SampleSpec(_FLOAT32, RATE_HZ, CHANNELS)
        wanted = _BufferAttributes(_NONE, _NONE, _NONE, _NONE, round(BLOCK_S * RATE_HZ) * _FRAME_BYTES)
        stream = self.call("stream_new", self._context, b"recording", byref(spec), None)
        flags = _DONT_MOVE | _ADJUST_LATENCY
        asked = self.call("stream_connect_record", stream, microphone.name.encode(), byref(wanted), flags) >= 0
        if asked:
            self._wait(lambda: self.call("stream_get_state", stream) not in (0, 1))
        if self.call("stream_get_state", stream) != _READY_STREAM:
            self.call("stream_unref", stream)
            raise SourceError(f"The microphone “{microphone.description}” cannot be opened.")
        return stream

    def timing(self, stream: int) -> _TimingInfo:
        """Return what the server last answered about a stream."""
        return self._library.pa_stream_get_timing_info(stream).contents

    def close(self) -> None:
        """Disconnect."""
        if self._loop:
            self.call("context_disconnect", self._context)
            self.call("context_unref", self._context)
            self.call("mainloop_free", self._loop)
            self._loop = 0

    def _state(self) -> int:
        return self.call("context_get_state", self._context)

    def _wait(self, done: Callable[[], object]) -> bool:
        """Wait until something is done; whether it was."""
        until_s = time.monotonic() + PATIENCE_S
        while not done() and time.monotonic() < until_s:
            self.step()
        return bool(done())


def keep_cookie_here() -> None:
    """Have libpulse make its cookie, where the user has none yet, in the product's cache and not in their settings."""
    cookies = (Path.home() / ".pulse-cookie", platformdirs.user_config_path() / "pulse" / "cookie")
    if "PULSE_COOKIE" not in os.environ and not any(cookie.exists() for cookie in cookies):
        with suppress(OSError):
            folder = platformdirs.user_cache_path("medn", ensure_exists=True)
            os.environ["PULSE_COOKIE"] = str(folder / "pulse-cookie")


@cache
def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libpulse.so.0")
    except OSError as error:
        raise SourceError("Recording sound needs libpulse (Debian: libpulse0), which is missing here.") from error
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, f"pa_{name}")
        function.restype, function.argtypes = result, arguments
    return library
