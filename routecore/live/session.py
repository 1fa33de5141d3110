"""Whose turn a request is, and the pin of that conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.live.pins import Pin, PinFound, pin_key, read_entry, response_of
from routecore.request.conversation import SHORT_CACHE_SECONDS, cache_seconds, conversation_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routecore.live.pins import Pins

__all__ = ["Session", "found_in", "host_in"]


class Session:
    """Whose turn a request is. The conversation is made out when it is needed: for a pin that could matter now, or for one to be written."""

    __slots__ = ("_conversation", "_key", "_seconds", "account", "body", "now", "pins", "reason", "session_id")

    def __init__(self, account: str | None, body: Mapping[str, Any] | None, session_id: str | None, now: float) -> None:
        self.account = account
        self.body = body
        self.session_id = session_id
        self.now = now
        self._conversation: str | None = None
        self._seconds: float | None = None
        self._key: tuple[str, bytes] | None = None
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

    def key(self, model: str) -> bytes:
        """Return the key of the conversation's pin for a model; made once, as it is asked for when a plan is made and when it has served."""
        if self._key is None or self._key[0] != model:
            assert self.conversation is not None
            self._key = (model, pin_key(self.account, self.conversation, model))
        return self._key[1]

    @property
    def cache_seconds(self) -> float:
        """How long the request's cache stays warm."""
        if self._seconds is None:
            self._seconds = SHORT_CACHE_SECONDS if self.body is None else cache_seconds(self.body)
        return self._seconds

    @property
    def previous(self) -> str | None:
        """The response that the request goes on from, ``None`` for none."""
        found = None if self.body is None else self.body.get("previous_response_id")
        return found if isinstance(found, str) and found else None

    def host(self, pins: Pins) -> str | None:
        """Return the attempt that made the response which the request goes on from, ``None`` where that is not known."""
        return None if self.previous is None else pins.find(self.account, response_of(self.previous), "", self.now).attempt

    @property
    def makes_responses(self) -> bool:
        """Whether the request speaks the dialect in which a later one may go on from this one's answer, by its id."""
        return self.body is not None and "input" in self.body

    def __getstate__(self) -> tuple[str | None, str | None, float, float, str | None]:
        """Pickle what is known of the conversation, and nothing of its text."""
        return self.account, self.conversation, self.cache_seconds, self.now, self.reason

    def __setstate__(self, state: tuple[str | None, str | None, float, float, str | None]) -> None:
        """Take what was pickled; the text is gone."""
        self.account, self._conversation, self._seconds, self.now, self.reason = state
        self.body = self.session_id = self.pins = self._key = None

    def find(self, pins: Pins, models: Sequence[str]) -> PinFound:
        """Return the session's pin as it was when the plan was made and, without one, why. Of several models the first with a pin counts."""
        if self.conversation is None:
            return PinFound(None, "unidentifiable")
        found = PinFound(None, None)
        for model in models:
            one = pins.find_key(self.key(model), self.now)
            if one.attempt is not None:
                return one
            found = found if found.reason is not None else one
        return found


def found_in(pin: object, session: Session) -> PinFound:
    """Return the pin among a store's entries: of several models' the first that there is."""
    for entry in _entries(pin)[: None if session.previous is None else -1]:
        attempt = read_entry(entry)
        if attempt is not None:
            return PinFound(attempt, None)
    return PinFound(None, None if session.conversation is not None else "unidentifiable")


def host_in(pin: object, session: Session) -> str | None:
    """Return the host of the earlier response among a store's entries: the last, where the request goes on from one."""
    entries = _entries(pin)
    return read_entry(entries[-1]) if session.previous is not None and entries else None


def _entries(pin: object) -> Sequence[object]:
    return pin if isinstance(pin, (list, tuple)) and not isinstance(pin, Pin) else (pin,)
