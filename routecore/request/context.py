"""What the gateway knows about a request beside its body: keys, pin, account, token estimates."""

from __future__ import annotations

from typing import Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import (
    BOOL_EXPECTED,
    NAME_EXPECTED,
    OBJECT_EXPECTED,
    SLUG_EXPECTED,
    WHOLE_EXPECTED,
    below,
    canonical_key,
    is_name,
    is_slug,
    lower,
    whole,
)
from routecore.request.account import Account
from routecore.request.fields import read_slugs

__all__ = ["ByokKey", "Context"]

LONGEST_ACCOUNT_ID: Final = 256


@attrs.frozen(cache_hash=True)
class ByokKey:
    """A credential of the caller's own: for a provider or one variant, and for some models or (empty) all. ``key_id`` names it in plans and health."""

    slug: str
    key_id: str
    models: frozenset[str] = frozenset()


@attrs.frozen(cache_hash=True)
class Context:
    """What the gateway knows about a request beside its body.

    Token counts are estimates; ``None`` is unknown (ranking then prices a nominal request, and length limits count 0).
    ``sticky`` is the pinned attempt: ``id``, ``id#shared``, ``id#byok`` or ``id#byok:KEY_ID``.
    ``account_id`` keeps one account's pins apart from another's; decisions do not read it.
    """

    byok: tuple[ByokKey, ...] = ()
    byok_only: tuple[str, ...] = ()
    sticky: str | None = None
    account: Account = Account()  # noqa: RUF009 - frozen, so one default may be shared
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    native_files: bool = False
    account_id: str | None = None

    @classmethod
    def parse(cls, value: object, path: str = "context", faults: list[Fault] | None = None) -> Context:
        """Read the wire's ``context``.

        Args:
            value: Keys, account, pin and token estimates.
            path: What the paths of faults begin with.
            faults: Takes the faults, where they are to be told together with others.

        Returns:
            The context.

        Raises:
            InvalidRequest: With every fault, where no list takes them.

        Example:
            >>> Context.parse({"byok": ["google-vertex"]}).byok[0].key_id
            'google-vertex'
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found: dict[str, Any] = {}
        if value is not None and not isinstance(value, dict):
            noted.append(Fault(path, value, OBJECT_EXPECTED))
        elif value:
            for key, item in value.items():
                read_key = _CONTEXT_READERS.get(key) if isinstance(key, str) else None
                if read_key is None:
                    noted.append(Fault(below(path, key), item, f"a key of the context: {', '.join(_CONTEXT_READERS)}"))
                elif item is not None:
                    found[key] = read_key(item, below(path, key), noted)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found and len(noted) == before else _NO_CONTEXT

    def to_mapping(self) -> dict[str, Any]:
        """Return the context in the wire form, without what is not given."""
        mapping: dict[str, Any] = {}
        if self.byok:
            mapping["byok"] = [{"slug": key.slug, "key_id": key.key_id, "models": sorted(key.models)} for key in self.byok]
        if self.byok_only:
            mapping["byok_only"] = list(self.byok_only)
        for name in ("sticky", "prompt_tokens", "completion_tokens", "account_id"):
            value = getattr(self, name)
            if value is not None:
                mapping[name] = value
        if self.cached_tokens:
            mapping["cached_tokens"] = self.cached_tokens
        if self.native_files:
            mapping["native_files"] = True
        account = self.account
        policy: dict[str, Any] = {"only": list(account.only), "ignore": list(account.ignore), "deny_training": account.deny_training, "zdr": account.zdr}
        if account.deny_data_collection:
            policy["data_collection"] = "deny"
        policy = {name: value for name, value in policy.items() if value}
        if policy:
            mapping["account"] = policy
        return mapping


def _read_byok(value: object, path: str, faults: list[Fault]) -> tuple[ByokKey, ...]:
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, value, "a list of keys: slugs, or objects with slug, models and key_id"))
        return ()
    keys: list[ByokKey] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        where = f"{path}[{index}]"
        key = _read_key(item, where, faults)
        if key is not None:
            keys.append(key)
        # a key_id that is given twice is one, also where an entry has other faults
        key_id = _key_id(item)
        if key_id is not None:
            earlier = seen.setdefault(key_id, index)
            if earlier != index:
                faults.append(Fault(f"{where}.key_id" if isinstance(item, dict) else where, key_id, f"a key_id of its own: {path}[{earlier}] has it already"))
    return tuple(keys)


def _key_id(item: object) -> str | None:
    """Return the key_id that an entry has, ``None`` where it cannot be read."""
    found: object = item
    if isinstance(item, dict):
        given = item.get("key_id")
        found = item.get("slug") if given is None else given
    return found if isinstance(found, str) and is_slug(found) else None


def _read_key(item: object, path: str, faults: list[Fault]) -> ByokKey | None:
    if isinstance(item, str):
        if is_slug(item):
            return ByokKey(lower(item), item)
        faults.append(Fault(path, item, SLUG_EXPECTED))
        return None
    if not isinstance(item, dict):
        faults.append(Fault(path, item, "a slug, or an object with slug, models and key_id"))
        return None
    before = len(faults)
    for name, extra in item.items():
        if name not in {"slug", "models", "key_id"}:
            faults.append(Fault(below(path, name), extra, "a key of a BYOK entry: slug, models or key_id"))
    slug, models, key_id = item.get("slug"), item.get("models"), item.get("key_id")
    if not is_slug(slug):
        faults.append(Fault(f"{path}.slug", slug, SLUG_EXPECTED))
    if key_id is not None and not is_slug(key_id):
        faults.append(Fault(f"{path}.key_id", key_id, NAME_EXPECTED))
    if models is not None and not isinstance(models, (list, tuple)):
        faults.append(Fault(f"{path}.models", models, "a list of model names"))
    elif models is not None:
        faults.extend(Fault(f"{path}.models[{index}]", name, NAME_EXPECTED) for index, name in enumerate(models) if not is_name(name))
    if len(faults) != before:
        return None
    assert isinstance(slug, str)
    return ByokKey(lower(slug), slug if key_id is None else str(key_id), frozenset(models or ()))


def _read_providers(value: object, path: str, faults: list[Fault]) -> tuple[str, ...]:
    return read_slugs(value, path, faults)


def _read_count(value: object, path: str, faults: list[Fault]) -> int:
    count = whole(value)
    if count is None:
        faults.append(Fault(path, value, WHOLE_EXPECTED))
    return count or 0


def _read_flag(value: object, path: str, faults: list[Fault]) -> bool:
    if value is not True and value is not False:
        faults.append(Fault(path, value, BOOL_EXPECTED))
    return value is True


def _read_pin(value: object, path: str, faults: list[Fault]) -> str | None:
    if not isinstance(value, str):
        faults.append(Fault(path, value, "an endpoint id, or one with '#shared', '#byok' or '#byok:KEY_ID'"))
        return None
    return canonical_key(value)


def _read_account_id(value: object, path: str, faults: list[Fault]) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ACCOUNT_ID:
        faults.append(Fault(path, value, f"text of 1 to {LONGEST_ACCOUNT_ID} characters"))
        return None
    return value


_CONTEXT_READERS: Final[dict[str, Any]] = {
    "byok": _read_byok,
    "byok_only": _read_providers,
    "sticky": _read_pin,
    "account": Account.parse,
    "prompt_tokens": _read_count,
    "completion_tokens": _read_count,
    "cached_tokens": _read_count,
    "native_files": _read_flag,
    "account_id": _read_account_id,
}
_NO_CONTEXT: Final = Context()


NOMINAL_PROMPT_TOKENS: Final = 3_000


NOMINAL_COMPLETION_TOKENS: Final = 1_000
"""The request that is priced where the context gives no estimate."""
