"""What the gateway knows about a request beside its body: keys, pin, account, token estimates, deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.catalog.endpoint import APIS
from routecore.catalog.limits import EndpointLimits
from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import (
    BOOL_EXPECTED,
    KEY_ID_EXPECTED,
    MODEL_EXPECTED,
    NUMBER_EXPECTED,
    OBJECT_EXPECTED,
    WHOLE_EXPECTED,
    below,
    canonical_key,
    is_key_id,
    is_model,
    number,
    whole,
)
from routecore.reading.objects import into, read_object
from routecore.request.account import NO_ACCOUNT, Account
from routecore.request.fields import Providers, UnnamedProvider, one_of, read_list, read_slug, read_slugs, settle
from routecore.safe_text import looks_secret, withheld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.reading.objects import Reader

__all__ = ["NOMINAL_COMPLETION_TOKENS", "NOMINAL_PROMPT_TOKENS", "NO_PIN_REASONS", "ByokKey", "Context"]

LONGEST_ACCOUNT_ID: Final = 256
NO_PIN_REASONS: Final = ("expired", "unidentifiable")
"""Why a session has no pin, where the gateway knows; told on as it is."""


@attrs.frozen(cache_hash=True)
class ByokKey:
    """A credential of the caller's own: for a provider or one variant, and for some models or (empty) all. ``key_id`` names it in plans and health.

    ``limits`` is what the key may be asked for, where the provider states it; no decision reads it but as the health word ``full``.
    """

    slug: str
    key_id: str
    models: frozenset[str] = frozenset()
    limits: EndpointLimits | None = None


@attrs.frozen(cache_hash=True)
class Context:
    """What the gateway knows about a request beside its body.

    Token counts are estimates; ``None`` is unknown (ranking then prices a nominal request, and length limits count 0).
    ``sticky`` is the pinned attempt: ``id``, ``id#shared``, ``id#byok`` or ``id#byok:KEY_ID``; ``no_pin`` says why there is none.
    ``affinity`` is an attempt in the same form, or a provider: only that provider with that credential may serve.
    ``api`` is the interface that the caller speaks; ``deadline_seconds`` how long the caller waits, from now to the first output.
    ``account_id`` keeps one account's pins apart from another's; decisions do not read it.
    """

    byok: tuple[ByokKey, ...] = ()
    byok_only: tuple[str, ...] = ()
    sticky: str | None = None
    account: Account = NO_ACCOUNT
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    native_files: bool = False
    account_id: str | None = None
    api: str | None = None
    affinity: str | None = None
    no_pin: str | None = None
    deadline_seconds: float | None = None

    @classmethod
    def parse(cls, value: object, path: str = "context", faults: list[Fault] | None = None, providers: Providers | None = None) -> Context:
        """Read the wire's ``context``.

        Args:
            value: the object; ``None`` is not given.
            path: where it stands.
            faults: where faults are noted; without a list they are raised.
            providers: the catalog that knows display names; without one, text with white space is a fault.

        Returns:
            The context.

        Raises:
            InvalidRequest: with every fault, where ``faults`` is not given.

        Example:
            >>> Context.parse({"byok": ["google-vertex"]}).byok[0].key_id
            'google-vertex'
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found = read_object(value, path, _READERS, noted, expected=OBJECT_EXPECTED, key_expected=_KEY_EXPECTED)
        settle(noted, before, providers)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found and len(noted) == before else _NO_CONTEXT

    def to_mapping(self) -> dict[str, Any]:
        """Return the context in the wire form, without what is not given."""
        mapping: dict[str, Any] = {}
        if self.byok:
            mapping["byok"] = [_key_mapping(key) for key in self.byok]
        if self.byok_only:
            mapping["byok_only"] = list(self.byok_only)
        for name in ("sticky", "prompt_tokens", "completion_tokens", "account_id", "api", "affinity", "no_pin", "deadline_seconds"):
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


def _key_mapping(key: ByokKey) -> dict[str, Any]:
    mapping: dict[str, Any] = {"slug": key.slug, "key_id": key.key_id, "models": sorted(key.models)}
    if key.limits is not None:
        mapping["limits"] = key.limits.to_mapping()
    return mapping


def _read_byok(value: object, path: str, faults: list[Fault]) -> tuple[ByokKey, ...]:
    # what stands here by mistake may be the key itself: nothing that cannot be read is shown
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, withheld(value), "a list of keys: slugs, or objects with slug, models and key_id"))
        return ()
    keys: list[ByokKey] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(read_list(value, path, faults, "a list of keys")):
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
    return found if is_key_id(found) else None


_NO_CREDENTIAL: Final = "a name: this looks like the credential itself, which routing has no use for"


def _read_key(item: object, path: str, faults: list[Fault]) -> ByokKey | None:
    if isinstance(item, str):
        item, where = {"slug": item}, path
    else:
        where = f"{path}.slug"
    if not isinstance(item, dict):
        faults.append(Fault(path, withheld(item), "a slug, or an object with slug, models and key_id"))
        return None
    before = len(faults)
    for name, extra in item.items():
        if name not in {"slug", "models", "key_id", "limits"}:
            faults.append(Fault(below(path, name), withheld(extra), "a key of a BYOK entry: slug, models, key_id or limits"))
    given, models, key_id = item.get("slug"), item.get("models"), item.get("key_id")
    slug = _named(given, where, faults)
    if key_id is not None and not is_key_id(key_id):
        faults.append(Fault(f"{path}.key_id", withheld(key_id), KEY_ID_EXPECTED))
    elif isinstance(key_id, str) and looks_secret(key_id):
        faults.append(Fault(f"{path}.key_id", withheld(key_id), _NO_CREDENTIAL))
    names: list[Any] | tuple[Any, ...] = ()
    if models is not None:
        names = read_list(models, f"{path}.models", faults, "a list of model names")
        faults.extend(Fault(f"{path}.models[{index}]", name, MODEL_EXPECTED) for index, name in enumerate(names) if not is_model(name))
    limits = None if item.get("limits") is None else EndpointLimits.parse(item["limits"], f"{path}.limits", faults)
    if slug is None or any(not isinstance(one, UnnamedProvider) for one in faults[before:]):
        return None
    return ByokKey(slug, str(given) if key_id is None else str(key_id), frozenset(names), limits)


def _named(value: object, path: str, faults: list[Fault]) -> str | None:
    """Return the slug that a key is for; what is none is not shown, as it may be the credential."""
    if isinstance(value, str) and looks_secret(value):
        faults.append(Fault(path, withheld(value), _NO_CREDENTIAL))
        return None
    noted: list[Fault] = []
    slug = read_slug(value, path, noted)
    faults.extend(one if isinstance(one, UnnamedProvider) else Fault(one.path, withheld(value), one.expected) for one in noted)
    return slug


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
        faults.append(Fault(path, withheld(value), f"text of 1 to {LONGEST_ACCOUNT_ID} characters"))
        return None
    return value


def _read_word(values: tuple[str, ...]) -> Any:  # noqa: ANN401 - a reader
    def read(value: object, path: str, faults: list[Fault]) -> str | None:
        if isinstance(value, str) and value in values:
            return value
        faults.append(Fault(path, value, one_of(values)))
        return None

    return read


def _read_seconds(value: object, path: str, faults: list[Fault]) -> float | None:
    seconds = number(value)
    if seconds is None:
        faults.append(Fault(path, value, f"{NUMBER_EXPECTED} (seconds)"))
    return seconds


_READERS: Final[Mapping[str, Reader]] = {
    "byok": into("byok", _read_byok),
    "byok_only": into("byok_only", read_slugs),
    "sticky": into("sticky", _read_pin),
    "account": into("account", Account.parse),
    "prompt_tokens": into("prompt_tokens", _read_count),
    "completion_tokens": into("completion_tokens", _read_count),
    "cached_tokens": into("cached_tokens", _read_count),
    "native_files": into("native_files", _read_flag),
    "account_id": into("account_id", _read_account_id),
    "api": into("api", _read_word(APIS)),
    "affinity": into("affinity", _read_pin),
    "no_pin": into("no_pin", _read_word(NO_PIN_REASONS)),
    "deadline_seconds": into("deadline_seconds", _read_seconds),
}
_KEY_EXPECTED: Final = f"a key of the context: {', '.join(_READERS)}"
_NO_CONTEXT: Final = Context()

NOMINAL_PROMPT_TOKENS: Final = 3_000
NOMINAL_COMPLETION_TOKENS: Final = 1_000
"""The request that is priced where the context gives no estimate."""
