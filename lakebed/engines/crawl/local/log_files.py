"""Logs of servers, told by Grok patterns: Apache, Linux, Microsoft's IIS, Ruby, Squid, Redis.

AWS names the classifications and says that they are found "through a grok pattern"; the patterns of
Apache's logs are in its guide (COMMONAPACHELOG, COMBINEDAPACHELOG), the others, with the names of
their columns, are ours. The table's SerDe is GrokSerDe, with the pattern as its `input.format`.
https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import takewhile

import msgspec

from lakebed.engines.crawl import Column, Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source

LINES_MAX = 200
"""Lines that are tried: a pattern costs more than a cut at a comma."""
MATCHING_SHARE = 0.9
HEAD_LINES_MAX = 20
_FIELD = re.compile(r"%\{\w+:([^:}]+)(?::(\w+))?\}")
_TYPES = {
    "byte": "tinyint",
    "boolean": "boolean",
    "double": "double",
    "short": "smallint",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "string": "string",
}
APACHE = (
    r"%{IPORHOST:clientip} %{USER:ident} %{USER:auth} \[%{HTTPDATE:timestamp}\] "
    r'"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" '
    r"%{NUMBER:response} (?:%{NUMBER:bytes}|-)"
)

COMBINED_APACHE = APACHE + " %{QS:referrer} %{QS:agent}"


class LogFormat(msgspec.Struct, frozen=True):
    """A built-in log classifier: what its first line begins with, its pattern and own patterns.

    Lines that begin with `skip` do not count.
    """

    classification: str
    opening: re.Pattern[bytes]
    pattern: str
    custom: str = ""
    skip: str = ""


FORMATS = (
    LogFormat(
        "combined_apache",
        re.compile(rb"\S+ \S+ \S+ \[\d"),
        COMBINED_APACHE,
    ),
    LogFormat("apache", re.compile(rb"\S+ \S+ \S+ \[\d"), APACHE + "$"),
    LogFormat(
        "linux_kernel",
        re.compile(rb"[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d "),
        r"%{SYSLOGTIMESTAMP:timestamp} %{SYSLOGHOST:logsource} "
        r"%{PROG:program}(?:\[%{POSINT:pid}\])?: %{GREEDYDATA:message}",
    ),
    LogFormat(
        "microsoft_log",
        re.compile(rb"[\d.a-fA-F:]+, [^,]*, \d{1,2}/\d{1,2}/\d{2,4}, \d{1,2}:\d\d:\d\d, "),
        r"%{IP:clientip}, %{DATA:username}, %{DATE_US:date}, %{TIME:time}, %{DATA:service}, "
        r"%{DATA:server}, %{IP:serverip}, %{INT:timetaken}, %{INT:bytesreceived}, "
        r"%{INT:bytessent}, %{INT:status}, %{INT:windowsstatus}, %{WORD:verb}, %{DATA:target}, "
        r"%{DATA:parameters},",
    ),
    LogFormat(
        "ruby_logger",
        re.compile(rb"[A-Z], \[\d{4}-"),
        r"[DFEWIUA], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] +%{WORD:loglevel} -- "
        r"*%{DATA:progname}: %{GREEDYDATA:message}",
    ),
    LogFormat(
        "squid",
        re.compile(rb"\d+\.\d+ +\d+ \S+ \w+/\d{3} "),
        r"%{NUMBER:timestamp} +%{INT:elapsed} %{NOTSPACE:clientip} %{WORD:action}/%{INT:status} "
        r"%{INT:bytes} %{WORD:verb} %{NOTSPACE:url} %{NOTSPACE:ident} %{WORD:hierarchy}/"
        r"%{NOTSPACE:server} %{NOTSPACE:contenttype}",
    ),
    LogFormat(
        "redismonlog",
        re.compile(rb"\d+\.\d+ \[\d+ "),
        r"%{NUMBER:timestamp} \[%{INT:database} %{NOTSPACE:client}\] "
        r'"%{WORD:command}"(?: %{GREEDYDATA:parameters})?',
    ),
    LogFormat(
        "redislog",
        re.compile(rb"(?:\[\d+\]|\d+:[A-Z]) \d{1,2} [A-Z][a-z]{2} "),
        r"\[?%{POSINT:pid}(?:\]|:%{WORD:role}) %{REDISTIMESTAMP:timestamp} "
        r"%{REDISLEVEL:loglevel} %{GREEDYDATA:message}",
        "REDISTIMESTAMP %{MONTHDAY} %{MONTH}(?: %{YEAR})? %{TIME}\nREDISLEVEL [.*#-]",
    ),
)
"""In AWS's order."""
_IIS = b"#Software: Microsoft"
_IIS_FIELDS = b"#Fields: "
_ANY = re.compile(b"")


def classify(source: Source) -> Finding | None:
    """Take a file whose lines are of a log's pattern."""
    first = source.text[: source.text.find(b"\n") + 1 or len(source.text)]
    if first.startswith(_IIS):
        return _extended(source)
    for log in FORMATS:
        if log.opening.match(first):
            found = _built_in(source, log)
            if found is not None:
                return found
    return None


def _extended(source: Source) -> Finding | None:
    """Take IIS's own (W3C extended) log, whose head names its fields and is no row of the table."""
    lines = source.lines().split(b"\n", HEAD_LINES_MAX)
    head = list(takewhile(lambda line: line.startswith(b"#"), lines))
    fields = next((line for line in head if line.startswith(_IIS_FIELDS)), b"")
    if not fields:
        return None
    names = re.sub(rb"[()]", b"_", fields[len(_IIS_FIELDS) :]).decode("utf-8", "replace")
    folded = [name.strip("_").replace("-", "_").lower() for name in names.split()]
    pattern = "^(?!#)" + " ".join(f"%{{NOTSPACE:{name}}}" for name in folded)
    found = _built_in(source, LogFormat("microsoft_log", _ANY, pattern, skip="#"))
    if found is None:
        return None
    parameters = {**found.parameters, "skip.header.line.count": str(len(head))}
    return msgspec.structs.replace(found, parameters=parameters)


def _built_in(source: Source, log: LogFormat) -> Finding | None:
    found = matched(source, log.classification, log.pattern, log.custom, log.skip)
    if found is None or found.certainty < MATCHING_SHARE:
        return None
    return msgspec.structs.replace(found, certainty=1.0)


def matched(
    source: Source, classification: str, pattern: str, custom: str, skip: str = ""
) -> Finding | None:
    """Say that a file is a log, as certain as the share of its lines that match a Grok pattern."""
    search = compiled(pattern, custom)
    lines = lines_of(source, skip)
    columns = columns_of(pattern)
    if not lines or not columns or search is None:
        return None
    hits = sum(1 for line in lines if search(line) is not None)
    if not hits:
        return None
    serde = {"input.format": pattern}
    parameters = {"typeOfData": "file", "grokPattern": pattern}
    if custom:
        serde["input.grokCustomPatterns"] = custom
        parameters["grokCustomPatterns"] = custom
    storage = storages.text(storages.GROK, serde)
    records = source.text.count(b"\n")
    found = source.finding(classification, columns, storage, parameters, records)
    return msgspec.structs.replace(found, certainty=hits / len(lines))


def columns_of(pattern: str) -> tuple[Column, ...]:
    """Return the columns that a pattern names, `string` unless it says another type."""
    found: dict[str, Column] = {}
    for name, kind in _FIELD.findall(pattern):
        found.setdefault(name.lower(), Column(name.lower(), _TYPES.get(kind, "string")))
    return tuple(found.values())


def names_in(pattern: str) -> bool:
    """Tell whether a pattern names fields."""
    return _FIELD.search(pattern) is not None


def lines_of(source: Source, skip: str = "") -> Sequence[str]:
    """Return the first lines of a text, none of a file that is no text."""
    head = source.lines()
    if b"\x00" in head:
        return []
    lines = head.decode("utf-8", "replace").split("\n", LINES_MAX)[:LINES_MAX]
    held = [line.rstrip("\r") for line in lines if line.strip()]
    return [line for line in held if not line.startswith(skip)] if skip else held


Search = Callable[[str], object]


@lru_cache(maxsize=64)
def compiled(pattern: str, custom: str) -> Search | None:
    """Return what searches a line for a Grok pattern, None for a pattern that is none."""
    # Loaded here: the reader of such tables brings the SQL engine's modules with it.
    from lakebed.dialect.errors import TrinoError
    from lakebed.engines.sql.duckdb.readers import grok, regex

    try:
        expression, _ = grok.expand(pattern, grok.patterns() | grok.defined(custom))
        return regex.translated(expression, re.ASCII).search
    except TrinoError:
        return None
