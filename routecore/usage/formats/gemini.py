"""Gemini, over REST, through the SDK and live: candidates exclude thoughts, the prompt includes cached content and excludes tool-use prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.usage.formats.shared import entries

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["KEYS", "gemini"]

_MODALITIES: Final = {"TEXT": "text", "AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video"}
_STEMS: Final = ("prompt", "candidates", "thoughts", "toolUsePrompt", "response", "cachedContent")
_LISTS: Final = ("prompt", "candidates", "response", "toolUsePrompt", "cache")


def _snake(stem: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem)


# prompt_tokens_details is chat's key too, and tells nothing apart
KEYS: Final = frozenset(
    [spelling for stem in _STEMS for spelling in (f"{stem}TokenCount", f"{_snake(stem)}_token_count")]
    + [spelling for stem in _LISTS for spelling in (f"{stem}TokensDetails", f"{_snake(stem)}_tokens_details")]
) - {"prompt_tokens_details"}
"""Keys that no other dialect has."""


def gemini(report: Reported) -> None:
    """Read ``usageMetadata``; parts without their whole make the whole."""

    def count(name: str, *stems: str) -> None:
        report.take(name, *((report.body, spelling, report.path) for stem in stems for spelling in (f"{stem}TokenCount", f"{_snake(stem)}_token_count")))

    count("prompt", "prompt")
    count("tool_prompt", "toolUsePrompt")
    count("cached", "cachedContent")
    count("completion", "candidates", "response")
    count("reasoning", "thoughts")
    _whole(report, "prompt", _modalities(report, "prompt", ""))
    tools = _modalities(report, "toolUsePrompt", "")
    _whole(report, "tool_prompt", tools)
    _modalities(report, "cache", "cached_")
    _whole(report, "completion", _modalities(report, "candidates", "out") or _modalities(report, "response", "out"))
    report.add("prompt", report.counts.pop("tool_prompt", 0), report.path)
    report.add("completion", report.get("reasoning"), report.path)


def _whole(report: Reported, name: str, parts: int) -> None:
    if parts and name not in report.counts:
        report.add(name, parts, report.path)


def _modalities(report: Reported, stem: str, side: str) -> int:
    """Add the counts of a list of ``{modality, tokenCount}``; ``side`` is ``""`` (prompt), ``cached_`` or ``out``. Return how many tokens it lists."""
    listed = 0
    for key in (f"{stem}TokensDetails", f"{_snake(stem)}_tokens_details"):
        for index, entry in enumerate(entries(report, report.body, key, report.path)):
            where = f"{report.path}.{key}[{index}]"
            kind = entry.get("modality")
            modality = _MODALITIES.get(kind.upper(), "text") if isinstance(kind, str) else "text"
            name = "tokenCount" if "tokenCount" in entry else "token_count"
            tokens = report.count(entry, name, where) or 0
            listed += tokens
            # text, and what this library has never heard of, is the unexplained rest of its side
            if modality != "text" or side == "cached_":
                report.add(f"{modality}_out" if side == "out" else f"{side}{modality}", tokens, f"{where}.{name}")
        if listed:
            break
    return listed
