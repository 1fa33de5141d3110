"""What has been seen of one stream: the state that every dialect's reader fills."""

from __future__ import annotations

from typing import Any

from routecore.errors import InvalidUsage
from routecore.usage.merge import merge_usage

__all__ = ["Seen"]

_MOST_CHOICES = 128
_LONGEST_NAME = 1_024


class Seen:
    """What a stream has said so far. ``usage``: its parts joined, as the provider wrote them. ``reasons``: how each choice ended, by its number.

    ``ended``: the event came that ends a stream of its dialect. ``error``: the body of an error event. ``blocked``: why the prompt was refused.
    """

    __slots__ = ("blocked", "ended", "error", "has_output", "reasons", "response_id", "served_tier", "usage")

    def __init__(self) -> None:
        self.blocked: object = None
        self.ended = False
        self.error: dict[Any, Any] | None = None
        self.has_output = False
        self.reasons: dict[int, str] = {}
        self.response_id: str | None = None
        self.served_tier: str | None = None
        self.usage: dict[str, Any] | None = None

    def take_usage(self, part: object) -> None:
        """Join a part of the usage to what is known; what is no object, or empty, says nothing."""
        if isinstance(part, dict) and part:
            try:
                self.usage = merge_usage(self.usage, part)
            except InvalidUsage:
                return

    def take_names(self, response_id: object, served_tier: object) -> None:
        """Take the response's id, the first that is given, and the tier, the last."""
        if self.response_id is None and isinstance(response_id, str) and 0 < len(response_id) <= _LONGEST_NAME:
            self.response_id = response_id
        if isinstance(served_tier, str) and 0 < len(served_tier) <= _LONGEST_NAME:
            self.served_tier = served_tier

    def take_reason(self, reason: object, choice: object = 0) -> None:
        """Take how a choice ended; null and blank are not yet."""
        if isinstance(reason, str) and reason.strip() and len(reason) <= _LONGEST_NAME:
            number = choice if isinstance(choice, int) and 0 <= choice < _MOST_CHOICES else 0
            self.reasons[number] = reason

    def take_error(self, error: object) -> None:
        """Take the first error that comes; later ones only repeat it."""
        if self.error is None:
            self.error = {"error": error}
