"""The network itself: one file per idea.

The paper (Motion–Emotion Feature Decoupling Network, arXiv 2604.17899) is public only as an abstract. What each part
is for is the paper's; sizes and formulas are our reading, and each file says which is which.
"""

AU_NAMES = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17")
"""The action units of the network's twelve AU logits, in order."""

EMOTIONS = ("negative", "positive", "surprise")
"""The classes of the network's three emotion logits, in order."""

FRAMES = 8
"""Aligned faces in one window, spread evenly in time from onset to apex."""

FLOW_SIZE = 28
"""Height and width of a flow map."""
