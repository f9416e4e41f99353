"""The network itself: one file per idea.

The paper (Motion–Emotion Feature Decoupling Network, arXiv 2604.17899) is public only as an abstract. What each part
is for is the paper's; sizes and formulas are our reading, and each file says which is which.
"""

AU_NAMES = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17")
"""The action units of the network's twelve AU logits, in order."""

AU_CLAIMED_AT = 0.3
"""An action unit at least this probable is said to be there.

A unit that shows in few movements is seldom more likely than not: the best threshold for F1 is half the best F1 (Lipton
et al. 2014). Chosen on synthetic movements of people that training did not see: their mean F1 is within .01 of its best
from 0.2 to 0.3 (pairs) and from 0.2 to 0.45 (windows).
"""

EMOTIONS = ("negative", "positive", "surprise")
"""The classes of the network's three emotion logits, in order."""

FRAMES = 8
"""Aligned faces in one window, spread evenly in time from onset to apex."""

FLOW_SIZE = 28
"""Height and width of a flow map."""
