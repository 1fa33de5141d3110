"""What an endpoint, or a key, may be asked for: stated limits, read from a row or from a BYOK entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault
from routecore.reading.checks import WHOLE_EXPECTED, whole
from routecore.reading.objects import into, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.reading.objects import Reader

__all__ = ["EndpointLimits"]


@attrs.frozen
class EndpointLimits:
    """Stated limits of an endpoint or a key; ``None`` does not limit. A router counts against them; decisions read the health word ``full``.

    >>> EndpointLimits(requests_per_minute=60).to_mapping()
    {'requests_per_minute': 60}
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_in_flight: int | None = None

    @classmethod
    def parse(cls, value: object, path: str, faults: list[Fault]) -> EndpointLimits | None:
        """Read ``{requests_per_minute, tokens_per_minute, max_in_flight}``, noting every fault; ``None`` where none is stated."""
        found = read_object(value, path, _READERS, faults, expected="an object of limits", key_expected=f"a limit: {', '.join(_READERS)}")
        return cls(**found) if any(one is not None for one in found.values()) else None

    def to_mapping(self) -> dict[str, Any]:
        """Return the limits that are stated."""
        return {name: value for name, value in attrs.asdict(self).items() if value is not None}


def _read_limit(value: object, path: str, faults: list[Fault]) -> int | None:
    limit = whole(value)
    if limit is None:
        faults.append(Fault(path, value, WHOLE_EXPECTED))
    return limit


_READERS: Final[Mapping[str, Reader]] = {name: into(name, _read_limit) for name in ("requests_per_minute", "tokens_per_minute", "max_in_flight")}
