"""Measures a Spark job that asks for it: what Spark itself counts, told to the server.

Every 30 seconds and at the end; counts are what was added since the last time. The numbers are
those of Spark's status store (what its REST interface answers), the heap's are the JVM's own.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lakebed_job import Channel
from py4j.java_gateway import JavaGateway
from pyspark import SparkContext

SECONDS = 30.0
_COUNTS = {
    "bytesRead": "inputBytes",
    "recordsRead": "inputRecords",
    "numCompletedTasks": "numCompleteTasks",
    "numFailedTasks": "numFailedTasks",
    "numKilledTasks": "numKilledTasks",
    "shuffleBytesWritten": "shuffleWriteBytes",
    "shuffleLocalBytesRead": "shuffleLocalBytesRead",
}
"""Glue's names and those of Spark's stages."""
_STAT = Path("/proc/stat")


class Measures:
    """What a job did so far, over all contexts that its script had."""

    def __init__(self, gateway: JavaGateway, channel: Channel) -> None:
        self._gateway = gateway
        self._channel = channel
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._stages: dict[tuple[str, int, int], dict[str, int]] = {}
        self._told: dict[str, float] = {}
        self._began = time.monotonic()
        self._disk = 0.0
        self._is_local = True
        self._processor = _processor_times()

    def start(self) -> None:
        """Measure from now on; a context that the script stops is looked at before."""
        stop = SparkContext.stop

        def stop_measured(context: SparkContext) -> None:
            self._look()
            stop(context)

        SparkContext.stop = stop_measured
        threading.Thread(target=self._tell_on, name="measures", daemon=True).start()

    def end(self) -> None:
        """Measure for the last time."""
        self._over.set()
        self._tell()

    def _tell_on(self) -> None:
        while not self._over.wait(SECONDS):
            self._tell()

    def _tell(self) -> None:
        self._look()
        with self._lock:
            counts, gauges = self._counts(), self._gauges()
            added = {name: value - self._told.get(name, 0) for name, value in counts.items()}
            self._told = counts
        self._channel.tell("measured", counts=added, gauges=gauges)

    def _look(self) -> None:
        """Take what the script's context counted until now, if it has one."""
        context = SparkContext._active_spark_context
        if context is None or context._jsc is None:
            return
        try:
            self._take(context)
        except Exception as error:  # noqa: BLE001 - a job does not fail because it is measured.
            sys.stderr.write(f"lakebed: the job could not be measured: {error}\n")

    def _take(self, context: SparkContext) -> None:
        jvm, spark = self._gateway.jvm, context._jsc.sc()
        spark.listenerBus().waitUntilEmpty()
        nothing = jvm.java.util.ArrayList()
        ranks = self._gateway.new_array(jvm.double, 0)
        store = spark.statusStore()
        writer = jvm.org.apache.spark.status.api.v1.JacksonMessageWriter().mapper()
        stages = writer.writeValueAsString(store.stageList(nothing, False, False, ranks, nothing))
        executors = json.loads(writer.writeValueAsString(store.executorList(False)))
        with self._lock:
            # Spark forgets old stages: what they counted is kept here.
            for stage in json.loads(stages):
                counted = {name: stage[theirs] for name, theirs in _COUNTS.items()}
                counted["numCompletedStages"] = int(stage["status"] == "COMPLETE")
                key = (context.applicationId, stage["stageId"], stage["attemptId"])
                self._stages[key] = counted
            self._disk = sum(one["diskUsed"] for one in executors) / (1 << 20)
            self._is_local = context.master.startswith("local")

    def _counts(self) -> dict[str, float]:
        names = (*_COUNTS, "numCompletedStages")
        found: dict[str, float] = {
            f"glue.driver.aggregate.{name}": sum(one[name] for one in self._stages.values())
            for name in names
        }
        elapsed = round((time.monotonic() - self._began) * 1000)
        found["glue.driver.aggregate.elapsedTime"] = elapsed
        return found

    def _gauges(self) -> dict[str, float]:
        """Return what is so at the moment; without a JVM that answers, nothing."""
        try:
            machine = self._gateway.jvm.java.lang.Runtime.getRuntime()
            used, most = machine.totalMemory() - machine.freeMemory(), machine.maxMemory()
        except Exception as error:  # noqa: BLE001 - it may have ended, which the run says.
            sys.stderr.write(f"lakebed: the heap could not be measured: {error}\n")
            return {}
        heap = {"jvm.heap.used": float(used), "jvm.heap.usage": used / most}
        load = self._load()
        if load is not None:
            heap["system.cpuSystemLoad"] = load
        found = {f"glue.driver.{name}": value for name, value in heap.items()}
        if self._is_local:
            # The driver is the only executor there is.
            found |= {f"glue.ALL.{name}": value for name, value in heap.items()}
        found["glue.driver.BlockManager.disk.diskSpaceUsed_MB"] = self._disk
        return found

    def _load(self) -> float | None:
        """Return which part of the machine's processors was busy since the last time."""
        before, now = self._processor, _processor_times()
        self._processor = now
        if before is None or now is None or now[1] <= before[1]:
            return None
        return max(0.0, min(1.0, (now[0] - before[0]) / (now[1] - before[1])))


def _processor_times() -> tuple[int, int] | None:
    """Return how long all processors were busy, and in all; None where Linux does not say."""
    if not _STAT.exists():
        return None
    times = [int(word) for word in _STAT.read_text().splitlines()[0].split()[1:9]]
    return sum(times) - times[3] - times[4], sum(times)


def measured(job: dict[str, Any], gateway: JavaGateway, channel: Channel) -> Measures | None:
    """Begin to measure a job that asks for it."""
    if not job["is_measured"]:
        return None
    measures = Measures(gateway, channel)
    measures.start()
    return measures
