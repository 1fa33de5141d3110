"""Reading the context: keys, an account, a pin, estimates, the dialect asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from routecore.testing.reference.catalog import APIS, read_limits
from routecore.testing.reference.wire import LONGEST_NAME, is_list

if TYPE_CHECKING:
    from routecore.testing.reference.slugs import SlugReader
    from routecore.testing.reference.wire import Reader

__all__ = ["Context", "Key", "read_context"]

CONTEXT_KEYS = (
    "byok", "byok_only", "sticky", "account", "prompt_tokens", "completion_tokens", "cached_tokens", "native_files", "api", "affinity", "no_pin",
    "account_id", "deadline_seconds",
)  # fmt: skip
ACCOUNT_KEYS = ("only", "ignore", "data_collection", "deny_training", "zdr")
KEY_KEYS = ("slug", "models", "key_id", "limits")
NOMINAL_PROMPT_TOKENS = 3000
NOMINAL_COMPLETION_TOKENS = 1000


@dataclass(frozen=True)
class Key:
    """A key of the caller's own."""

    slug: str
    models: tuple[str, ...]
    key_id: str


@dataclass(frozen=True)
class Context:
    """By whom it is asked, and with what estimates; ``None`` for a count is not known."""

    byok: tuple[Key, ...] = ()
    byok_only: tuple[str, ...] = ()
    sticky: str | None = None
    no_pin: str | None = None
    affinity: str | None = None
    api: str | None = None
    account_only: tuple[str, ...] = ()
    account_ignore: tuple[str, ...] = ()
    account_data_collection: str = "allow"
    account_deny_training: bool = False
    account_zdr: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    native_files: bool = False

    @property
    def expected_prompt(self) -> int:
        """Prompt tokens to price: a missing count is nominal."""
        return NOMINAL_PROMPT_TOKENS if self.prompt_tokens is None else self.prompt_tokens

    @property
    def expected_completion(self) -> int:
        """Completion tokens to price: a missing count is nominal."""
        return NOMINAL_COMPLETION_TOKENS if self.completion_tokens is None else self.completion_tokens


def read_context(raw: object, reader: Reader, slugs: SlugReader) -> Context:
    """Read the context; faults go to ``reader``."""
    context = {} if raw is None else reader.mapping(raw, "context")
    if not context:
        return Context()
    reader.refuse_unknown(context, CONTEXT_KEYS, "context")
    account: Mapping[Any, Any] = {}
    if context.get("account") is not None:
        account = reader.mapping(context["account"], "context.account") or {}
        reader.refuse_unknown(account, ACCOUNT_KEYS, "context.account")

    def flag(part: Mapping[Any, Any], key: str, path: str) -> bool:
        return part.get(key) is not None and reader.boolean(part[key], f"{path}.{key}") is True

    def tokens(key: str) -> int | None:
        return None if context.get(key) is None else reader.whole(context[key], f"context.{key}")

    def list_of(part: Mapping[Any, Any], key: str, path: str) -> tuple[str, ...]:
        return () if part.get(key) is None else slugs.read_list(part[key], f"{path}.{key}", reader)

    def word(part: Mapping[Any, Any], key: str, path: str, allowed: tuple[str, ...]) -> str | None:
        return None if part.get(key) is None else reader.choice(part[key], f"{path}.{key}", allowed)

    def pin(key: str) -> str | None:
        return None if context.get(key) is None else reader.text(context[key], f"context.{key}")

    if context.get("account_id") is not None:
        account_id = reader.text(context["account_id"], "context.account_id")
        if account_id is not None and not 0 < len(account_id) <= LONGEST_NAME:
            reader.fault("context.account_id", account_id, f"text of 1 to {LONGEST_NAME} characters")
    if context.get("deadline_seconds") is not None:
        reader.number(context["deadline_seconds"], "context.deadline_seconds")
    if is_list(account.get("only")) and len(account["only"]) == 0:
        reader.fault("context.account.only", account["only"], "at least one slug: an empty allow-list would allow nobody, and null is not given")
    return Context(
        byok=_read_keys(context.get("byok"), reader, slugs),
        byok_only=list_of(context, "byok_only", "context"),
        sticky=pin("sticky"),
        no_pin=word(context, "no_pin", "context", ("expired", "unidentifiable")),
        affinity=pin("affinity"),
        api=word(context, "api", "context", APIS),
        account_only=list_of(account, "only", "context.account"),
        account_ignore=list_of(account, "ignore", "context.account"),
        account_data_collection=word(account, "data_collection", "context.account", ("allow", "deny")) or "allow",
        account_deny_training=flag(account, "deny_training", "context.account"),
        account_zdr=flag(account, "zdr", "context.account"),
        prompt_tokens=tokens("prompt_tokens"),
        completion_tokens=tokens("completion_tokens"),
        cached_tokens=tokens("cached_tokens") or 0,
        native_files=flag(context, "native_files", "context"),
    )


def _read_keys(raw: object, reader: Reader, slugs: SlugReader) -> tuple[Key, ...]:
    keys: list[Key] = []
    for position, entry in enumerate([] if raw is None else reader.items(raw, "context.byok") or []):
        path = f"context.byok[{position}]"
        models: tuple[str, ...] = ()
        if isinstance(entry, str):
            slug, key_path = slugs.read(entry, path, reader), path
            key_id: str | None = entry
        elif isinstance(entry, Mapping):
            reader.refuse_unknown(entry, KEY_KEYS, path)
            slug = slugs.read(entry.get("slug"), f"{path}.slug", reader)
            models = () if entry.get("models") is None else tuple(reader.names(entry["models"], f"{path}.models", at=True))
            read_limits(entry.get("limits"), f"{path}.limits", reader)
            key_path = f"{path}.key_id"
            as_written = entry.get("slug") if isinstance(entry.get("slug"), str) else None
            key_id = as_written if entry.get("key_id") is None else reader.name(entry["key_id"], key_path, twin=True, at=True)
        else:
            reader.fault(path, entry, "a slug or an object with slug, models and key_id")
            continue
        if key_id is None or slug is None:
            continue
        if key_id in [key.key_id for key in keys]:
            reader.fault(key_path, key_id, "a key_id given once")
        keys.append(Key(slug, models, key_id))
    return tuple(keys)
