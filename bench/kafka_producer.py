"""Produces to Kafka with its own C client; runs in the peers' environment, prints records/s.

`kafka_producer.py ADDRESS TOPIC BATCHES FLUSHES`: FLUSHES 1 has the broker sync every message.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any

BATCH = 500
RECORD_BYTES = 1024
PARTITIONS = 4


def main() -> None:
    """Make the topic, warm up with a tenth, then measure."""
    address, topic, batches, flushes = sys.argv[1:5]
    client: Any = importlib.import_module("confluent_kafka")
    admin: Any = importlib.import_module("confluent_kafka.admin")
    config = {"flush.messages": "1"} if flushes == "1" else {}
    wanted = admin.NewTopic(topic, PARTITIONS, 1, config=config)
    topics = admin.AdminClient({"bootstrap.servers": address})
    topics.create_topics([wanted])[topic].result(30)
    producer = client.Producer({
        "bootstrap.servers": address, "acks": "1", "linger.ms": 5, "batch.num.messages": BATCH,
        "batch.size": BATCH * (RECORD_BYTES + 100), "message.max.bytes": 2_000_000,
        "queue.buffering.max.messages": 100_000, "max.in.flight": 4,
    })  # fmt: skip
    bodies = [os.urandom(RECORD_BYTES) for _ in range(BATCH)]
    _produced(producer, topic, bodies, max(int(batches) // 10, 1))
    print(_produced(producer, topic, bodies, int(batches)))


def _produced(producer: Any, topic: str, bodies: list[bytes], batches: int) -> float:
    failures: list[Any] = []

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failures.append(error)

    began = time.perf_counter()
    for turn in range(batches):
        for number, body in enumerate(bodies):
            while True:
                try:
                    key = f"{turn}-{number}"
                    producer.produce(topic, body, key=key, on_delivery=delivered)
                    break
                except BufferError:
                    producer.poll(0.01)
        producer.poll(0)
    producer.flush()
    if failures:
        raise RuntimeError(f"{len(failures)} records were not taken: {failures[0]}")
    return batches * len(bodies) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
