"""All brokers by key, built from the settings: the one place where pages and programs get their sources from."""

from __future__ import annotations

from collections.abc import Mapping

from core.brokers.alerce import AlerceLsst, AlerceZtf
from core.brokers.browse.alerce import AlerceLsstLists, AlerceZtfLists
from core.brokers.browse.base import Browser
from core.brokers.browse.fink import FinkLsstLists, FinkZtfLists
from core.brokers.cache import CachedSource, ObjectCache
from core.brokers.fink import FinkLsst, FinkZtf
from core.brokers.http import Timeouts
from core.brokers.lasair import LasairLsst, LasairZtf
from core.brokers.source import BrokerSource
from core.refusal import BadInput
from core.settings import Settings

BROKERS: tuple[type[BrokerSource], ...] = (AlerceZtf, AlerceLsst, FinkZtf, FinkLsst, LasairZtf, LasairLsst)
BROWSERS: tuple[type[Browser], ...] = (AlerceZtfLists, AlerceLsstLists, FinkZtfLists, FinkLsstLists)
KEYS: tuple[str, ...] = tuple(broker.key for broker in BROKERS)


def sources(settings: Settings, *, base_urls: Mapping[str, str] | None = None) -> dict[str, BrokerSource]:
    """The brokers that the settings allow, by key, in the order of `BROKERS`.

    base_urls : loopback addresses that stand in for brokers, by key; for tests, and settable only by code.
    Raises BadInput for an unknown key in the settings, ValueError for an address that is not loopback.
    """
    unknown = [key for key in settings.brokers if key not in KEYS]
    if unknown:
        raise BadInput("settings", f"unknown broker {', '.join(unknown)}; known are {', '.join(KEYS)}")
    replacements = base_urls or {}
    timeouts = Timeouts(settings.connect_timeout, settings.read_timeout, settings.total_timeout)
    return {
        broker.key: broker(
            base_url=replacements.get(broker.key),
            timeouts=timeouts,
            max_bytes=int(settings.max_answer_mb * 1e6),
            token=_token(settings, broker),
        )
        for broker in BROKERS
        if not settings.brokers or broker.key in settings.brokers
    }


def cached_sources(
    settings: Settings, *, base_urls: Mapping[str, str] | None = None, cache: ObjectCache | None = None
) -> dict[str, CachedSource]:
    """The same brokers, each keeping the last good copy of every object it gave.

    cache : shared by all of them; built from ``cache_dir`` and ``cache_mb`` when None. Build this once per server,
    so that two sessions asking for one object wait for one answer.
    """
    shared = cache or ObjectCache(settings.cache_dir / "objects", max_bytes=int(settings.cache_mb * 1e6))
    return {key: CachedSource(source, shared) for key, source in sources(settings, base_urls=base_urls).items()}


def browsers(settings: Settings, *, base_urls: Mapping[str, str] | None = None) -> dict[str, Browser]:
    """The brokers that can be searched, of those that the settings allow, by the key of their light curves.

    base_urls : as for `sources`.
    """
    replacements = base_urls or {}
    timeouts = Timeouts(settings.connect_timeout, settings.read_timeout, settings.total_timeout)
    return {
        browser.key: browser(
            base_url=replacements.get(browser.key), timeouts=timeouts, max_bytes=int(settings.max_answer_mb * 1e6)
        )
        for browser in BROWSERS
        if not settings.brokers or browser.key in settings.brokers
    }


def _token(settings: Settings, broker: type[BrokerSource]) -> str:
    own = {"lasair-ztf": settings.lasair_ztf_token, "lasair-lsst": settings.lasair_lsst_token}
    return (own[broker.key] or settings.lasair_token) if broker.key in own else ""
