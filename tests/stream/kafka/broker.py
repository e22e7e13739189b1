"""One node of Apache Kafka on loopback: ``make kafka``, or ``python -m tests.stream.kafka.broker --port 9092``.

KRaft, broker and controller in one process, data in a folder that goes with it. For tests and for trying things out.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from stream.maven import jars, java

_JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
num.partitions=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# A killed worker leaves no word; this is how soon the broker gives its partitions to another.
group.min.session.timeout.ms=1000
"""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A broker that can be started, killed without warning, and started again with its data.

    Raises stream.maven.NoMaven when Java or the packages can't be had.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        paths = ":".join(map(str, jars(Path(__file__).with_name("pom.xml"), "kafka")))
        self._java = [java(), *_JVM, "-cp", paths]
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "server.properties"
        self._config.write_text(_PROPERTIES.format(port=self.port, controller=free_port(), folder=folder))
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        call = [*self._java, "kafka.tools.StorageTool", "format", "-t", name, "-c", str(self._config)]
        subprocess.run(call, check=True, capture_output=True, timeout=120)

    def start(self, seconds: float = 90.0) -> None:
        """Start and wait until it takes connections and has a leader for its topics."""
        with (self._folder / "log").open("ab") as log:
            call = [*self._java, "kafka.Kafka", str(self._config)]
            self._process = subprocess.Popen(call, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + seconds
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Kafka did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.2)

    def kill(self) -> None:
        """As a power cut."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0):
                return True
        except OSError:
            return False

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def main() -> None:
    """Run a broker until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.stream.kafka.broker", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--port", type=int, default=9092)
    folder = Path(tempfile.mkdtemp(prefix="t2scope-kafka-"))
    broker = Broker(folder, parser.parse_args().port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        broker.start()
        print(f"Apache Kafka listens on {broker.address}; Ctrl-C ends it and removes its data")
        broker.wait()
    except KeyboardInterrupt:
        pass
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
