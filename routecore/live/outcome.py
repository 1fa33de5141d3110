"""How a try ended: one small value that the gateway makes and everything live reads.

Making one checks types and ranges of names and counts. Times are taken as they are: a clock that hiccups must not fail a request that was
served, so implausible times are refused and counted by the windows (``docs/decisions/202-bad-samples.md``).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, cast

from routecore.errors import Fault, InvalidUsage, OutcomeError
from routecore.live.answers import DEFAULT
from routecore.live.exceptions import read_exception
from routecore.live.http import GENERATION, LONGEST_NAME, judge
from routecore.live.kinds import COOLS, FAILURES, NEUTRAL, Kind
from routecore.safe_text import jsonable
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.live.answers import Answers

__all__ = ["FAILURES", "NEUTRAL", "Kind", "Outcome"]

_SECONDS_EXPECTED: Final = "a number of seconds"
_KINDS: Final = ", ".join(Kind)


class Outcome:
    """How one try of an attempt ended.

    ``ttft_seconds``: from sending to the first token, where the response streamed. ``total_seconds``: from sending to the last byte.
    ``output_tokens``: tokens the provider says it made. ``status``: the HTTP status, 100 to 599. ``retry_after_seconds``: what ``Retry-After`` asks for.
    ``detail``: the reason in words. ``problem``: what could not be read of the provider's answer (a bad ``Retry-After``); it is counted, never raised.

    What is known of the answer beside that: ``usage`` (a ``Usage``, or the provider's object, which is read here), ``served_tier``, ``finish_reason`` and
    ``response_id`` as the provider wrote them, ``tool_calls_valid`` (whether the response's tool calls were well formed; ``None`` where it made none).
    ``waited_seconds``: for ``timeout`` and ``cancelled``, how long nothing had come: a latency of which only that is known, that it was longer.
    ``context_exceeded``: of ``unsuitable``, whether the prompt was too long for the endpoint. ``rule``: the row of the table of answers that decided.
    ``cools``: what it cools where that is not its kind's usual: ``key`` (every attempt with that key at that provider), ``attempt``, or ``nothing``.

    Raises ``OutcomeError`` with every field that has a wrong type or a value outside its range.

    >>> Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101).tokens_per_second
    50.0
    >>> Outcome("rate_limt")
    Traceback (most recent call last):
        ...
    routecore.errors.OutcomeError: 1 fault in the outcome: kind: 'rate_limt' is not one of success, connection, timeout, server, rate_limit, credential, \
unsuitable, moderation, caller, cancelled, gateway
    """

    __slots__ = (
        "context_exceeded", "cools", "detail", "finish_reason", "kind", "output_tokens", "problem", "response_id", "retry_after_seconds", "rule",
        "served_tier", "status", "tool_calls_valid", "total_seconds", "ttft_seconds", "usage", "waited_seconds",
    )  # fmt: skip

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
        usage: Usage | Mapping[str, Any] | None = None,
        served_tier: str | None = None,
        finish_reason: str | None = None,
        tool_calls_valid: bool | None = None,
        waited_seconds: float | None = None,
        response_id: str | None = None,
        context_exceeded: bool = False,
        cools: str | None = None,
        rule: str | None = None,
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
        self.usage = cast("Usage | None", usage)
        self.served_tier = served_tier
        self.finish_reason = finish_reason
        self.tool_calls_valid = tool_calls_valid
        self.waited_seconds = waited_seconds
        self.response_id = response_id
        self.context_exceeded = context_exceeded
        self.cools = cools
        self.rule = rule
        # the plain case costs a few type checks; everything else is looked at closely
        if (
            type(kind) is not Kind
            or (ttft_seconds is not None and type(ttft_seconds) is not float)
            or (total_seconds is not None and type(total_seconds) is not float)
            or (output_tokens is not None and (type(output_tokens) is not int or output_tokens < 0))
            or status is not None
            or retry_after_seconds is not None
            or usage is not None
            or served_tier is not None
            or finish_reason is not None
            or tool_calls_valid is not None
            or waited_seconds is not None
            or response_id is not None
            or context_exceeded
            or cools is not None
        ):
            self._check()

    def _check(self) -> None:
        faults: list[Fault] = []
        try:
            self.kind = Kind(self.kind)
        except ValueError:
            faults.append(Fault("kind", self.kind, f"one of {_KINDS}"))
        for name in ("ttft_seconds", "total_seconds", "waited_seconds"):
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
        if wait is not None:
            seconds = _as_float(wait) if _is_number(wait) else inf
            if 0 <= seconds < inf:
                self.retry_after_seconds = seconds
            else:
                faults.append(Fault("retry_after_seconds", wait, "a finite number of seconds, 0 or more"))
        self._check_known(faults)
        if faults:
            raise OutcomeError(faults)

    def _check_known(self, faults: list[Fault]) -> None:
        """Check what is known of the answer itself."""
        for name in ("served_tier", "finish_reason", "response_id"):
            text = getattr(self, name)
            if text is not None and not (isinstance(text, str) and len(text) <= LONGEST_NAME):
                faults.append(Fault(name, text, f"text of at most {LONGEST_NAME} characters"))
        for name in ("tool_calls_valid", "context_exceeded"):
            flag: object = getattr(self, name)
            if not (isinstance(flag, bool) or (flag is None and name == "tool_calls_valid")):
                faults.append(Fault(name, flag, "true or false"))
        if self.cools is not None and self.cools not in COOLS:
            faults.append(Fault("cools", self.cools, f"one of {', '.join(COOLS)}"))
        usage: object = self.usage
        if usage is not None and not isinstance(usage, Usage):
            try:
                self.usage = Usage.parse(usage)
            except InvalidUsage as error:
                faults.extend(error.faults)

    @classmethod
    def success(
        cls,
        *,
        ttft_seconds: float | None = None,
        total_seconds: float | None = None,
        output_tokens: int | None = None,
        usage: Usage | Mapping[str, Any] | None = None,
        served_tier: str | None = None,
        finish_reason: str | None = None,
        tool_calls_valid: bool | None = None,
        response_id: str | None = None,
    ) -> Outcome:
        """A response that was served. Leave out what is not known.

        Args:
            ttft_seconds: Seconds to the first token, where it streamed.
            total_seconds: Seconds to the last byte.
            output_tokens: Tokens of the answer, reasoning among them.
            usage: What the provider reported, parsed or as it stood in the response.
            served_tier: The tier that served, as the provider names it.
            finish_reason: The response's.
            tool_calls_valid: Whether all tool calls were well-formed; ``None`` where there were none.
            response_id: The response's id, where later requests may name it.

        Returns:
            The outcome.

        Example:
            >>> Outcome.success(ttft_seconds=0.4).kind
            <Kind.SUCCESS: 'success'>
            >>> Outcome.success(usage={"prompt_tokens": 12, "completion_tokens": 3}).usage
            Usage(text=12, text_out=3)
        """
        if usage is None and served_tier is None and finish_reason is None and tool_calls_valid is None and response_id is None:
            # handing on what is not known costs a third of the whole
            return cls(Kind.SUCCESS, ttft_seconds=ttft_seconds, total_seconds=total_seconds, output_tokens=output_tokens)
        return cls(
            Kind.SUCCESS,
            ttft_seconds=ttft_seconds,
            total_seconds=total_seconds,
            output_tokens=output_tokens,
            usage=usage,
            served_tier=served_tier,
            finish_reason=finish_reason,
            tool_calls_valid=tool_calls_valid,
            response_id=response_id,
        )

    @classmethod
    def connection(cls, detail: str | None = None) -> Outcome:
        """No connection, or it broke: name resolution, refused, reset, TLS."""
        return cls(Kind.CONNECTION, detail=detail)

    @classmethod
    def timeout(cls, detail: str | None = None, *, waited_seconds: float | None = None) -> Outcome:
        """The gateway gave up waiting, after ``waited_seconds`` without a first token. If the caller did, that is ``cancelled``.

        Args:
            detail: What happened, in words.
            waited_seconds: How long nothing came.

        Returns:
            The outcome.
        """
        return cls(Kind.TIMEOUT, detail=detail, waited_seconds=waited_seconds)

    @classmethod
    def server(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The provider failed: 408, 5xx, an error inside a 200 or mid-stream, an empty completion without finish reason.

        Args:
            status: The HTTP status.
            detail: What happened, in words.

        Returns:
            The outcome.
        """
        return cls(Kind.SERVER, status=status, detail=detail)

    @classmethod
    def rate_limit(cls, retry_after_seconds: float | None = None, *, status: int | None = 429, detail: str | None = None) -> Outcome:
        """Too many requests. ``retry_after_seconds`` is what the provider asks to wait, ``None`` if it does not say.

        Args:
            retry_after_seconds: How long the provider asks to wait.
            status: The HTTP status.
            detail: What happened, in words.

        Returns:
            The outcome.
        """
        return cls(Kind.RATE_LIMIT, status=status, retry_after_seconds=retry_after_seconds, detail=detail)

    @classmethod
    def credential(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The key is bad, out of credit or may not use this deployment: 401, 402, 403 about the key, 404 about the deployment.

        Args:
            status: The HTTP status.
            detail: What happened, in words.

        Returns:
            The outcome.
        """
        return cls(Kind.CREDENTIAL, status=status, detail=detail)

    @classmethod
    def unsuitable(cls, status: int | None = None, detail: str | None = None, *, context_exceeded: bool = False) -> Outcome:
        """The request does not fit this endpoint; another may serve it. ``context_exceeded``: the prompt is too long here. Blames nobody.

        Args:
            status: The HTTP status.
            detail: What happened, in words.
            context_exceeded: Whether the prompt is too long here.

        Returns:
            The outcome.
        """
        return cls(Kind.UNSUITABLE, status=status, detail=detail, context_exceeded=context_exceeded)

    @classmethod
    def moderation(cls, detail: str | None = None) -> Outcome:
        """The caller's input was flagged. Says nothing about the endpoint."""
        return cls(Kind.MODERATION, detail=detail)

    @classmethod
    def caller(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The request itself is at fault: 400, 413, 422. Says nothing about the endpoint.

        Args:
            status: The HTTP status.
            detail: What happened, in words.

        Returns:
            The outcome.
        """
        return cls(Kind.CALLER, status=status, detail=detail)

    @classmethod
    def cancelled(cls, detail: str | None = None, *, waited_seconds: float | None = None, ttft_seconds: float | None = None) -> Outcome:
        """The caller went away, or a hedge lost its race, after ``waited_seconds`` without a first token, or after one at ``ttft_seconds``. Blames nobody.

        Args:
            detail: What happened, in words.
            waited_seconds: How long nothing had come, where nothing had.
            ttft_seconds: When the first token had come, where one had.

        Returns:
            The outcome.
        """
        return cls(Kind.CANCELLED, detail=detail, waited_seconds=waited_seconds, ttft_seconds=ttft_seconds)

    @classmethod
    def gateway(cls, status: int | None = None, detail: str | None = None) -> Outcome:
        """The gateway's own trouble: no free connection, a spent budget. Says nothing about the endpoint.

        Args:
            status: The HTTP status.
            detail: What happened, in words.

        Returns:
            The outcome.
        """
        return cls(Kind.GATEWAY, status=status, detail=detail)

    @classmethod
    def from_http(
        cls,
        status: int,
        headers: object = None,
        body: object = None,
        dialect: str | None = None,
        kind: str = GENERATION,
        *,
        ttft_seconds: float | None = None,
        total_seconds: float | None = None,
        output_tokens: int | None = None,
        unix_now: float | None = None,
        answers: Answers = DEFAULT,
    ) -> Outcome:
        """Say what an HTTP answer means, by the table of answers (``routecore.live.answers.ANSWERS``).

        Args:
            status: The HTTP status, 100 to 599.
            headers: A mapping, or pairs, in any case, as text or bytes.
            body: The parsed JSON, its text or its bytes; ``None`` where it is not known (a stream).
            dialect: ``chat``, ``messages``, ``responses``, ``gemini`` or ``converse``: a good status must then bring a completion of that dialect.
            kind: What was asked for: ``generation``, or ``embeddings``, ``images``, ``rerank`` or another that completes nothing.
            ttft_seconds: From sending to the first token; kept for a success only, as ``output_tokens`` is.
            total_seconds: From sending to the last byte.
            output_tokens: Without it, what the answer's usage says.
            unix_now: Seconds since 1970, from which moments count; without it, from the answer's own ``Date``.
            answers: Another table; ``Router.outcome`` gives its own.

        Returns:
            The outcome. A wait that cannot be read is left out, and ``problem`` says why.

        Raises:
            OutcomeError: The status, dialect or kind is none.

        Example:
            >>> Outcome.from_http(429, {"Retry-After": "20"}).retry_after_seconds
            20.0
            >>> Outcome.from_http(404).kind
            <Kind.CREDENTIAL: 'credential'>
            >>> Outcome.from_http(400, body={"error": {"code": "context_length_exceeded"}}).kind
            <Kind.UNSUITABLE: 'unsuitable'>
        """
        found = judge(status, headers, body, dialect, kind, answers=answers, unix_now=unix_now)
        if found["kind"] is Kind.SUCCESS:
            found["ttft_seconds"] = ttft_seconds
            found["output_tokens"] = found.get("output_tokens") if output_tokens is None else output_tokens
        else:
            found.pop("output_tokens", None)
        return cls(**found, total_seconds=total_seconds)

    @classmethod
    def from_exception(cls, error: BaseException, *, waited_seconds: float | None = None, unix_now: float | None = None, answers: Answers = DEFAULT) -> Outcome:
        """Say what the gateway's client raised means, by what the error carries (duck typing: no client is imported).

        An answer in it (``status_code``, ``response``, ``body``, as the openai, anthropic and httpx packages, aiohttp and botocore have them) is read as
        ``from_http`` reads one, an error in the middle of a stream by the status that its code states; else it is a timeout, a broken connection, bytes that
        cannot be decoded, the gateway's own trouble (``PoolTimeout``, no file descriptor left), or a cancelled task: the caller's leaving.

        Args:
            error: What was raised.
            waited_seconds: How long nothing had come, for a timeout or a cancelled task.
            unix_now: As in ``from_http``.
            answers: As in ``from_http``.

        Returns:
            The outcome.

        Raises:
            BaseException: ``error`` itself, if it is none of these: a slip of the gateway's own must not count against an endpoint.

        Example:
            >>> Outcome.from_exception(TimeoutError()).kind, Outcome.from_exception(ConnectionResetError()).kind
            (<Kind.TIMEOUT: 'timeout'>, <Kind.CONNECTION: 'connection'>)
            >>> Outcome.from_exception(KeyError("model"))
            Traceback (most recent call last):
                ...
            KeyError: 'model'
        """
        raised = read_exception(error)
        if raised is None:
            raise error
        if raised.status is not None:
            return cls.from_http(raised.status, raised.headers, raised.body, unix_now=unix_now, answers=answers)
        waited = waited_seconds if raised.kind in {Kind.TIMEOUT, Kind.CANCELLED} else None
        return cls(cast("Kind", raised.kind), detail=raised.detail, waited_seconds=waited)

    def replace(self, **changes: Any) -> Outcome:  # noqa: ANN401 - each field's own type
        """Return a copy with other values, checked like any outcome.

        >>> Outcome.server(502).replace(response_id="r1").response_id
        'r1'
        """
        return Outcome(**({name: getattr(self, name) for name in self.__slots__} | changes))

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
        found: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        found["kind"] = str(self.kind)
        found["context_exceeded"] = self.context_exceeded or None
        # a gateway may give its client's exception for a detail
        found["detail"], found["problem"] = jsonable(self.detail), jsonable(self.problem)
        found["usage"] = None if self.usage is None else self.usage.to_mapping()
        return {name: value for name, value in found.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outcome):
            return NotImplemented
        return self.to_mapping() == other.to_mapping()

    def __hash__(self) -> int:
        return hash((self.kind, self.status, self.ttft_seconds, self.total_seconds, self.usage, self.detail))

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
