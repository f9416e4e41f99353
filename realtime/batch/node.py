"""What a node of a Ray cluster does with a recording, and what it tells meanwhile."""

import pickle
import time
from typing import TYPE_CHECKING

from medn.errors import UserError
from realtime.batch.analyse import Tick
from realtime.batch.place import analyse_into

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle

TELL_EVERY_S = 1.0
"""How often a node tells how far it has come, and hears whether to stop."""


def run_here(packed: bytes, board: "ActorHandle") -> bytes:
    """What a node does: analyse a recording and keep its session; the result is packed as the job was."""
    place, job = pickle.loads(packed)  # noqa: S301  from this program
    told = _Told(board, job.video)
    if told.begin():
        return pickle.dumps(None)
    try:
        return pickle.dumps(analyse_into(place, job, told.tell, told))
    except UserError as error:
        return pickle.dumps(UserError(str(error)))


class _Told:
    """What is told to the board; the answer makes it a stop sign."""

    def __init__(self, board: "ActorHandle", video: str) -> None:
        self._board, self._video = board, video
        self._stop = False
        self._next_s = 0.0

    def begin(self) -> bool:
        """Say that the recording begins; returns whether it should not."""
        return self._asked(self._board.begin.remote(self._video))

    def tell(self, tick: Tick) -> None:
        """Tell how far it has come, unless that was just done."""
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + TELL_EVERY_S
            self._asked(self._board.tell.remote(self._video, tick.done_s, tick.length_s))

    def is_set(self) -> bool:
        """Whether to stop, as heard last."""
        return self._stop

    def _asked(self, answer: "ObjectRef") -> bool:
        import ray

        self._stop = ray.get(answer)
        return self._stop
