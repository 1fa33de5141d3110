"""A router that runs as a process of its own: a scenario a line in, an answer a line out, both JSON."""

from __future__ import annotations

import json
import queue
import shlex
import subprocess
import tempfile
import threading
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ProcessRouter", "RouterProcessError"]

SHOWN_STDERR = 2000
DEFAULT_SECONDS = 10.0


class RouterProcessError(Exception):
    """The process gave no answer: it could not be started, ended, was silent for too long, or wrote what is no JSON object."""


class ProcessRouter:
    """Decides scenarios by asking a process; it is started when first asked, and again after it failed.

    Args:
        command: what a shell would be given, split as a POSIX shell splits it; no shell runs.
        seconds: how long one answer may take.

    Example:
        >>> import sys
        >>> echo = f"{sys.executable} -c 'import sys; [print(line, flush=True) for line in sys.stdin]'"
        >>> with ProcessRouter(echo) as router:
        ...     router({"draw": 7})
        {'draw': 7}

    """

    def __init__(self, command: str, seconds: float = DEFAULT_SECONDS) -> None:
        self.words = shlex.split(command)
        self.seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self._stderr: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process."""
        self.close()

    def __call__(self, scenario: object) -> dict[str, Any]:
        """Ask for one answer.

        Raises:
            RouterProcessError: there is none.

        """
        process = self._started()
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(scenario, allow_nan=False) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=self.seconds)
        except (OSError, queue.Empty) as error:
            raise self._failed(f"no answer within {self.seconds:g} s" if isinstance(error, queue.Empty) else "it takes no input") from None
        if not line:
            raise self._failed("it ended")
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise self._failed(f"a line that is no JSON ({error}): {line[:200]!r}") from None
        if not isinstance(answer, dict):
            raise self._failed(f"a line that is no JSON object: {line[:200]!r}")
        return answer

    def close(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except OSError:  # what it did not read is of no use to anybody
                        continue
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None:
            return self._process
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        try:
            process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True, encoding="utf-8")  # noqa: S603 - the caller's own command
        except (OSError, ValueError, IndexError) as error:
            self.close()
            raise RouterProcessError(f"{shlex.join(self.words) or 'an empty command'} cannot be started: {error}") from error
        self._process, self._lines = process, queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        return process

    def _failed(self, what: str) -> RouterProcessError:
        """End the process, and say what it wrote to standard error."""
        process, said = self._process, ""
        if process is not None:
            process.kill()
            process.wait()
        if self._stderr is not None:
            self._stderr.seek(0)
            said = self._stderr.read().decode("utf-8", "replace").strip()[-SHOWN_STDERR:]
        self.close()
        return RouterProcessError(what + (f"; on standard error: {said}" if said else ""))


def _read(stream: IO[str] | None, lines: queue.Queue[str]) -> None:
    """Hand on every line, and an empty one at the end."""
    assert stream is not None
    try:
        for line in stream:
            lines.put(line)
    except (ValueError, UnicodeDecodeError):  # closed while reading, or no UTF-8: no more lines
        pass
    lines.put("")
