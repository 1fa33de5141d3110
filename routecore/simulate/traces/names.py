"""What the codes in a trace's columns stand for: models, provider blocks, endpoints; and the keys of sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from routecore.simulate.noise import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["Names", "session_key"]


class Names:
    """What codes stand for: models, provider blocks (as parsed JSON) and endpoint ids, in the order in which they were met.

    >>> names = Names()
    >>> names.model("a/b"), names.model("c/d"), names.model("a/b"), names.models
    (0, 1, 0, ['a/b', 'c/d'])
    """

    def __init__(self, models: Iterable[str] = ()) -> None:
        self.models: list[str] = list(models)
        self.providers: list[Any] = []
        self.endpoints: list[str] = []
        self.chances: list[dict[str, float]] = []
        self._models = {name: code for code, name in enumerate(self.models)}
        self._providers: dict[str, int] = {}
        self._chances: dict[str, int] = {}
        self._endpoints: dict[str, int] = {}

    def model(self, name: str) -> int:
        """Return the code of a model's name."""
        return _code(name, self._models, self.models, name)

    def rename(self, theirs: str, ours: str) -> None:
        """Let a model's code stand for another name."""
        code = self._models.pop(theirs)
        self.models[code] = ours
        self._models.setdefault(ours, code)

    def provider(self, block: object) -> int:
        """Return the code of a provider block; ``None`` and ``{}`` are none (-1)."""
        return -1 if not block else _code(_text(block), self._providers, self.providers, block)

    def knows_provider(self, block: object) -> bool:
        """Whether the block has a code already."""
        return _text(block) in self._providers

    def chance(self, chances: dict[str, float] | None) -> int:
        """Return the code of the propensities of all endpoints; ``None`` is none (-1)."""
        return -1 if chances is None else _code(_text(chances), self._chances, self.chances, chances)

    def endpoint(self, endpoint_id: str | None) -> int:
        """Return the code of an endpoint's id; ``None`` is none (-1)."""
        return -1 if endpoint_id is None else _code(endpoint_id, self._endpoints, self.endpoints, endpoint_id)


def _text(block: object) -> str:
    return json.dumps(block, sort_keys=True, default=str)


def _code(key: str, codes: dict[str, int], listed: list[Any], value: Any) -> int:  # noqa: ANN401 - names, or blocks of JSON
    code = codes.get(key)
    if code is None:
        code = codes[key] = len(listed)
        listed.append(value)
    return code


def session_key(session_id: str | None) -> int:
    """Return the key of a session's id, 0 for none."""
    return 0 if session_id is None else key_of(session_id)
