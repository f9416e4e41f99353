"""The commands of Review that play, move, slow, magnify and compare its video."""

from functools import partial

from gui.keys import Entry
from gui.review.model import ReviewModel
from gui.review.viewer import Viewer
from gui.widgets.player import SPEEDS


def playing_commands(viewer: Viewer, model: ReviewModel) -> list[Entry]:
    """Keys and what they do, in the order of the cheat sheet."""
    return [
        ("Space", "play or stop", lambda: viewer.play(on=not viewer.playing)),
        ("Left", "one frame back", partial(viewer.step, -1)),
        ("Right", "one frame forward", partial(viewer.step, 1)),
        ("Shift+Left", "one second back", partial(_step_seconds, viewer, -1)),
        ("Shift+Right", "one second forward", partial(_step_seconds, viewer, 1)),
        ("O", "to the event's onset", partial(_go_to, viewer, model, "onset_s")),
        ("A", "to the event's apex", partial(_go_to, viewer, model, "apex_s")),
        ("L", "play the event slowly in a loop", partial(_loop, viewer, model)),
        ("S", "speed ¼, ½ or full", partial(_next_speed, viewer)),
        ("G", "magnify the movement", lambda: viewer.magnify(on=not viewer.magnified)),
        ("Shift+G", "magnify by ×2, ×5, ×10 or ×20, in turn", viewer.magnify_next),
        ("B", "onset beside apex, with a line to move", partial(_compare, viewer, model)),
        ("Z", "show the whole picture again (the mouse wheel zooms)", viewer.show_whole),
        ("Shift+M", "mute the sound", viewer.sound.toggle_mute),
        ("Ctrl+Up", "louder", partial(viewer.sound.louder, 1)),
        ("Ctrl+Down", "quieter", partial(viewer.sound.louder, -1)),
        ("Shift+S", "sound at ¼ and ½ speed too, at its own pitch", viewer.sound.toggle_slow),
    ]


def stop_at(viewer: Viewer, time_s: float) -> None:
    """Show the frame of a time as it was filmed, and stop there."""
    viewer.loop = None
    viewer.magnify(on=False)
    viewer.play(on=False)
    viewer.seek(time_s)


def _step_seconds(viewer: Viewer, by_s: float) -> None:
    viewer.loop = None
    viewer.seek(viewer.position_s + by_s)


def _go_to(viewer: Viewer, model: ReviewModel, moment: str) -> None:
    if model.chosen is not None:
        stop_at(viewer, getattr(model.chosen.event, moment))


def _loop(viewer: Viewer, model: ReviewModel) -> None:
    """Play the chosen event slowly in a loop, or end the loop."""
    if model.chosen_id is not None:
        viewer.play_chosen(loop=viewer.loop is None)


def _next_speed(viewer: Viewer) -> None:
    viewer.speed = SPEEDS[(SPEEDS.index(viewer.speed) + 1) % len(SPEEDS)]


def _compare(viewer: Viewer, model: ReviewModel) -> None:
    """Compare onset and apex, or show the video."""
    viewer.compare(on=viewer.split is None and model.chosen_id is not None)
