"""The network's contract: sizes, names, classes and units that the stream, the training data and the network share.

All displacements are in percent of the eye distance (% iod), all times in seconds.
"""

SIZE_PX = 128
"""Height and width of an aligned face: a grey picture, uint8."""

EYE_DISTANCE_PX = 48.0
"""Distance between the eye centres of an aligned face; 1 % iod is 0.48 px."""

EYE_CENTRE_PX = (63.5, 38.0)
"""The middle between the eyes, which lie level: x and y in px of the aligned face."""

FRAMES = 8
"""Aligned faces in one window, spread evenly in time from onset to apex."""

FLOW_SIZE = 28
"""Height and width of a flow map."""

EMOTIONS = ("negative", "positive", "surprise")
"""The classes of the network's three emotion logits, in order."""

AU_NAMES = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17")
"""The action units of the network's twelve AU logits, in order."""

AU_CLAIMED_AT = 0.3
"""An action unit at least this probable is reported as present.

A unit that shows in few movements is seldom more likely than not: the best threshold for F1 is half the best F1 (Lipton
et al. 2014). Chosen on synthetic movements of people that training did not see: their mean F1 is within .01 of its best
from 0.2 to 0.3 (pairs) and from 0.2 to 0.45 (windows).
"""
