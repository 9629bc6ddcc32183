"""Grok patterns of logs: named expressions made of named expressions.

The library is the part of Logstash's that logs use most; customPatterns adds to it.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-grokLog-home.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_USE = re.compile(r"%\{(\w+)(?::([\w.\[\]-]+))?(?::(\w+))?\}")
_DEEPEST = 40
_LIBRARY = {
    "USERNAME": r"[a-zA-Z0-9._-]+",
    "USER": r"%{USERNAME}",
    "EMAILLOCALPART": r"[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~.]+",
    "EMAILADDRESS": r"%{EMAILLOCALPART}@%{HOSTNAME}",
    "INT": r"(?:[+-]?(?:[0-9]+))",
    "BASE10NUM": r"(?<![0-9.+-])(?:[+-]?(?:(?:[0-9]+(?:\.[0-9]+)?)|(?:\.[0-9]+)))",
    "NUMBER": r"(?:%{BASE10NUM})",
    "BASE16NUM": r"(?<![0-9A-Fa-f])(?:[+-]?(?:0x)?(?:[0-9A-Fa-f]+))",
    "POSINT": r"\b(?:[1-9][0-9]*)\b",
    "NONNEGINT": r"\b(?:[0-9]+)\b",
    "WORD": r"\b\w+\b",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": r".*?",
    "GREEDYDATA": r".*",
    "QUOTEDSTRING": r"(?:\"(?:\\.|[^\\\"])*\"|'(?:\\.|[^\\'])*')",
    "QS": r"%{QUOTEDSTRING}",
    "UUID": r"[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}",
    "MAC": r"(?:[A-Fa-f0-9]{2}[:-]){5}[A-Fa-f0-9]{2}",
    "IPV6": r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{0,15}",
    "BYTE": r"(?:25[0-5]|2[0-4]\d|1?\d{1,2})",
    "IPV4": r"(?<![0-9])(?:%{BYTE}\.){3}%{BYTE}(?![0-9])",
    "IP": r"(?:%{IPV6}|%{IPV4})",
    "LABEL": r"(?:[0-9A-Za-z][0-9A-Za-z-]{0,62})",
    "HOSTNAME": r"\b%{LABEL}(?:\.%{LABEL})*(?:\.?|\b)",
    "IPORHOST": r"(?:%{IP}|%{HOSTNAME})",
    "HOSTPORT": r"%{IPORHOST}:%{POSINT}",
    "PATH": r"(?:%{UNIXPATH}|%{WINPATH})",
    "UNIXPATH": r"(?:/[\w_%!$@:.,+~-]*)+",
    "WINPATH": r"(?:[A-Za-z]+:|\\)(?:\\[^\\?*]*)+",
    "URIPROTO": r"[A-Za-z][A-Za-z0-9+\-.]+",
    "URIHOST": r"%{IPORHOST}(?::%{POSINT})?",
    "URIPATH": r"(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_\-]*)+",
    "URIPARAM": r"\?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\-\[\]<>]*",
    "URIPATHPARAM": r"%{URIPATH}(?:%{URIPARAM})?",
    "URI": r"%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?",
    "MONTH": r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b",
    "MONTHNUM": r"(?:0?[1-9]|1[0-2])",
    "MONTHDAY": r"(?:0[1-9]|[12][0-9]|3[01]|[1-9])",
    "DAY": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*",
    "YEAR": r"(?:\d\d){1,2}",
    "HOUR": r"(?:2[0123]|[01]?[0-9])",
    "MINUTE": r"(?:[0-5][0-9])",
    "SECOND": r"(?:(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?)",
    "TIME": r"%{HOUR}:%{MINUTE}(?::%{SECOND})?",
    "DATE_US": r"%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
    "DATE_EU": r"%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}",
    "DATE": r"(?:%{DATE_US}|%{DATE_EU})",
    "ISO8601_TIMEZONE": r"(?:Z|[+-]%{HOUR}(?::?%{MINUTE}))",
    "TIMESTAMP_ISO8601": r"%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?"
    r"%{ISO8601_TIMEZONE}?",
    "TZ": r"(?:[APMCE][SD]T|UTC)",
    "DATESTAMP": r"%{DATE}[- ]%{TIME}",
    "SYSLOGTIMESTAMP": r"%{MONTH} +%{MONTHDAY} %{TIME}",
    "PROG": r"[\w._/%-]+",
    "SYSLOGPROG": r"%{PROG:program}(?:\[%{POSINT:pid}\])?",
    "SYSLOGHOST": r"%{IPORHOST}",
    "HTTPDATE": r"%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}",
    "LOGLEVEL": r"(?:[Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]nfo|INFO"
    r"|[Ww]arn(?:ing)?|WARN(?:ING)?|[Ee]rr(?:or)?|ERR(?:OR)?|[Cc]rit(?:ical)?|CRIT(?:ICAL)?"
    r"|[Ff]atal|FATAL|[Ss]evere|SEVERE)",
    "COMMONAPACHELOG": r"%{IPORHOST:clientip} %{USER:ident} %{USER:auth} \[%{HTTPDATE:timestamp}\]"
    r' "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})"'
    r" %{NUMBER:response} (?:%{NUMBER:bytes}|-)",
    "COMBINEDAPACHELOG": r"%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}",
}


class Grok:
    """A format of lines."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if not options.get("logFormat"):
            raise ValueError("'logFormat' option is required for format grokLog")
        self._known = _LIBRARY | dict(_custom(str(options.get("customPatterns", ""))))
        self._names: list[tuple[str, str]] = []
        self._missing = str(options.get("MISSING", "-"))
        self._unknown = options.get("UNKNOWN")
        self._expression = self._expand(str(options["logFormat"]), 0)
        re.compile(self._expression)

    def record(self, line: str) -> dict[str, Any] | None:
        """Return the fields of a line; None if it is not of the format."""
        # Compiled where it is used: a pattern does not travel, and `re` keeps it.
        found = re.match(self._expression, line)
        if found is None:
            return None
        record: dict[str, Any] = {}
        for group, name in self._names:
            value = found[group]
            if value is not None or name not in record:
                empty = value in (None, self._missing, self._unknown)
                record[name] = None if empty else value
        return record

    def _expand(self, pattern: str, depth: int) -> str:
        if depth > _DEEPEST:
            raise ValueError(f"a grok pattern stands in itself: {pattern}")

        def use(one: re.Match[str]) -> str:
            name, label, _ = one.groups()
            if name not in self._known:
                raise ValueError(f"the grok pattern {name} is not known")
            group = ""
            if label:
                group = f"g{len(self._names)}"
                self._names.append((group, label))
            inside = self._expand(self._known[name], depth + 1)
            return f"(?P<{group}>{inside})" if group else f"(?:{inside})"

        return _USE.sub(use, pattern)


def _custom(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, pattern = line.strip().partition(" ")
        if pattern:
            yield name, pattern
