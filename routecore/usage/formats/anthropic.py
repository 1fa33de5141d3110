"""Anthropic's messages dialect: ``input_tokens`` excludes cache reads and writes; ``iterations`` tells the passes of one response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.usage.formats.shared import calls, completion_details, entries, include_cache, writes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.usage.report import Reported

__all__ = ["anthropic", "passes_of_other_models"]

_COUNTS: Final = (
    ("prompt", "input_tokens"), ("cached", "cache_read_input_tokens"), ("written", "cache_creation_input_tokens"), ("completion", "output_tokens"),
)  # fmt: skip


def anthropic(report: Reported) -> None:
    """Read the top level; where its passes come to more than it says, the passes."""
    body, path = report.body, report.path
    for name, key in _COUNTS:
        report.take(name, (body, key, path))
    parts = report.object(body, "cache_creation", path)
    writes(report, (), parts, f"{path}.cache_creation")
    _iterations(report)
    completion_details(report, report.object(body, "output_tokens_details", path), f"{path}.output_tokens_details")
    calls(report)
    include_cache(report)


def _iterations(report: Reported) -> None:
    """Bill the passes where the top level leaves some out: a compaction, which reads the whole context again, is in no other count.

    Source: Anthropic's API reference, ``usage.iterations``: an entry of type ``compaction`` is not included in the top-level fields.
    """
    passes = [(f"{report.path}.iterations[{index}]", entry) for index, entry in enumerate(entries(report, report.body, "iterations", report.path))]
    if not passes:
        return
    for name, key in _COUNTS:
        _at_least(report, name, sum(report.count(entry, key, where) or 0 for where, entry in passes), f"{report.path}.iterations")
    for name, key in (("written_5m", "ephemeral_5m_input_tokens"), ("written_1h", "ephemeral_1h_input_tokens")):
        parts = [(f"{where}.cache_creation", report.object(entry, "cache_creation", where)) for where, entry in passes]
        _at_least(report, name, sum(report.count(part, key, where) or 0 for where, part in parts), f"{report.path}.iterations")


def _at_least(report: Reported, name: str, count: int, path: str) -> None:
    if count > report.get(name):
        report.counts[name] = count
        report.paths[name] = path


def passes_of_other_models(body: Mapping[Any, Any], model: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return ``body`` without the passes that name another model than ``model``, and those passes: each is billed at its own model's price.

    >>> main, others = passes_of_other_models({"input_tokens": 5, "iterations": [{"type": "message"}, {"type": "advisor_message", "model": "b"}]}, "a")
    >>> main["iterations"], others
    ([{'type': 'message'}], [{'type': 'advisor_message', 'model': 'b'}])
    """
    found = body.get("iterations")
    if not isinstance(found, list):
        return dict(body), []
    others = [entry for entry in found if isinstance(entry, dict) and _is_other(entry.get("model"), model)]
    if not others:
        return dict(body), []
    apart = set(map(id, others))
    return {**body, "iterations": [entry for entry in found if id(entry) not in apart]}, others


def _is_other(named: object, model: str) -> bool:
    return isinstance(named, str) and named not in {"", model, model.rpartition("/")[2]}
