"""A real Kafka beside our streams: its jars by Maven, one broker in KRaft mode, its own C client.

`python -m bench.kafka FOLDER` fetches the jars; `LAKEBED_BENCH_KAFKA` then names the folder.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from bench import servers

VERSION = "4.1.1"
PARTITIONS = 4
_ARTIFACTS = (
    ("org.apache.kafka", "kafka_2.13", VERSION),
    ("org.apache.kafka", "kafka-tools", VERSION),
    ("org.slf4j", "slf4j-nop", "1.7.36"),
)
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def jars() -> Path | None:
    """Return the folder of the jars, if this machine has been told of one."""
    folder = os.environ.get("LAKEBED_BENCH_KAFKA")
    return Path(folder) if folder and shutil.which("java") else None


def fetch(folder: Path) -> None:
    """Have Maven bring the jars."""
    folder.mkdir(parents=True, exist_ok=True)
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, name, version in _ARTIFACTS
    )
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>bench</groupId><artifactId>kafka</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )
    command = ["mvn", "-q", "-B", _COPY, f"-DoutputDirectory={folder.absolute()}"]
    subprocess.run(command, check=True, cwd=folder)


class Broker:
    """A broker with a folder of its own, on the loopback address."""

    def __init__(self, runs: Path, lib: Path) -> None:
        self._folder = servers.new_folder(runs, "kafka")
        port, controller = servers.free_port(), servers.free_port()
        self.address = f"127.0.0.1:{port}"
        properties = self._folder / "server.properties"
        properties.write_text(
            "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n"
            f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
            f"listeners=PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{controller}\n"
            f"log.dirs={self._folder}/data\nnum.partitions={PARTITIONS}\n"
            "offsets.topic.replication.factor=1\nmessage.max.bytes=2000000\n"
        )
        java = ["java", "-Xmx1g", "-cp", f"{lib}/*"]
        cluster = ["-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(properties)]
        self._log = (self._folder / "server.log").open("wb")
        subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", *cluster],
            check=True, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self._process = subprocess.Popen(
            [*java, "kafka.Kafka", str(properties)], stdout=self._log, stderr=self._log
        )
        self._wait(port)

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + servers.READY_SECONDS_MAX
        while time.monotonic() < deadline:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("Kafka did not start; its server.log says why")

    def records_a_second(self, topic: str, batches: int, *, flushes: bool) -> float:
        """Produce batches of 500 records of 1 KB, acknowledged by the broker (`acks=1`)."""
        python = servers.PEERS / "bin" / "python"
        script = Path(__file__).with_name("kafka_producer.py")
        asked = [self.address, topic, str(batches), "1" if flushes else "0"]
        done = subprocess.run(
            [str(python), str(script), *asked], check=True, stdout=subprocess.PIPE, text=True
        )
        return float(json.loads(done.stdout))

    def stop(self) -> None:
        """End it and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(servers.STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
