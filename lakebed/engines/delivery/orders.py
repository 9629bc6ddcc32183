"""Carries out an order: processes records, joins them by partition, writes the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from lakebed.engines.delivery import (
    PARTITIONS_EXCEEDED,
    Failure,
    Order,
    Outcome,
    Part,
    Record,
)
from lakebed.engines.delivery.compression import compressed
from lakebed.engines.delivery.processors import Piece, ProcessingError, processor

Treated = tuple[Record, list[Piece]]


class _Gathered(msgspec.Struct):
    """The pieces of one partition, each with the record it is from, and what was found of each."""

    keys: Mapping[str, str]
    pieces: list[tuple[Record, bytes]]
    metadata: list[Mapping[str, str]]


def carry_out(order: Order) -> Outcome:
    """Do what an order says."""
    failures: list[Failure] = []
    treated = _treated(order, failures)
    gathered = _gathered(order, treated, failures)
    parts: list[Part] = []
    for group in gathered:
        parts += _parts(order, group, failures)
    return Outcome(parts, failures)


def _treated(order: Order, failures: list[Failure]) -> Iterator[Treated]:
    process = processor(order.processing)
    for record in order.records:
        try:
            yield record, process(record.data)
        except ProcessingError as error:
            failures.append(Failure(error.kind, error.code, error.message, record))


def _gathered(order: Order, treated: Iterator[Treated], failures: list[Failure]) -> list[_Gathered]:
    """Put pieces together by the partition keys they have, in the order of first sight.

    A record of which one piece finds no room among the partitions fails whole.
    """
    found: dict[tuple[tuple[str, str], ...], _Gathered] = {
        tuple(keys.items()): _Gathered(keys, [], []) for keys in order.active
    }
    for record, pieces in treated:
        wanted = {tuple(piece.keys.items()) if order.is_partitioned else () for piece in pieces}
        if len(wanted - found.keys()) + len(found) > max(1, order.partitions_max):
            failures.append(_exceeded(order, record))
            continue
        for piece in pieces:
            key = tuple(piece.keys.items()) if order.is_partitioned else ()
            held = found.get(key)
            if held is None:
                held = found[key] = _Gathered(dict(key), [], [])
            held.pieces.append((record, piece.data))
            held.metadata.append(piece.keys)
    return [group for group in found.values() if group.pieces]


def _exceeded(order: Order, record: Record) -> Failure:
    message = f"The number of active partitions exceeds the limit of {order.partitions_max}."
    code = "DynamicPartitioning.ActivePartitionLimitExceeded"
    return Failure(PARTITIONS_EXCEEDED, code, message, record)


def _parts(order: Order, group: _Gathered, failures: list[Failure]) -> Iterator[Part]:
    pieces = group.pieces
    if order.is_apart:
        records = [msgspec.structs.replace(record, data=data) for record, data in pieces]
        yield Part(group.keys, b"", _oldest(pieces), len(pieces), records, group.metadata)
        return
    if order.conversion is None:
        data = b"".join(data for _, data in pieces)
        packed = compressed(order.compression, data, order.object_name)
        yield Part(group.keys, packed, _oldest(pieces), len(pieces))
        return
    from lakebed.engines.delivery.conversion import convert

    converted, broken = convert(order.conversion, pieces)
    failures += broken
    if converted is not None:
        yield Part(group.keys, converted.data, converted.oldest, converted.count)


def _oldest(pieces: list[tuple[Record, bytes]]) -> int:
    return min(record.arrival for record, _ in pieces)
