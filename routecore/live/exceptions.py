"""From what a client raised to an outcome, by what the error carries and what its class is called. No client is imported.

Read in this order: an answer (a status, headers, a body), the gateway's own trouble, a cancelled task, a timeout, bytes that cannot be decoded, a transport
that broke. Anything else is a fault of the gateway's own code, which no outcome may hide.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import zlib
from typing import Any, Final, NamedTuple

from routecore.live.kinds import Kind

__all__ = ["Raised", "read_exception"]

_MOST_CAUSES: Final = 5
_CANCELLED: Final = frozenset({"CancelledError", "Cancelled", "GeneratorExit", "KeyboardInterrupt"})
_GATEWAY: Final = frozenset({"PoolTimeout", "EmptyPoolError"})
_OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})
_UNDECODABLE: Final = frozenset({"JSONDecodeError", "UnicodeDecodeError", "DecodingError", "ContentDecodingError", "APIResponseValidationError"})
_OWN: Final = frozenset({"LocalProtocolError", "UnsupportedProtocol", "InvalidURL", "LocationParseError", "InvalidSchema", "MissingSchema"})
"""A request that this gateway made wrong: no endpoint had a part in it."""
_WRAPPERS: Final = frozenset({"APIConnectionError", "RetryError"})
"""Errors that clients put around whatever was raised below them."""
_TRANSPORT: Final = frozenset({
    "TransportError", "NetworkError", "ConnectError", "ReadError", "WriteError", "CloseError", "RemoteProtocolError", "ProtocolError", "ProxyError",
    "RequestError", "APIConnectionError", "ClientConnectionError", "ClientPayloadError", "ClientOSError", "ServerDisconnectedError", "NewConnectionError",
    "MaxRetryError", "IncompleteRead", "IncompleteReadError", "ConnectionClosedError", "EndpointConnectionError", "HTTPClientError", "BrokenResourceError",
    "ClosedResourceError", "EndOfStream", "TooManyRedirects",
})  # fmt: skip
_FILES: Final = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, ChildProcessError, ProcessLookupError, BlockingIOError)
"""Errors of the operating system that speak of files and processes, never of a peer."""


class Raised(NamedTuple):
    """What an exception says: an answer to be judged (``status``), or else the kind of outcome."""

    kind: Kind | None
    status: int | None = None
    headers: object = None
    body: object = None
    detail: str = ""


def _get(error: object, name: str) -> Any:  # noqa: ANN401 - whatever a client put there
    """Return an attribute, ``None`` if there is none or it cannot be read (a response whose body was never read raises)."""
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001 - a client's property may raise what it likes
        return None


def _status(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599 else None


def read_exception(error: BaseException) -> Raised | None:
    """Return what a client's error says; ``None`` for one that is neither an answer, nor the transport's, nor a decoder's."""
    if isinstance(error, BaseExceptionGroup):
        # of a group of tasks: one slip in it makes it a slip, else the first speaks for all
        inside = [read_exception(one) for one in error.exceptions[:_MOST_CAUSES]]
        return None if None in inside else inside[0]
    names = {one.__name__ for one in type(error).__mro__}
    detail = type(error).__name__[:128]
    if names & _CANCELLED:
        return Raised(Kind.CANCELLED, detail=detail)
    answer = _answer(error, names)
    if answer is not None:
        return answer
    if _gateway_s(error):
        return Raised(Kind.GATEWAY, detail=detail)
    if names & _OWN:
        return None
    cause = error.__cause__ if names & _WRAPPERS else None
    if cause is not None and cause is not error and not _undecodable(cause, {one.__name__ for one in type(cause).__mro__}):
        # what the client wrapped decides: it wraps a broken connection and a slip of the gateway's alike
        inner = read_exception(cause) if _depth(error) <= _MOST_CAUSES else Raised(Kind.CONNECTION)
        return None if inner is None else inner._replace(detail=detail)
    if isinstance(error, TimeoutError) or any("Timeout" in name for name in names) or "DeadlineExceededError" in names:
        return Raised(Kind.TIMEOUT, detail=detail)
    if _undecodable(error, names):
        return Raised(Kind.SERVER, detail=detail)
    return Raised(Kind.CONNECTION, detail=detail) if _transport_s(error, names) else None


def _depth(error: BaseException) -> int:
    depth, cause = 0, error.__cause__
    while cause is not None and depth <= _MOST_CAUSES:
        depth, cause = depth + 1, cause.__cause__
    return depth


def _gateway_s(error: BaseException) -> bool:
    """Tell whether the gateway had nothing left to send with: no free connection in the pool, no file descriptor, no port, no memory."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return False
        if {one.__name__ for one in type(cause).__mro__} & _GATEWAY or (isinstance(cause, OSError) and cause.errno in _OUT_OF_RESOURCES):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _undecodable(error: BaseException, names: set[str]) -> bool:
    return bool(names & _UNDECODABLE) or isinstance(error, (zlib.error, UnicodeDecodeError))


def _transport_s(error: BaseException, names: set[str]) -> bool:
    if isinstance(error, OSError):
        return not isinstance(error, _FILES)
    return bool(names & _TRANSPORT) or isinstance(error, (http.client.HTTPException, ssl.SSLError, socket.gaierror, EOFError))


def _answer(error: BaseException, names: set[str]) -> Raised | None:
    """Return the answer that an error carries: of an SDK, of ``httpx``, ``aiohttp``, ``urllib`` or ``botocore``."""
    response = _get(error, "response")
    if isinstance(response, dict):
        return _botocore(response)
    body = _get(error, "body")
    status = _status(_get(error, "status_code")) or _status(_get(response, "status_code"))
    if status is None and names & {"ClientResponseError", "HTTPError", "APIError", "GoogleAPICallError", "ClientError", "ServerError"}:
        status = _status(_get(error, "status")) or _status(_get(error, "code"))
        details = _get(error, "details")
        body = details if body is None and isinstance(details, dict) else body
    if status is None and "APIError" in names and body is not None:
        # an error event in the middle of a stream: the answer had begun with a good status
        status = 200
    if status is None:
        return None
    if 200 <= status < 300 and names & _UNDECODABLE:
        return Raised(Kind.SERVER, detail=type(error).__name__[:128])
    if body is None and response is not None:
        body = _get(response, "content")
        if not isinstance(body, (bytes, bytearray, str)):
            body = _get(response, "text")
    if isinstance(body, str) or (isinstance(body, dict) and "error" not in body):
        # SDKs hand out the inside of ``{"error": …}``
        body = body if isinstance(body, str) and body.lstrip()[:1] in {"{", "["} else {"error": body}
    headers = _get(response, "headers")
    return Raised(None, status, _get(error, "headers") if headers is None else headers, body, type(error).__name__[:128])


def _botocore(response: dict[Any, Any]) -> Raised | None:
    metadata, error = response.get("ResponseMetadata"), response.get("Error")
    if not isinstance(metadata, dict) or not isinstance(error, dict):
        return None
    status = _status(metadata.get("HTTPStatusCode"))
    if status is None:
        return None
    return Raised(None, status, metadata.get("HTTPHeaders"), {"error": {"code": error.get("Code"), "message": error.get("Message")}}, "ClientError")
