"""How a try ended: one small value that the gateway makes and everything live reads.

Making one checks types and ranges of names and counts. Times are taken as they are: a clock that hiccups must not fail a request that was
served, so implausible times are refused and counted by the windows (``docs/decisions/202-bad-samples.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from routecore.errors import Fault, OutcomeError
from routecore.live.http_answers import classify
from routecore.live.kinds import FAILURES, NEUTRAL, Kind
from routecore.live.retry_after import date_seconds, header, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAILURES", "NEUTRAL", "Kind", "Outcome"]

_SECONDS_EXPECTED: Final = "a number of seconds"
_KINDS: Final = ", ".join(Kind)


class Outcome:
    """How one try of an attempt ended.

    ``ttft_seconds``: from sending to the first token, where the response streamed. ``total_seconds``: from sending to the last byte.
    ``output_tokens``: tokens the provider says it made. ``status``: the HTTP status, 100 to 599. ``retry_after_seconds``: what ``Retry-After`` asks for.
    ``detail``: the reason in words. ``problem``: what could not be read of the provider's answer (a bad ``Retry-After``); it is counted, never raised.

    Raises ``OutcomeError`` with every field that has a wrong type or a value outside its range.

    >>> Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101).tokens_per_second
    50.0
    >>> Outcome("rate_limt")
    Traceback (most recent call last):
        ...
    routecore.errors.OutcomeError: 1 fault in the outcome: kind: 'rate_limt' is not one of success, connection, timeout, server, rate_limit, credential, \
moderation, caller, cancelled
    """

    __slots__ = ("detail", "kind", "output_tokens", "problem", "retry_after_seconds", "status", "total_seconds", "ttft_seconds")

    def __init__(
        self,
        kind: Kind | str,
        *,
        ttft_seconds: float | None = None,
        total_seconds: float | None = None,
        output_tokens: int | None = None,
        status: int | None = None,
        retry_after_seconds: float | None = None,
        detail: str | None = None,
        problem: str | None = None,
    ) -> None:
        # text is turned into a kind below, or raises
        self.kind = cast("Kind", kind)
        self.ttft_seconds = ttft_seconds
        self.total_seconds = total_seconds
        self.output_tokens = output_tokens
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.detail = detail
        self.problem = problem
        # the plain case costs a few type checks; everything else is looked at closely
        if (
            type(kind) is not Kind
            or (ttft_seconds is not None and type(ttft_seconds) is not float)
            or (total_seconds is not None and type(total_seconds) is not float)
            or (output_tokens is not None and (type(output_tokens) is not int or output_tokens < 0))
            or status is not None
            or retry_after_seconds is not None
        ):
            self._check()

    def _check(self) -> None:
        faults: list[Fault] = []
        try:
            self.kind = Kind(self.kind)
        except ValueError:
            faults.append(Fault("kind", self.kind, f"one of {_KINDS}"))
        for name in ("ttft_seconds", "total_seconds"):
            value = getattr(self, name)
            if value is not None and not _is_number(value):
                faults.append(Fault(name, value, _SECONDS_EXPECTED))
            elif value is not None:
                setattr(self, name, _as_float(value))
        tokens = self.output_tokens
        if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0):
            faults.append(Fault("output_tokens", tokens, "a whole number of tokens, 0 or more"))
        status = self.status
        if status is not None and (isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599):
            faults.append(Fault("status", status, "an HTTP status from 100 to 599"))
        wait = self.retry_after_seconds
        if wait is not None and not (_is_number(wait) and 0 <= wait < float("inf")):
            faults.append(Fault("retry_after_seconds", wait, "a finite number of seconds, 0 or more"))
        elif wait is not None:
            self.retry_after_seconds = _as_float(wait)
        if faults:
            raise OutcomeError(faults)

    @classmethod
    def success(cls, *, ttft_seconds: float | None = None, total_seconds: float | None = None, output_tokens: int | None = None) -> Outcome:
        """A response that was served. Leave out what is not known.

        >>> Outcome.success(ttft_seconds=0.4).kind
        <Kind.SUCCESS: 'success'>
        """
        return cls(Kind.SUCCESS, ttft_seconds=ttft_seconds, total_seconds=total_seconds, output_tokens=output_tokens)

    @classmethod
    def connection(cls, detail: str | None = None) -> Outcome:
        """No connection, or it broke: name resolution, refused, reset, TLS."""
        return cls(Kind.CONNECTION, detail=detail)

    @classmethod
    def timeout(cls, detail: str | None = None) -> Outcome:
        """The gateway gave up waiting. If the caller did, that is ``cancelled``."""
        return cls(Kind.TIMEOUT, detail=detail)

    @classmethod
    def server(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The provider failed: 408, 5xx, an error inside a 200 or mid-stream, an empty completion without finish reason."""
        return cls(Kind.SERVER, status=status, detail=detail)

    @classmethod
    def rate_limit(cls, retry_after_seconds: float | None = None, *, status: int | None = 429, detail: str | None = None) -> Outcome:
        """Too many requests. ``retry_after_seconds`` is what the provider asks to wait, ``None`` if it does not say."""
        return cls(Kind.RATE_LIMIT, status=status, retry_after_seconds=retry_after_seconds, detail=detail)

    @classmethod
    def credential(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The key is bad, out of credit or may not use this deployment: 401, 402, 403 about the key, 404 about the deployment."""
        return cls(Kind.CREDENTIAL, status=status, detail=detail)

    @classmethod
    def moderation(cls, detail: str | None = None) -> Outcome:
        """The caller's input was flagged. Says nothing about the endpoint."""
        return cls(Kind.MODERATION, detail=detail)

    @classmethod
    def caller(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The request itself is at fault: 400, 413, 422. Says nothing about the endpoint."""
        return cls(Kind.CALLER, status=status, detail=detail)

    @classmethod
    def cancelled(cls, detail: str | None = None) -> Outcome:
        """The caller went away. Says nothing about the endpoint."""
        return cls(Kind.CANCELLED, detail=detail)

    @classmethod
    def from_http(
        cls,
        status: int,
        *,
        headers: Mapping[str, object] | None = None,
        body: object = None,
        ttft_seconds: float | None = None,
        total_seconds: float | None = None,
        output_tokens: int | None = None,
        unix_now: float | None = None,
    ) -> Outcome:
        """Classify an HTTP answer (``routecore.live.http_answers.classify`` holds the rules).

        ``headers`` may be spelt in any case; only ``Retry-After`` and ``Date`` are read. ``body`` is the parsed JSON, its text or its bytes.
        ``Retry-After`` as a date counts from ``unix_now`` (seconds since 1970), or from the answer's own ``Date``; where neither is known, or it
        cannot be read, it is left out and ``problem`` says why.

        >>> Outcome.from_http(429, headers={"Retry-After": "20"}).retry_after_seconds
        20.0
        >>> Outcome.from_http(404).kind
        <Kind.CREDENTIAL: 'credential'>
        """
        if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
            raise OutcomeError([Fault("status", status, "an HTTP status from 100 to 599")])
        kind, detail = classify(status, body)
        wait: float | None = None
        problem: str | None = None
        asked = header(headers, "retry-after") if kind is not Kind.SUCCESS else None
        if asked is not None:
            now = date_seconds(header(headers, "date")) if unix_now is None else unix_now
            wait, problem = parse_retry_after(asked, unix_now=now)
            if problem is not None:
                problem = f"Retry-After {asked[:64]!r}: {problem}"
        if kind is not Kind.SUCCESS:
            ttft_seconds = output_tokens = None
        return cls(
            kind,
            ttft_seconds=ttft_seconds,
            total_seconds=total_seconds,
            output_tokens=output_tokens,
            status=status,
            retry_after_seconds=wait,
            detail=detail,
            problem=problem,
        )

    @classmethod
    def from_exception(cls, error: BaseException) -> Outcome:
        """Classify what the gateway's client raised: a timeout, or else a broken connection; a cancelled task is the caller's leaving.

        Knows the standard library's errors and goes by the class name for those of HTTP clients (``ReadTimeout``, ``ConnectError``…).

        >>> Outcome.from_exception(TimeoutError()).kind, Outcome.from_exception(ConnectionResetError()).kind
        (<Kind.TIMEOUT: 'timeout'>, <Kind.CONNECTION: 'connection'>)
        """
        names = [kind.__name__ for kind in type(error).__mro__]
        detail = names[0]
        if isinstance(error, TimeoutError) or any("Timeout" in name for name in names):
            return cls.timeout(detail)
        if "CancelledError" in names or isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            return cls.cancelled(detail)
        return cls.connection(detail)

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens per second after the first; ``None`` unless the response streamed at least two tokens over a measurable time."""
        tokens, first, total = self.output_tokens, self.ttft_seconds, self.total_seconds
        if tokens is None or first is None or total is None or tokens < 2 or not total > first:
            return None
        return (tokens - 1) / (total - first)

    @property
    def failed(self) -> bool:
        """Whether the endpoint failed: ``connection``, ``timeout``, ``server`` or ``rate_limit``."""
        return self.kind in FAILURES

    def to_mapping(self) -> dict[str, Any]:
        """Return the outcome as JSON can hold it, without what is not known."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) if name == "kind" else value for name, value in sorted(found.items()) if value is not None}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outcome):
            return NotImplemented
        return self.to_mapping() == other.to_mapping()

    def __hash__(self) -> int:
        return hash(tuple(self.to_mapping().items()))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self.to_mapping().items() if name != "kind")
        return f"<Outcome {self.kind}{': ' if inner else ''}{inner}>"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        # an int beyond any float: as absurd as infinity, and refused and counted like it
        return float("inf") if value > 0 else float("-inf")
