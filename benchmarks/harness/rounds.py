"""How benchmarks repeat: warmed up, contestants in turn, so that a machine that drifts favours nobody."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

Tell = Callable[[str], None]
"""Is told what is under way, a few words at a time."""

Outcome = TypeVar("Outcome")


class Effort(StrEnum):
    """How long to measure: minutes for the whole set, a coffee, or a meal."""

    QUICK = "quick"
    NORMAL = "normal"
    THOROUGH = "thorough"


def in_turn(
    contestants: Mapping[str, Callable[[], Outcome]], rounds: int, tell: Tell, warm_up: int = 1
) -> dict[str, list[Outcome]]:
    """What each contestant returned in each round: A B C, C B A, A B C … after rounds that are thrown away."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(-warm_up, rounds):
        for name in order:
            tell(f"{name}: {'warm-up' if number < 0 else f'round {number + 1} of {rounds}'}")
            outcome = contestants[name]()
            if number >= 0:
                outcomes[name].append(outcome)
        order.reverse()
    return outcomes
