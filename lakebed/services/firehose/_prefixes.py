"""Prefixes of delivered objects: what may stand in them, and what they are for a buffer.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import DELIVERY_PREFIX_CHARACTERS_MAX
from lakebed.services.firehose import _dates

TIMESTAMP = "timestamp"
FIREHOSE = "firehose"
FROM_QUERY = "partitionKeyFromQuery"
FROM_LAMBDA = "partitionKeyFromLambda"
_NAMESPACES = (TIMESTAMP, FIREHOSE, FROM_QUERY, FROM_LAMBDA)
_ERROR_TYPE = "error-output-type"
_RANDOM = "random-string"
_EXPRESSION = re.compile(r"!\{([^:{}]*):((?:'[^']*'|[^'}])*)\}")
_DEFAULT = "yyyy/MM/dd/HH/"
_RANDOM_CHARACTERS = 11
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def invalid(message: str) -> AwsError:
    """Return the error of a request that cannot be taken as it is."""
    return AwsError("InvalidArgumentException", message)


class Expression(msgspec.Struct, frozen=True):
    """`!{namespace:value}`."""

    namespace: str
    value: str


class Moment(msgspec.Struct, frozen=True):
    """What expressions are about: a time in a zone, a source of random text, the error's type."""

    at: datetime
    random: Callable[[], str]
    error_type: str = ""


def moment(arrival_ms: int, zone: str, token: Callable[[int], str]) -> Moment:
    """Return the moment of a buffer whose oldest record came at a time."""
    where: tzinfo = ZoneInfo(zone or "UTC")
    at = datetime.fromtimestamp(arrival_ms / 1000, where)
    return Moment(at, lambda: _random(token))


def _random(token: Callable[[int], str]) -> str:
    """Return 11 letters and digits, as AWS's random strings have."""
    number = int(token(128), 16)
    text = ""
    for _ in range(_RANDOM_CHARACTERS):
        number, at = divmod(number, len(_ALPHABET))
        text += _ALPHABET[at]
    return text


def parts(prefix: str) -> list[str | Expression]:
    """Return the texts and expressions of a prefix; InvalidArgumentException where it is none."""
    found = list(_parts(prefix))
    for part in found:
        if isinstance(part, str):
            if "!{" in part:
                raise invalid(f"Invalid expression in the prefix: {prefix}")
        else:
            _check(part)
    return found


def _parts(prefix: str) -> Iterator[str | Expression]:
    at = 0
    for match in _EXPRESSION.finditer(prefix):
        if match.start() > at:
            yield prefix[at : match.start()]
        yield Expression(match[1], match[2])
        at = match.end()
    if at < len(prefix):
        yield prefix[at:]


def _check(part: Expression) -> None:
    if part.namespace not in _NAMESPACES:
        raise invalid(f"Invalid namespace in the prefix expression: {part.namespace}")
    if part.namespace == FIREHOSE and part.value not in (_ERROR_TYPE, _RANDOM):
        raise invalid(f"Invalid value of the firehose namespace: {part.value}")
    if part.namespace == TIMESTAMP:
        try:
            if _dates.ZONE_NAME in _dates.items(part.value):
                raise NotBuiltError("firehose", "CreateDeliveryStream", "names of zones (zzzz)")
        except _dates.PatternError as error:
            raise invalid(f"Invalid timestamp pattern {part.value}: {error}") from error
    if not part.value:
        raise invalid(f"The prefix expression of the namespace {part.namespace} has no value.")


def check_prefixes(prefix: str, error_prefix: str | None, *, is_partitioned: bool) -> None:
    """Refuse what AWS refuses of the two prefixes of a destination."""
    expressions = _expressions(prefix)
    if any(_is_error_type(part) for part in expressions):
        raise invalid("Prefix cannot contain !{firehose:error-output-type}")
    if expressions and not error_prefix:
        raise invalid("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.")
    keyed = any(part.namespace in (FROM_QUERY, FROM_LAMBDA) for part in expressions)
    if keyed and not is_partitioned:
        message = "Prefix uses a partition key namespace, but dynamic partitioning is not enabled."
        raise invalid(message)
    if is_partitioned and not keyed:
        message = (
            "Prefix must contain at least one partition key expression when dynamic "
            "partitioning is enabled."
        )
        raise invalid(message)
    in_errors = _expressions(error_prefix or "")
    if any(part.namespace in (FROM_QUERY, FROM_LAMBDA) for part in in_errors):
        raise invalid("ErrorOutputPrefix cannot contain partition key namespaces.")
    if in_errors and not any(_is_error_type(part) for part in in_errors):
        message = "ErrorOutputPrefix must contain at least one !{firehose:error-output-type}"
        raise invalid(message)


def _expressions(prefix: str) -> list[Expression]:
    return [part for part in parts(prefix) if isinstance(part, Expression)]


def _is_error_type(part: Expression) -> bool:
    return (part.namespace, part.value) == (FIREHOSE, _ERROR_TYPE)


def query_keys(prefix: str) -> set[str]:
    """Return the names of the partition keys that a prefix takes from queries."""
    return {part.value for part in _expressions(prefix) if part.namespace == FROM_QUERY}


class MissingKeyError(ValueError):
    """A prefix names a partition key that a record does not have."""


def evaluated(prefix: str, at: Moment, keys: Mapping[str, str]) -> str:
    """Return a prefix for a buffer: with the default time behind it if it has no expressions.

    A leading slash stays; above 512 characters it is cut, which AWS does not say anything about.
    """
    found = parts(prefix)
    text = "".join(part if isinstance(part, str) else _value(part, at, keys) for part in found)
    if all(isinstance(part, str) for part in found):
        text += _dates.written(_DEFAULT, at.at)
    return text[:DELIVERY_PREFIX_CHARACTERS_MAX]


def written(prefix: str, at: Moment) -> str:
    """Return a prefix that nothing is put behind."""
    return "".join(
        part if isinstance(part, str) else _value(part, at, {}) for part in parts(prefix)
    )


def evaluated_error(prefix: str, error_prefix: str, at: Moment) -> str:
    """Return the error prefix for a buffer: the type of error, then the time, if not said else."""
    if _expressions(error_prefix):
        return evaluated(error_prefix, at, {})
    # Without an own one the prefix has no expressions either.
    text = (error_prefix or prefix) + f"{at.error_type}/" + _dates.written(_DEFAULT, at.at)
    return text[:DELIVERY_PREFIX_CHARACTERS_MAX]


def _value(part: Expression, at: Moment, keys: Mapping[str, str]) -> str:
    if part.namespace == TIMESTAMP:
        return _dates.written(part.value, at.at)
    if part.namespace == FIREHOSE:
        return at.error_type if part.value == _ERROR_TYPE else at.random()
    if part.value not in keys:
        raise MissingKeyError(part.value)
    return keys[part.value]


def suffix(stream: str, version: int, at: Moment, unique: str) -> str:
    """Return the name of an object below its prefix, without an extension.

    https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
    """
    return f"{stream}-{version}-{at.at:%Y-%m-%d-%H-%M-%S}-{unique}"
