"""Puts objects into a destination's bucket: delivered ones, failed ones, sources as they came.

https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lakebed.context import Caller
from lakebed.core.bodies import Spooled
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.core.ids import Ids
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.engines.delivery import CONVERSION_FAILED, Failure, Part, Record
from lakebed.engines.delivery.compression import SUFFIXES, compressed
from lakebed.services.firehose import _prefixes
from lakebed.services.firehose.model import DeliveryStream


class House(msgspec.Struct, frozen=True):
    """What of the server a delivery needs besides its caller."""

    settings: Settings
    clock: Clock
    ids: Ids
    engines: Engines


class DeliveryError(Exception):
    """A destination did not take what it was given: it is tried again, if that could help.

    `done` are the parts of it (tables) that took theirs, which are left out when it is tried again;
    `failures` are then the records that are left. `log` is where it is said, if not in the stream's
    own log: a bucket may have one.
    """

    def __init__(  # noqa: PLR0913 (a record of what is known: all past the sentence is by keyword)
        self,
        code: str,
        message: str,
        *,
        is_retried: bool = True,
        done: tuple[str, ...] = (),
        failures: tuple[Failure, ...] = (),
        log: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.is_retried = is_retried
        self.done = done
        self.failures = failures
        self.log = log


class Target(msgspec.Struct, frozen=True):
    """A bucket as a destination of a stream describes it, and how it is reached."""

    caller: Caller
    house: House
    stream: DeliveryStream
    s3: Mapping[str, Any]

    def moment(self, arrival: int, error_type: str = "") -> _prefixes.Moment:
        """Return what the prefix of an object is evaluated for."""
        at = _prefixes.moment(arrival, self.s3.get("CustomTimeZone", ""), self.house.ids.token)
        return msgspec.structs.replace(at, error_type=error_type)

    def name(self, at: _prefixes.Moment) -> str:
        """Return a new name for an object."""
        stream = self.stream
        return _prefixes.suffix(stream.name, stream.version, at, self.house.ids.uuid())


async def put_part(target: Target, part: Part, name: str, extension: str) -> str:
    """Put an object of records below its prefix, and return its key."""
    at = target.moment(part.oldest)
    prefix = _prefixes.evaluated(target.s3.get("Prefix", ""), at, part.keys)
    key = f"{prefix}{name}{extension}"
    await put(target, key, part.data)
    return key


async def put_source(target: Target, records: Sequence[Record]) -> None:
    """Put records as they came."""
    oldest = min(record.arrival for record in records)
    name = target.name(target.moment(oldest))
    kind = target.s3["CompressionFormat"]
    data = b"".join(record.data for record in records)
    packed = await asyncio.to_thread(compressed, kind, data, name)
    await put_part(target, Part({}, packed, oldest, len(records)), name, SUFFIXES.get(kind, ""))


async def put_failures(
    target: Target,
    failures: Sequence[Failure],
    table: Mapping[str, Any] | None = None,
    beside: str = "",
) -> None:
    """Put what could not be treated below the error prefix: an object for each kind of error.

    `beside` is a prefix of its own, which stands before.

    https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html
    """
    for kind in sorted({failure.kind for failure in failures}):
        found = [failure for failure in failures if failure.kind == kind]
        oldest = min(failure.record.arrival for failure in found)
        at = target.moment(oldest, kind)
        prefix = _prefixes.evaluated_error(
            target.s3.get("Prefix", ""), target.s3.get("ErrorOutputPrefix", ""), at
        )
        if beside:
            prefix = _prefixes.written(beside, at) + prefix
        now = int(target.house.clock.now() * 1000)
        shown = [_shown(one, now, table) for one in found]
        lines = "".join(json.dumps(line) + "\n" for line in shown).encode()
        name, packing = target.name(at), target.s3["CompressionFormat"]
        data = await asyncio.to_thread(compressed, packing, lines, name)
        await put(target, f"{prefix}{name}{SUFFIXES.get(packing, '')}", data)


def _shown(failure: Failure, now: int, table: Mapping[str, Any] | None) -> dict[str, Any]:
    record = failure.record
    is_conversion = failure.kind == CONVERSION_FAILED
    code, message = (
        ("ErrorCode", "ErrorMessage") if is_conversion else ("errorCode", "errorMessage")
    )
    shown: dict[str, Any] = {
        "attemptsMade": 1,
        "arrivalTimestamp": record.arrival,
        code: failure.code,
        message: failure.message,
        "attemptEndingTimestamp": now,
        "rawData": base64.b64encode(record.data).decode(),
    }
    if record.sequence_number:
        shown["sequenceNumber"] = record.sequence_number
        shown["subSequenceNumber"] = record.sub_sequence_number
    if is_conversion and table is not None:
        shown["dataCatalogTable"] = table
    return shown


async def put(target: Target, key: str, data: bytes) -> None:
    """Put an object; DeliveryError where the bucket does not take it."""
    settings = target.house.settings
    scratch = settings.state_dir / "queries" / f"firehose-{target.house.ids.token()}"
    body = await asyncio.to_thread(_spooled, scratch, data)
    request: dict[str, Any] = {
        "Bucket": target.s3["BucketARN"].rpartition(":")[2],
        "Key": key,
        "Body": body,
        "ContentType": "application/octet-stream",
    }
    encryption = target.s3["EncryptionConfiguration"].get("KMSEncryptionConfig")
    if encryption is not None:
        request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption["AWSKMSKeyARN"]}
    try:
        await target.caller.call("s3", "put_object", request)
    except AwsError as error:
        options = target.s3["CloudWatchLoggingOptions"]
        own = options if options.get("Enabled") else None
        raise DeliveryError(f"S3.{error.code}", error.message, log=own) from error
    finally:
        scratch.unlink(missing_ok=True)


def _spooled(path: Path, data: bytes) -> Spooled:
    """Return bytes in the form of a received body. For a thread."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    path.write_bytes(data)
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Spooled(path, len(data), {"md5": digest})
