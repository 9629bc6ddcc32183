"""The metrics of a run that asks for them, on their way to CloudWatch. Not an operation.

https://docs.aws.amazon.com/glue/latest/dg/monitoring-awsglue-with-cloudwatch-metrics.html
Each is put down twice: for the run, and for ALL runs of the job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from lakebed.context import Caller
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.services.glue._jobs import JobRun

log = logging.getLogger("lakebed.jobs")

ENABLE = "--enable-metrics"
_NAMESPACE = "Glue"
_ALL = "ALL"
_UNITS: Mapping[str, str] = {
    "bytesRead": "Bytes",
    "shuffleBytesWritten": "Bytes",
    "shuffleLocalBytesRead": "Bytes",
    "elapsedTime": "Milliseconds",
    "used": "Bytes",
    "usage": "Percent",
    "cpuSystemLoad": "Percent",
    "diskSpaceUsed_MB": "Megabytes",
}
"""Units by the last part of a metric's name; what is not here is counted."""


class JobMetrics:
    """What a run's program measured; put down one after the other, as the job's role."""

    def __init__(
        self, caller: Caller, clock: Clock, row: JobRun, say: Callable[[str], None]
    ) -> None:
        self._caller = caller
        self._clock = clock
        self._row = row
        self._say = say
        self._last: asyncio.Future[None] | None = None
        self._has_said = False

    def measured(self, counts: Mapping[str, float], gauges: Mapping[str, float]) -> None:
        """Put numbers down; it never waits."""
        time = self._clock.now()
        data = [
            _datum(self._row, name, run, kind, value, time)
            for kind, values in (("count", counts), ("gauge", gauges))
            for name, value in values.items()
            for run in (self._row.id, _ALL)
        ]
        self._last = asyncio.ensure_future(self._put(self._last, data))

    async def settled(self) -> None:
        """Wait until all is put down."""
        if self._last is not None:
            await self._last

    async def _put(self, before: asyncio.Future[None] | None, data: list[Any]) -> None:
        if before is not None:
            await before
        request = {"Namespace": _NAMESPACE, "MetricData": data}
        try:
            await self._caller.call("cloudwatch", "put_metric_data", request)
        except AwsError as error:
            log.warning("metrics of %s could not be put: %s", self._row.id, error)
            if not self._has_said:
                self._has_said = True
                self._say(f"lakebed: the run's metrics could not be put: {error}")


def _datum(  # noqa: PLR0913 (what a metric is made of)
    row: JobRun, name: str, run: str, kind: str, value: float, time: float
) -> dict[str, Any]:
    dimensions = {"JobName": row.job, "JobRunId": run, "Type": kind}
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
        "Timestamp": time,
        "Value": float(value),
        "Unit": _UNITS.get(name.rpartition(".")[2], "Count"),
    }
