"""Ask every broker for one known object, and say who answers, how fast, and which fields have gone.

``python -m core.brokers.doctor``. Ends well when offline: that brokers can't be reached is a finding, not a failure.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core.brokers.base import BrokerError, NeedsToken, NotFound
from core.brokers.endpoint import Endpoint
from core.brokers.http import Timeouts
from core.brokers.registry import sources
from core.brokers.rows import FIELDS_CHECKED, missing_fields, rows_in
from core.brokers.source import BrokerSource
from core.settings import Settings, read_settings

#: A doctor waits less than a page: who is slower than this is reported as slow.
TIMEOUTS = Timeouts(connect=3.0, read=8.0, total=10.0)


@dataclass(frozen=True)
class EndpointReport:
    """What one endpoint did when asked for ``object_id``.

    key : of the source. state : ``answers``, ``fields missing``, ``no rows``, ``needs a token`` or ``fails``.
    seconds : until the answer or the failure. rows : how many came. missing : fields that are read but occur in no
    row. message : the sentence for a person, "" when all is well.
    """

    key: str
    endpoint: str
    url: str
    object_id: str
    state: str
    seconds: float
    rows: int = 0
    missing: tuple[str, ...] = ()
    message: str = ""

    @property
    def is_well(self) -> bool:
        """The endpoint answered, with all fields."""
        return self.state == "answers"


def check_all(
    settings: Settings, *, base_urls: Mapping[str, str] | None = None, timeouts: Timeouts = TIMEOUTS
) -> list[EndpointReport]:
    """One report for each endpoint of each allowed broker, in the order of the registry; all are asked at once."""
    known = sources(settings, base_urls=base_urls)
    probes = [(source, endpoint) for source in known.values() for endpoint in source.endpoints]
    with ThreadPoolExecutor(max_workers=max(len(probes), 1)) as pool:
        return list(pool.map(lambda probe: check(*probe, timeouts=timeouts), probes))


def check(source: BrokerSource, endpoint: Endpoint, *, timeouts: Timeouts = TIMEOUTS) -> EndpointReport:
    """Ask one endpoint for the source's first example. Never raises for what a broker does."""
    oid = source.examples[0]
    url = endpoint.url(source.base_url, oid)
    started = time.monotonic()

    def report(state: str, rows: int = 0, missing: Sequence[str] = (), message: str = "") -> EndpointReport:
        seconds = time.monotonic() - started
        return EndpointReport(source.key, endpoint.name, url, oid, state, seconds, rows, tuple(missing), message)

    if endpoint.method == "POST" and not source.token:
        return report("needs a token", message=f"{source.broker} asks for a token, and none is set.")
    try:
        answer = endpoint.ask(source.fetcher(oid, timeouts), oid)
        rows = [answer] if endpoint.rows_at is None else rows_in(answer, endpoint.rows_at, broker=source.broker)
    except NeedsToken as error:
        return report("needs a token", message=error.message)
    except NotFound as error:
        return report("no rows", message=error.message)
    except BrokerError as error:
        return report("fails", message=error.message)
    if not rows:
        return report("no rows", message=f"{source.broker} answered without rows for {oid}.")
    missing = missing_fields(rows, (*endpoint.required, *endpoint.expected))
    return report("fields missing" if missing else "answers", len(rows), missing)


def table(reports: Sequence[EndpointReport]) -> str:
    """The reports as lines of text, and a last line that sums them up."""
    header = ("broker", "endpoint", "state", "seconds", "rows")
    cells = [(r.key, r.endpoint, r.state, f"{r.seconds:.2f}", str(r.rows or "-")) for r in reports]
    width = [max(len(row[i]) for row in (header, *cells)) for i in range(len(header))]
    lines = ["  ".join(text.ljust(width[i]) for i, text in enumerate(header)).rstrip()]
    for report, row in zip(reports, cells, strict=True):
        remark = f"missing: {', '.join(report.missing)}" if report.missing else report.message
        lines.append("  ".join([*(text.ljust(width[i]) for i, text in enumerate(row)), remark]).rstrip())
    well = sum(report.is_well for report in reports)
    lines += [
        "",
        f"{well} of {len(reports)} endpoints answer with all fields.",
        f"Lists of fields last compared with recorded answers and server sources: {FIELDS_CHECKED}.",
    ]
    if reports and all(report.state in ("fails", "needs a token") for report in reports):
        lines.append("No broker answered: this machine may be offline. Samples and files still work.")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; always 0, so that being offline never breaks a build."""
    parser = argparse.ArgumentParser(prog="python -m core.brokers.doctor", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--timeout", type=float, default=TIMEOUTS.total, help="seconds for each endpoint (%(default)g)")
    total = parser.parse_args(arguments).timeout
    timeouts = Timeouts(connect=min(TIMEOUTS.connect, total), read=min(TIMEOUTS.read, total), total=total)
    print(table(check_all(read_settings(), timeouts=timeouts)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
