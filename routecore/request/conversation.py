"""Which conversation a request belongs to, and for how long its provider's cache stays warm. Reads the three API dialects.

Works on bodies of any size and depth: nothing recurses, and a body that runs in a circle is walked once.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONG_CACHE_SECONDS", "SHORT_CACHE_SECONDS", "cache_seconds", "conversation_of"]

SHORT_CACHE_SECONDS: Final = 300.0
LONG_CACHE_SECONDS: Final = 3_600.0
_LONGEST_ID: Final = 256
_LONGEST_USER: Final = 4_096
_BILLING: Final = "x-anthropic-billing-header"
"""How Claude Code begins a system block that holds a number of its own for every request."""
_MARKERS: Final = frozenset({"cache_control", "cachePoint"})
_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_FEW: Final = 4
_ABSENT: Final = object()


def conversation_of(body: Mapping[str, Any], ignored_prefixes: tuple[str, ...] = ()) -> str | None:
    """Return the conversation's identity: the same text for every turn of a conversation, ``None`` where there is none to tell.

    The first that is given of ``session_id``; ``conversation`` and ``previous_response_id`` (responses dialect); the session in ``metadata.user_id`` (Claude
    Code); ``prompt_cache_key``; else a hash of the first system content (``system``, ``instructions`` or a system message) and the first other message.
    The hash leaves out what differs in every request: cache markers (``cache_control``, ``cachePoint``), which clients move from turn to turn, and a first
    system block that begins with ``x-anthropic-billing-header`` or one of ``ignored_prefixes``. Nor does it matter whether a text stands alone or as the only
    part of a list. Each kind has a namespace: a ``session_id`` never meets another caller's ``prompt_cache_key``.
    A ``session_id`` of more than 256 characters is the request's fault and not looked at here; any other longer identity is hashed.
    Source: the platform's documentation, § Provider Sticky Routing; ``docs/decisions/208-conversation.md``.

    >>> conversation_of({"session_id": "s1", "messages": []})
    'session:s1'
    >>> conversation_of({"metadata": {"user_id": "user_ab12_account__session_f00d"}})
    'user:f00d'
    >>> first = {"role": "user", "content": "Hello"}
    >>> one = conversation_of({"messages": [{"role": "system", "content": "Be brief."}, first]})
    >>> later = conversation_of({"system": "Be brief.", "messages": [first, {"role": "assistant", "content": "Hi"}]})
    >>> one == later, conversation_of({"messages": []})
    (True, None)
    """
    session = body.get("session_id")
    if isinstance(session, str) and session:
        return "session:" + session
    named = body.get("conversation")
    if isinstance(named, dict):
        named = named.get("id")
    metadata = body.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    for namespace, key in (
        ("conversation:", named),
        ("response:", body.get("previous_response_id")),
        ("user:", _session_of_user(user)),
        ("cache:", body.get("prompt_cache_key")),
    ):
        if isinstance(key, str) and key:
            return namespace + (key if len(key) <= _LONGEST_ID else _digest(key))
    system, first = _opening(body)
    if first is _ABSENT:
        return None
    return "hash:" + _digest(None if system is _ABSENT else _without_nonce(system, (_BILLING, *ignored_prefixes)), first)


def _session_of_user(user: object) -> object:
    """Return the session in a ``metadata.user_id``: after ``_session_``, or ``session_id`` of its JSON form; a user without a session is no conversation."""
    if not isinstance(user, str):
        return None
    _, found, session = user.rpartition("_session_")
    if found:
        return session
    if user.startswith("{") and len(user) <= _LONGEST_USER:
        try:
            value = json.loads(user)
        except (ValueError, RecursionError):
            return None
        return value.get("session_id") if isinstance(value, dict) else None
    return None


def _without_nonce(system: Any, prefixes: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON
    """Return the system content without a first block that begins with one of ``prefixes``."""
    if isinstance(system, str):
        return None if system.startswith(prefixes) else system
    if isinstance(system, (list, tuple)) and system:
        first = _text_of(system[0])
        if first is not None and first.startswith(prefixes):
            rest = list(system[1:])
            return rest or None
    return system


def cache_seconds(body: Mapping[str, Any]) -> float:
    """Return how long the request's caches live: 3600 s where any ``cache_control`` in it says ``ttl`` ``"1h"`` or 3600, else 300 s.

    >>> cache_seconds({"messages": [{"role": "user", "content": [{"type": "text", "text": "…", "cache_control": {"ttl": "1h"}}]}]})
    3600.0
    >>> cache_seconds({"messages": [{"role": "user", "content": "…"}]})
    300.0
    """
    stack: list[Any] = [body]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            control = node.get("cache_control")
            if isinstance(control, dict):
                ttl = control.get("ttl")
                # a list or an object may stand here too, which only a type check keeps from being compared
                if isinstance(ttl, (str, int, float)) and ttl in ("1h", 3600):
                    return LONG_CACHE_SECONDS
            inner: Any = node.values()
        else:
            inner = node
        # plain text is most of a body, and holds no markers; nor does a message of two keys whose content is text
        nested = [
            item
            for item in inner
            if type(item) is not str
            and (len(item) != 2 or type(item.get("content")) is not str or "role" not in item if type(item) is dict else isinstance(item, (dict, list, tuple)))
        ]
        if nested:
            if id(node) in seen:
                continue
            seen.add(id(node))
            stack.extend(nested)
    return SHORT_CACHE_SECONDS


def _opening(body: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the content of the first system message and of the first other one."""
    system: Any = _ABSENT
    for key in ("system", "instructions"):
        if body.get(key) not in (None, "", []):
            system = body[key]
            break
    for key in ("messages", "input"):
        items = body.get(key)
        if isinstance(items, str) and items:
            return system, items
        if not isinstance(items, (list, tuple)):
            continue
        first: Any = _ABSENT
        for item in items:
            role = item.get("role") if isinstance(item, dict) else None
            if isinstance(role, str) and role in _SYSTEM_ROLES:
                if system is _ABSENT:
                    system = item.get("content")
            elif item is not None:
                first = item.get("content", item) if isinstance(item, dict) else item
                break
        if first is not _ABSENT:
            return system, first
    return system, _ABSENT


def _digest(*values: Any) -> str:  # noqa: ANN401 - any JSON
    """Hash JSON values by structure, without cache markers; the same in every process."""
    digest = blake2b(digest_size=16)
    stack: list[Any] = list(reversed(values))
    open_ids: set[int] = set()
    while stack:
        node = stack.pop()
        text = _text_of(node)
        if text is not None:
            data = text.encode("utf-8", "surrogatepass")
            # lengths frame the texts: ["ab", "c"] and ["a", "bc"] differ
            digest.update(b"s%d:" % len(data))
            digest.update(data)
        elif isinstance(node, dict):
            if id(node) in open_ids:
                continue
            open_ids.add(id(node))
            items = sorted(((str(key), value) for key, value in node.items() if key not in _MARKERS), key=itemgetter(0))
            digest.update(b"d%d:" % len(items))
            for key, value in reversed(items):
                stack.append(value)
                stack.append(key)
        elif isinstance(node, (list, tuple)):
            if id(node) in open_ids:
                continue
            open_ids.add(id(node))
            items_left = [item for item in node if not _is_marker(item)]
            digest.update(b"l%d:" % len(items_left))
            stack.extend(reversed(items_left))
        else:
            digest.update(b"v" + repr(node)[:64].encode("utf-8", "replace") + b";")
    return digest.hexdigest()


def _is_marker(item: object) -> bool:
    """Tell an item of a list that only marks a place to cache up to, as Bedrock's Converse does."""
    return isinstance(item, dict) and len(item) == 1 and "cachePoint" in item


def _text_of(node: Any) -> str | None:  # noqa: ANN401 - any JSON
    """Return the text that a node is: a string, a text part, or a list of just one text; ``None`` for anything else."""
    if isinstance(node, list) and 0 < len(node) <= _FEW:
        left = [item for item in node if not _is_marker(item)]
        node = left[0] if len(left) == 1 else node
    if isinstance(node, str):
        return node
    if isinstance(node, dict) and node.get("type") in ("text", "input_text", "output_text") and isinstance(node.get("text"), str):
        text: str = node["text"]
        return text
    return None
