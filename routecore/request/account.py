"""The account's standing policy: what a request can narrow and never widen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.objects import read_object
from routecore.request.fields import Providers, flag, read_data_collection, read_slugs, settle, slugs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.reading.objects import Reader

__all__ = ["Account"]


@attrs.frozen(cache_hash=True)
class Account:
    """The account's standing policy. A request can narrow it, never widen it.

    >>> Account.parse({"zdr": True}).zdr
    True
    """

    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    deny_data_collection: bool = False
    deny_training: bool = False
    zdr: bool = False

    @classmethod
    def parse(cls, value: object, path: str = "context.account", faults: list[Fault] | None = None, providers: Providers | None = None) -> Account:
        """Read the wire's ``account``.

        Args:
            value: the object; ``None`` is not given. An ``only`` that is an empty list is a fault: an allow-list that came out empty allows nobody,
                and must not open the door (``null``, or no key, is "not given").
            path: where it stands.
            faults: where faults are noted; without a list they are raised.
            providers: the catalog that knows display names; without one, text with white space is a fault.

        Returns:
            The policy.

        Raises:
            InvalidRequest: with every fault, where ``faults`` is not given.
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found = read_object(value, path, _READERS, noted, expected="an object: the account's policy", key_expected=_KEY_EXPECTED)
        settle(noted, before, providers)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found else NO_ACCOUNT


def _read_only(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    if isinstance(value, (list, tuple)) and not value:
        faults.append(Fault(path, value, "a list that names somebody: an empty allow-list allows nobody; leave the key out, or write null, to allow everybody"))
    else:
        found["only"] = read_slugs(value, path, faults)


_READERS: Final[Mapping[str, Reader]] = {
    "only": _read_only,
    "ignore": slugs("ignore"),
    "data_collection": read_data_collection,
    "deny_training": flag("deny_training"),
    "zdr": flag("zdr"),
}
_KEY_EXPECTED: Final = f"a key of the account's policy: {', '.join(_READERS)}"
NO_ACCOUNT: Final = Account()
