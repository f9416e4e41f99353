"""What other coders found in a recording, or judged of its events."""

from realtime.codings.read import read_codings
from realtime.codings.words import coding_of

__all__ = ["coding_of", "read_codings"]
