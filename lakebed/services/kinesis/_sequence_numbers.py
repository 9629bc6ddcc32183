"""Sequence numbers: 56 digits that grow with every record of a shard and across reshards.

They are made as AWS's look: hexadecimal digits, the most significant first, of the version, the
second its shard was made, the last digit of the shard's number, the index in the shard, a byte of
zeros, the second of the record, the shard's number, and the version once more.
"""

from __future__ import annotations

from lakebed.services.kinesis.model import Shard, invalid

INDEX_BITS = 80
"""How far to the left the index stands: what is added for the next record is `1 << INDEX_BITS`."""
_LAST_INDEX = 0x7FFF_FFFF_FFFF_FFFF
_DIGITS = 47


def first(created_s: int, shard: int) -> str:
    """Return the sequence number that a shard begins with, by its second and its number."""
    return str(number(created_s, shard, 0, created_s))


def last(created_s: int, shard: int, closed_s: int) -> str:
    """Return the sequence number that a shard ends with: above that of all its records."""
    return str(number(created_s, shard, _LAST_INDEX, closed_s))


def number(created_s: int, shard: int, index: int, second: int) -> int:
    """Return the sequence number of the record of an index, counted from 1, of a second."""
    # 1, 9, 1, 16, 2, 9, 8, 1 digits of four bits each.
    head = ((2 << 36 | created_s) << 4 | shard & 15) << 64 | index
    return ((head << 8) << 36 | second) << 36 | shard << 4 | 2


def index_of(shard: Shard, text: str) -> int:
    """Return the index, 0 being the shard's own beginning, that a number of a shard says.

    InvalidArgumentException where the number is not of this shard.
    """
    digits = f"{int(text):x}"
    known = f"2{shard.created_s:09x}{shard.number & 15:x}"
    is_ours = digits.startswith(known) and digits.endswith(f"{shard.number:08x}2")
    if len(digits) != _DIGITS or not is_ours:
        raise invalid(
            f"StartingSequenceNumber {text} used in GetShardIterator on shard {shard.id} in stream "
            f"{shard.stream} under account {shard.account} is invalid because it did not come from "
            "this stream."
        )
    return int(digits[len(known) : len(known) + 16], 16)


def is_one(text: str) -> bool:
    """Tell whether a text is a sequence number of any shard."""
    digits = f"{int(text):x}"
    return len(digits) == _DIGITS and digits[0] == digits[-1] == "2"


def of_run(shard: Shard, first_index: int, count: int, time: float) -> list[str]:
    """Return the sequence numbers of records that follow each other in a shard's log."""
    begin = number(shard.created_s, shard.number, first_index + 1, int(time))
    if count == 1:
        return [str(begin)]
    return [str(begin + (at << INDEX_BITS)) for at in range(count)]
