"""What an outcome says to whoever watches: durations, tokens and labels by OpenTelemetry's GenAI conventions, told once for every exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.live.metrics import ERROR_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.live.outcome import Outcome
    from routecore.routing.attempt import Attempt
    from routecore.routing.plan import Plan

__all__ = ["HISTOGRAMS", "Histogram", "Sample", "attributes_of", "explained", "samples_of"]


class Histogram(NamedTuple):
    """One histogram: its name, unit (UCUM), what it measures, and the boundaries of its buckets."""

    name: str
    unit: str
    description: str
    boundaries: tuple[float, ...]


class Sample(NamedTuple):
    """One value for one histogram, with the labels that it has beside the outcome's own."""

    histogram: str
    value: float
    attributes: dict[str, str]


_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS: Final = tuple(float(4**power) for power in range(14))
_A_TOKEN: Final = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)

DURATION: Final = "gen_ai.client.operation.duration"
FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
TOKENS: Final = "gen_ai.client.token.usage"
PACE: Final = "routecore.attempt.time_per_output_token"

HISTOGRAMS: Final = {
    one.name: one
    for one in (
        Histogram(DURATION, "s", "From sending an attempt to its last byte or its failure.", _SECONDS),
        Histogram(FIRST_CHUNK, "s", "From sending an attempt to its first token, where it streamed.", _SECONDS),
        Histogram(TOKENS, "{token}", "Tokens that the provider says were read and made.", _TOKENS),
        Histogram(PACE, "s", "Seconds a token after the first, over one streamed answer.", _A_TOKEN),
    )
}
"""What is measured of each attempt. Names and boundaries of the first three are the conventions' (semantic-conventions-genai, November 2026), whose sense is the
same: an attempt is a client's operation. The conventions measure time per token on the server, so the last one has a name of our own."""


def attributes_of(attempt: Attempt, outcome: Outcome, operation: str = "chat") -> dict[str, str]:
    """Return the labels of an attempt and its outcome. Keys of callers and prompts are in none of them.

    >>> from routecore import Catalog, Outcome, decide
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "slug": "p/fp8"}]})
    >>> attributes_of(decide(catalog, {"model": "a/b"}).first, Outcome.rate_limit(3))["error.type"]
    '429'
    """
    found = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": attempt.endpoint.provider,
        "gen_ai.request.model": attempt.endpoint.model,
        "routecore.endpoint": attempt.endpoint.id,
        "routecore.credential": attempt.credential,
        "routecore.outcome": str(outcome.kind),
    }
    error = ERROR_TYPES.get(outcome.kind)
    if error is not None:
        found["error.type"] = error
    return found


def samples_of(outcome: Outcome) -> Iterator[Sample]:
    """Yield the values that an outcome has; what is not known gives none, not 0.

    >>> from routecore import Outcome
    >>> [one.histogram for one in samples_of(Outcome.success(total_seconds=2.0, output_tokens=40))]
    ['gen_ai.client.operation.duration', 'gen_ai.client.token.usage']
    """
    if outcome.total_seconds is not None:
        yield Sample(DURATION, outcome.total_seconds, {})
    if outcome.ttft_seconds is not None:
        yield Sample(FIRST_CHUNK, outcome.ttft_seconds, {})
    speed = outcome.tokens_per_second
    if speed:
        yield Sample(PACE, 1 / speed, {})
    usage = getattr(outcome, "usage", None)
    read = None if usage is None else _prompt_tokens(usage)
    if read is not None:
        yield Sample(TOKENS, float(read), {"gen_ai.token.type": "input"})
    if outcome.output_tokens is not None:
        yield Sample(TOKENS, float(outcome.output_tokens), {"gen_ai.token.type": "output"})


_INPUT_KEYS: Final = ("prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens")


def _prompt_tokens(usage: object) -> int | None:
    """Return how many tokens a usage report says were read, ``None`` where it does not say."""
    report = usage if isinstance(usage, dict) else None
    value = next((report[key] for key in _INPUT_KEYS if key in report), None) if report is not None else getattr(usage, "prompt_tokens", None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def explained(plan: Plan, *, most: int = 8) -> dict[str, Any]:
    """Return what a plan says of itself: strategy, attempts, why the first one is first, what was removed. No prompt, no header, no key.

    ``most``: attempts and rejections that are named; the rest is counted.

    >>> from routecore import Catalog, decide
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b", "provider": "q", "disabled": True}]})
    >>> found = explained(decide(catalog, {"model": "a/b"}))
    >>> found["routecore.plan.attempts"], found["routecore.plan.rejected"]
    (['a/b@p'], ['a/b@q: disabled'])
    """
    attempts = plan.attempts
    rejections = plan.rejections
    return {
        "routecore.plan.strategy": plan.strategy,
        "routecore.plan.attempts": [attempt.endpoint.id for attempt in attempts[:most]],
        "routecore.plan.attempts.count": len(attempts),
        "routecore.plan.probability": plan.propensity,
        "routecore.plan.sticky": plan.sticky.status,
        "routecore.plan.panic": plan.panic,
        "routecore.plan.rejected": [f"{one.endpoint.id}: {', '.join(one.rules)}" for one in rejections[:most]],
        "routecore.plan.rejected.count": len(rejections),
    }
