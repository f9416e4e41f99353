"""What "Copy as command" copies is read by the command line as the app's settings."""

import shlex
from pathlib import Path

import typer

from gui.cli import app
from gui.command_line import live_command, power_command, replay_command
from gui.settings import Settings

SETTINGS = Settings(
    score_threshold=0.4,
    most_faces=3,
    runtime="torch",
    spotter="/my room/own.npz",
    width=640,
    height=480,
    rate_hz=60,
    workers=2,
    sessions="/my sessions",
    lsl=True,
)


def read(line):
    """The options of a command line by name, as the command gets them."""
    program, name, *words = shlex.split(line)
    assert program == "medn"
    given = typer.main.get_command(app).commands[name].make_context(name, words).params
    return {option: str(value) for option, value in given.items()}


def test_a_copied_command_of_a_live_run_has_the_settings_of_the_app():
    given = read(live_command("rtsp://a/b c", SETTINGS, 0.3))
    assert given["source"] == "rtsp://a/b c"
    assert (given["threshold"], given["faces"], given["runtime"]) == ("0.3", "3", "torch")
    assert (given["spotter"], given["mode"]) == (SETTINGS.spotter, "640x480@60")
    assert (given["headless"], given["lsl"]) == ("True", "True")


def test_a_copied_command_of_an_analysis_has_the_settings_of_the_app():
    given = read(replay_command([Path("/a b.mp4"), Path("/c.mp4")], SETTINGS))
    assert given["videos"] == str(["/a b.mp4", "/c.mp4"])
    assert (given["threshold"], given["faces"], given["runtime"]) == ("0.4", "3", "torch")
    assert (given["spotter"], given["workers"], given["out"]) == (SETTINGS.spotter, "2", SETTINGS.sessions)


def test_a_copied_command_of_a_power_test_has_the_settings_of_the_app():
    given = read(power_command(Path("/a b.mp4"), SETTINGS))
    assert given["videos"] == str(["/a b.mp4"])
    assert (given["threshold"], given["spotter"]) == ("0.4", SETTINGS.spotter)
    usual = power_command(Path("/a.mp4"), Settings())
    assert usual == "medn power /a.mp4"
    assert read(usual)["spotter"] == "None"
