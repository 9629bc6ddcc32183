"""Delivers to Redshift, which is a PostgreSQL here: objects first, then their rows by COPY.

The object is put once; what is tried again is the load. After the retry duration the object is
skipped, and a manifest below `errors/manifests/` names it, for a COPY by hand.
https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""

from __future__ import annotations

import json

import msgspec

from lakebed.engines.delivery import Failure, Order, Outcome, Record
from lakebed.engines.delivery.compression import SUFFIXES
from lakebed.engines.delivery.copy_options import parse
from lakebed.engines.jdbc import Login
from lakebed.engines.jdbc.loading import Load, LoadError, load
from lakebed.services.firehose import _objects, _prefixes, _processing, _redshift, _secrets
from lakebed.services.firehose._destinations import secret_of
from lakebed.services.firehose._objects import DeliveryError, Target
from lakebed.services.firehose._to_s3 import outcome_of

_SCHEME = "s3://"


async def deliver(target: Target, records: list[Record], done: tuple[str, ...]) -> list[Failure]:
    """Deliver records, and return those that could not be processed, which lie with the errors.

    DeliveryError where the database does not take them; `done` are the objects that are there.
    """
    name = target.name(target.moment(min(record.arrival for record in records)))
    processing = _processing.processing_of(target.stream.destination)
    packing = target.s3["CompressionFormat"]
    order = Order(records, processing, compression=packing, object_name=name)
    outcome = await outcome_of(order)
    placed = tuple(one for one in done if one.startswith(_SCHEME))
    failures: list[Failure] = []
    if not placed:
        failures = outcome.failures
        placed = await _placed(target, records, outcome, f"{name}{SUFFIXES.get(packing, '')}")
    for part in outcome.parts:
        try:
            await load(await _job(target, part.data))
        except LoadError as error:
            raise DeliveryError(f"Redshift.{error.code}", str(error), done=placed) from error
        except DeliveryError as error:
            raise DeliveryError(error.code, error.message, done=placed) from error
    return failures


async def _placed(
    target: Target, records: list[Record], outcome: Outcome, name: str
) -> tuple[str, ...]:
    """Put the objects of a delivery, and return where those are that are loaded."""
    await _objects.put_failures(target, outcome.failures)
    if target.stream.destination["S3BackupMode"] == "Enabled":
        backup = target.stream.destination["S3BackupDescription"]
        await _objects.put_source(msgspec.structs.replace(target, s3=backup), records)
    bucket = target.s3["BucketARN"].rpartition(":")[2]
    keys = [await _objects.put_part(target, part, name, "") for part in outcome.parts]
    return tuple(f"{_SCHEME}{bucket}/{key}" for key in keys)


async def _job(target: Target, data: bytes) -> Load:
    destination = target.stream.destination
    command = destination["CopyCommand"]
    return Load(
        _redshift.endpoint_of(destination["ClusterJDBCURL"]),
        await _login(target),
        command["DataTableName"],
        _redshift.columns_of(command),
        parse(command.get("CopyOptions", "")),
        data,
    )


async def _login(target: Target) -> Login:
    secret = await _secrets.members(target, ("username", "password"))
    if secret is not None:
        return Login(secret[0], secret[1])
    return Login(
        target.stream.destination["Username"], secret_of(target.house.settings, target.stream)
    )


async def give_up(target: Target, records: list[Record], error: DeliveryError) -> None:
    """Put a manifest of the objects whose rows are not loaded."""
    at = target.moment(min(record.arrival for record in records))
    entries = [{"url": url, "mandatory": True} for url in error.done]
    prefix = _prefixes.written(target.s3.get("Prefix", ""), at)
    folder = f"{prefix}errors/manifests/{at.at:%Y/%m/%d/%H}/"
    data = json.dumps({"entries": entries}).encode()
    await _objects.put(target, f"{folder}{target.name(at)}", data)
