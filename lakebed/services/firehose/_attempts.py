"""One attempt at a delivery, and what becomes of records that a destination does not take.

They wait and are tried again. An endpoint or a table has its retry duration, after which they lie
with the errors. What not even a bucket takes is lost in the end, as on AWS: after 24 hours, records
of a Kinesis stream when that would not have them any more. It is said where it happens.
https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from lakebed.context import Caller
from lakebed.core.limits import DELIVERY_KEPT_SECONDS
from lakebed.engines.delivery import Failure, Record
from lakebed.services.firehose import _destinations, _error_logs, _kinesis_source, _to_endpoints
from lakebed.services.firehose._objects import DeliveryError, House, Target
from lakebed.services.firehose.model import (
    EXTENDED_S3,
    FROM_KINESIS,
    REDSHIFT,
    DeliveryStream,
)

log = logging.getLogger("lakebed.firehose")

_BUG = "Firehose.InternalError"
_PREFIX_SECONDS = 300
_LOST = "Firehose.RecordsLost"


class End(msgspec.Struct, frozen=True):
    """How an attempt ended: whether the records may go, how many of them lie with the errors.

    `is_lost` tells that they go without having been put anywhere, `done` what of the destination
    took what is its own.
    """

    is_over: bool
    is_lost: bool = False
    failures: int = 0
    done: tuple[str, ...] = ()


class Attempt(msgspec.Struct, frozen=True):
    """An attempt at records of a stream, at a time; `failed` is when the first one was in vain."""

    caller: Caller
    house: House
    stream: DeliveryStream
    failed: float
    now: float
    records: list[Record]

    async def made(self, work: Callable[[Target], Awaitable[list[Failure]]]) -> End:
        """Do the work; what went wrong is said in the error log."""
        stream = self.stream
        target = Target(self.caller, self.house, stream, _destinations.bucket_of(stream))
        failures: list[Failure] = []
        errors: dict[str, str] = {}
        own: Mapping[str, Any] | None = None
        end = End(is_over=True)
        try:
            failures = await work(target)
            end = End(is_over=True, failures=len(failures))
        except DeliveryError as error:
            errors, own = {error.code: error.message}, error.log
            if await self._are_put_with_errors(target, error, errors):
                end = End(is_over=True)
            else:
                is_lost = await self._are_lost(errors)
                end = End(is_over=is_lost, is_lost=is_lost, done=error.done)
        except Exception as error:
            # A worker's loop: whatever the bug, the records wait and the others are delivered.
            log.exception("the delivery of %s ended by a bug", stream.name)
            errors, end = {_BUG: repr(error)}, End(is_over=False)
        errors |= {failure.code: failure.message for failure in failures}
        await _error_logs.say(self.caller, stream, self.house.clock.now(), errors, own)
        return end

    async def _are_put_with_errors(
        self, target: Target, error: DeliveryError, errors: dict[str, str]
    ) -> bool:
        """Tell whether the records lie with the errors, the time for attempts being over."""
        seconds = self._retry_seconds(error)
        if seconds is None:
            return False
        if error.is_retried and self.now - (self.failed or self.now) < seconds:
            return False
        try:
            await self._give_up(target, error)
        except DeliveryError as failure:
            errors[failure.code] = failure.message
            return False
        return True

    def _retry_seconds(self, error: DeliveryError) -> int | None:
        """Return how long records are tried again before they are put with the errors.

        None where they are not: their bucket, or that of the errors, is what does not take them.
        """
        destination = self.stream.destination
        if self.stream.destination_kind == EXTENDED_S3:
            # A prefix may be closed to the role that the errors' prefix is open to.
            options: Mapping[str, Any] = destination.get("DynamicPartitioningConfiguration") or {}
            retries: Mapping[str, Any] = options.get("RetryOptions") or {}
            given = retries.get("DurationInSeconds", _PREFIX_SECONDS)
            return int(given) if options.get("Enabled") else None
        if error.code.startswith("S3."):
            return None
        return int(destination["RetryOptions"].get("DurationInSeconds", 0))

    async def _give_up(self, target: Target, error: DeliveryError) -> None:
        if self.stream.destination_kind == REDSHIFT:
            from lakebed.services.firehose import _to_redshift

            await _to_redshift.give_up(target, self.records, error)
        else:
            await _to_endpoints.give_up(target, self.records, error)

    async def _are_lost(self, errors: dict[str, str]) -> bool:
        """Tell whether no bucket took the records for as long as they are kept."""
        newest = max(record.arrival for record in self.records) / 1000
        kept, since = DELIVERY_KEPT_SECONDS, max(newest, self.failed or self.now)
        if self.stream.kind == FROM_KINESIS:
            # They are lost when the stream they are from would not have them any more.
            kept = max(kept, await _kinesis_source.retention_seconds(self.caller, self.stream))
        if self.now - since < kept:
            return False
        count, hours = len(self.records), kept // 3600
        errors[_LOST] = f"{count} records are lost: for {hours} hours they could not be delivered."
        log.error("delivery stream %s: %s", self.stream.name, errors[_LOST])
        return True
