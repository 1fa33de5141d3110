"""The account's standing policy: what a request can narrow and never widen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import (
    below,
)
from routecore.request.fields import flag, read_data_collection, slugs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
    def parse(cls, value: object, path: str = "context.account", faults: list[Fault] | None = None) -> Account:
        """Read the wire's ``account``.

        Args:
            value: The account's standing policy: ``only``, ``ignore``, ``data_collection``, ``deny_training``, ``zdr``.
            path: What the paths of faults begin with.
            faults: Takes the faults, where they are to be told together with others.

        Returns:
            The policy.

        Raises:
            InvalidRequest: With every fault, where no list takes them.

        Example:
            >>> Account.parse({"ignore": ["azure"]}).ignore
            ('azure',)
        """
        noted: list[Fault] = [] if faults is None else faults
        found: dict[str, Any] = {}
        if value is not None and not isinstance(value, dict):
            noted.append(Fault(path, value, "an object: the account's policy"))
        elif value:
            for key, item in value.items():
                read = _ACCOUNT_READERS.get(key) if isinstance(key, str) else None
                if read is None:
                    noted.append(Fault(below(path, key), item, f"a key of the account's policy: {', '.join(_ACCOUNT_READERS)}"))
                elif item is not None:
                    read(found, item, below(path, key), noted)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found else _NO_ACCOUNT


_ACCOUNT_READERS: Final[Mapping[str, Callable[..., None]]] = {
    "only": slugs("only"),
    "ignore": slugs("ignore"),
    "data_collection": read_data_collection,
    "deny_training": flag("deny_training"),
    "zdr": flag("zdr"),
}


_NO_ACCOUNT: Final = Account()
