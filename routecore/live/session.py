"""Whose turn a request is, and the pin of that conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.live.pins import PinFound
from routecore.request.conversation import conversation_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routecore.live.pins import Pins

__all__ = ["Session"]


class Session:
    """Whose turn a request is. The conversation is made out when it is needed: for a pin that could matter now, or for one to be written."""

    __slots__ = ("_conversation", "account", "body", "now", "pins", "reason", "session_id")

    def __init__(self, account: str | None, body: Mapping[str, Any] | None, session_id: str | None, now: float) -> None:
        self.account = account
        self.body = body
        self.session_id = session_id
        self.now = now
        self._conversation: str | None = None
        self.reason: str | None = None
        """Why there is no pin, once that was looked up."""
        self.pins: Pins | None = None
        """Where the pin is looked up when it is asked for, as it changes nothing else."""

    @property
    def conversation(self) -> str | None:
        """The conversation's identity, ``None`` where there is none to tell."""
        if self._conversation is None:
            if self.session_id is not None:
                self._conversation = f"session:{self.session_id}"
            elif self.body is not None:
                self._conversation = conversation_of(self.body)
        return self._conversation

    def find(self, pins: Pins, models: Sequence[str]) -> PinFound:
        """Return the session's pin as it was when the plan was made and, without one, why. Of several models the first with a pin counts."""
        conversation = self.conversation
        found = PinFound(None, None)
        for model in models:
            one = pins.find(self.account, conversation, model, self.now)
            if one.attempt is not None:
                return one
            found = found if found.reason is not None else one
        return found
