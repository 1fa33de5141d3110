"""A catalog that is read again when its file changes. The router keeps the last good one, whatever the file turns into.

Libraries that watch files (``watchfiles``, ``watchdog``) were considered: they bring threads and native code for what a look at one file every few seconds does.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from routecore.adapters.feeds import import_feed
from routecore.catalog.by_hand import read_file
from routecore.catalog.catalog import Catalog
from routecore.catalog.diff import MOST_GONE, CatalogDiff, diff_catalogs
from routecore.errors import RoutecoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from routecore.live.router import Router

__all__ = ["CatalogFile", "Reload"]

_LOG = logging.getLogger("routecore.catalog")


class Reload(NamedTuple):
    """What came of a reading: whether the router took the catalog, why (not), what changed, and what looked like a mistake."""

    taken: bool
    reason: str
    diff: CatalogDiff | None = None
    alarms: tuple[str, ...] = ()


class CatalogFile:
    """Keeps a router's catalog as its file says: call ``poll`` every few seconds, ``reload`` on a signal.

    A file that cannot be read, that has faults, or of which ``most_gone`` of the endpoints in use are missing is refused with a line in the log
    (logger ``routecore.catalog``), and the router goes on with what it has. Prices that jump by a factor of 100 are taken and logged as a warning. A change is
    noticed by the file's time, size and number, so that a file that is replaced is noticed as well.

    ``feed``: the feed's name where the file is one's, with its ``options``; ``None`` is the library's own form, JSON or YAML. Any thread may call; readings
    take turns.
    """

    def __init__(
        self, path: str | PathLike[str], router: Router, *, feed: str | None = None, options: Mapping[str, Any] | None = None, most_gone: float = MOST_GONE
    ) -> None:
        self.path = Path(path)
        self.router = router
        self.feed = feed
        self.options = dict(options or {})
        self.most_gone = most_gone
        self._lock = threading.Lock()
        self._seen = self._mark()

    @staticmethod
    def read(path: str | PathLike[str], feed: str | None = None, options: Mapping[str, Any] | None = None) -> Catalog:
        """Return the catalog of a file. Raises ``CatalogError`` and ``OSError``."""
        return Catalog.load(path) if feed is None else import_feed(read_file(path), feed, **(options or {})).catalog()

    def poll(self) -> Reload | None:
        """Read the file again if it has changed since the last look; ``None`` if not."""
        return self.reload() if self.changed() else None

    def changed(self) -> bool:
        """Tell whether the file is another one than at the last reading."""
        return self._mark() != self._seen

    def reload(self, *, force: bool = False) -> Reload:
        """Read the file now. ``force``: take it also where most endpoints are gone. Never raises for what the file holds."""
        with self._lock:
            self._seen = self._mark()
            done = self._reload(force=force)
        if done.taken:
            for alarm in done.alarms:
                _LOG.warning("catalog %s: %s", self.path, alarm)
            _LOG.info("catalog %s: %s", self.path, done.reason)
        elif done.diff is None or done.alarms:
            _LOG.error("catalog %s: not taken, the last good one stays: %s", self.path, done.reason)
        return done

    def _reload(self, *, force: bool) -> Reload:
        try:
            catalog = self.read(self.path, self.feed, self.options)
        except (RoutecoreError, OSError) as error:
            return Reload(taken=False, reason=str(error))
        found = diff_catalogs(self.router.catalog, catalog)
        # a version says nothing of what the gateway keeps in extra, and an address may be all that changed
        if [one.to_mapping(extra=True) for one in catalog] == [one.to_mapping(extra=True) for one in self.router.catalog]:
            return Reload(taken=False, reason="nothing changed", diff=found)
        alarms = found.alarms(most_gone=self.most_gone)
        if found.removed and found.gone >= self.most_gone and not force:
            return Reload(taken=False, reason=alarms[0], diff=found, alarms=alarms)
        self.router.swap(catalog)
        reason = f"{len(found.added)} endpoints added, {len(found.removed)} removed, {len({one.endpoint for one in found.changed})} changed"
        return Reload(taken=True, reason=reason, diff=found, alarms=alarms)

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
