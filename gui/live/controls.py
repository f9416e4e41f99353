"""The layers over Live's picture: toggles that are stored in the settings."""

from gui.settings import Settings
from gui.widgets.basic import ICON, IconButton


def layers(settings: Settings) -> list[IconButton]:
    """Return a toggle for each layer over the picture."""
    return [
        _layer("user", "Face", "show_outline", settings),
        _layer("waves", "Motion", "show_motion", settings),
        _layer("target", "Events", "show_events", settings),
    ]


def _layer(name: str, text: str, setting: str, settings: Settings) -> IconButton:
    result = IconButton(name, f"Show or hide: {text.lower()}", text=text, toggle=True)
    result.setMinimumWidth(ICON.width() + 16)
    result.setChecked(getattr(settings, setting))
    result.toggled.connect(lambda on: setattr(settings, setting, on))
    return result
