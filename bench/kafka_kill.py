"""Kill the Kafka worker and the broker in turn while alerts are scored, and count what is lost: nothing may be.

``python -m bench.kafka_kill --alerts 100000 --kills 10`` runs a real Apache Kafka broker on loopback (Java and
Maven needed), fills a topic with real alerts that each have an alert id of their own, and kills with SIGKILL at random
moments. At the end every alert id must have its row, and rows of the same key must be equal. Writes JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from stream.messages import Message
from tests.stream.kafka import harness
from tests.stream.kafka.broker import Broker
from tests.stream.packets import alert_id, poison, real_message

SEED = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; exit code 0 when nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.kafka_kill", description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--poison", type=float, default=0.01, help="share of messages that can't be read")
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/kafka_kill.json"))
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="t2scope-kill-") as folder:
        result = run(options, Path(folder))
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0 if result["lost"] == result["strangers"] == result["contradictions"] == 0 else 1


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Fill, kill, read back."""
    broker = Broker(folder / "broker")
    broker.start()
    try:
        harness.make_topics(broker.address, [harness.IN, harness.OUT, harness.DEAD])
        generator = random.Random(SEED)
        bad = set(generator.sample(range(options.alerts), round(options.poison * options.alerts)))
        harness.fill(broker.address, harness.IN, messages(options.alerts, bad))
        clock = time.monotonic()
        with harness.WorkerProcess(
            broker.address, folder, "--idle-exit", "8", "--timeout", "120", model=options.model
        ) as worker:
            kills = kill_in_turn(broker, worker, options, generator)
            worker_ended = worker.wait(3600)
        seconds = time.monotonic() - clock
        assert worker_ended == 0, worker.said()[-2000:]
        rows = [m for m, _ in harness.read_all(broker.address, harness.OUT, 600)]
        dead = harness.read_all(broker.address, harness.DEAD, 600)
        return {**verdict(rows, dead, options.alerts, bad), "kills": kills, "seconds": round(seconds, 1)}
    finally:
        broker.stop()


def messages(number: int, bad: set[int]) -> Iterator[bytes]:
    """Real alerts, each with its own id, and poison where ``bad`` says."""
    kinds = [value for value in poison().values() if value]
    return (kinds[i % len(kinds)] if i in bad else real_message(i)[0] for i in range(number))


def kill_in_turn(
    broker: Broker, worker: harness.WorkerProcess, options: argparse.Namespace, generator: random.Random
) -> list[dict[str, object]]:
    """Kill worker, broker, worker, … at random shares of the way; each is started again at once."""
    worker.start()
    kills = []
    shares = sorted(generator.uniform(0.02, 0.95) for _ in range(options.kills))
    for number, share in enumerate(shares):
        while (written := harness.length(broker.address, harness.OUT)) < share * options.alerts:
            assert worker.process is not None and worker.process.poll() is None, worker.said()[-2000:]
            time.sleep(0.1)
        time.sleep(generator.uniform(0.0, 1.0))
        who = "broker" if number % 2 else "worker"
        (broker if number % 2 else worker).kill()
        (broker if number % 2 else worker).start()
        kills.append({"killed": who, "rows_written": written})
        print(f"killed the {who} after {written:,} rows", file=sys.stderr)
    return kills


def verdict(
    rows: Sequence[Message], dead: Sequence[tuple[Message, dict[str, str]]], alerts: int, bad: set[int]
) -> dict[str, object]:
    """What is there against what has to be."""
    by_key: dict[bytes, set[bytes]] = {}
    for message in rows:
        by_key.setdefault(message.key or b"", set()).add(message.value or b"")
    expected = {alert_id(i) for i in range(alerts) if i not in bad}
    found = {json.loads(key)[1] for key in by_key}
    places = Counter((heads["source_partition"], heads["source_offset"]) for _, heads in dead)
    return {
        "alerts": alerts,
        "good": len(expected),
        "rows_after_dedup": len(by_key),
        "rows_written": len(rows),
        "lost": len(expected - found) + len(bad) - len(places),
        "strangers": len(found - expected),
        "contradictions": sum(not _agree(values) for values in by_key.values()),
        "poisoned": len(bad),
        "dead_letters_after_dedup": len(places),
        "dead_letters_written": len(dead),
    }


def _agree(values: set[bytes]) -> bool:
    """Whether rows of one key say the same, to what another batch may change in the last digits."""
    first, *others = [json.loads(value) for value in values]
    numbers = [name for name in first if name.startswith("p_") and first[name] is not None]
    rest = [name for name in first if not name.startswith("p_")]
    return all(
        all(abs(first[n] - row[n]) < 1e-6 for n in numbers) and all(first[n] == row[n] for n in rest) for row in others
    )


if __name__ == "__main__":
    sys.exit(main())
