"""The user's classifiers: grok, XML, JSON and CSV, with the members of Glue's API.

https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html. A classifier of XML, JSON or CSV
is certain or says no. One of grok is as certain as the share of lines that match (the guide says
only that certainty is a number): where that is below 1.0 the next classifiers are asked too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from lakebed.engines.crawl import Classifier, Column, Finding
from lakebed.engines.crawl.local import csv_files, json_files, log_files, xml_files
from lakebed.engines.crawl.local.json_paths import followed, steps
from lakebed.engines.crawl.local.source import Source
from lakebed.engines.crawl.local.values import columns_of, kind_of, said

_USE = re.compile(r"%\{(\w+)\}")
_DEPTH_MAX = 16
_NAMED = {
    "COMMONAPACHELOG": log_files.APACHE,
    "COMBINEDAPACHELOG": log_files.COMBINED_APACHE,
    "SYSLOGPROG": r"%{PROG:program}(?:\[%{POSINT:pid}\])?",
    "SYSLOGFACILITY": "<%{NONNEGINT:facility}.%{NONNEGINT:priority}>",
    "SYSLOGBASE": "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} "
    "%{SYSLOGPROG}:",
    "MESSAGESLOG": "%{SYSLOGBASE} %{DATA}",
}
"""Built-in patterns that name fields of their own, as the guide lists them."""

Options = Mapping[str, Any]


def classify(source: Source, classifier: Classifier) -> Finding | None:
    """Ask one classifier of the user's."""
    options = cast("Options", classifier.options)
    rule = {"grok": _grok, "xml": _xml, "json": _json, "csv": _csv}[classifier.kind]
    found = rule(source, options)
    return None if found is None else msgspec.structs.replace(found, classifier=classifier.name)


def _grok(source: Source, options: Options) -> Finding | None:
    custom: str = options.get("CustomPatterns") or ""
    pattern = spread(options["GrokPattern"], custom)
    return log_files.matched(source, options["Classification"], pattern, custom)


def spread(pattern: str, custom: str) -> str:
    """Put patterns that name fields of their own in their place: the SerDe's format names them."""
    definitions = {**_NAMED, **_definitions(custom)}

    def put(match: re.Match[str], depth: int) -> str:
        definition = definitions.get(match[1], "")
        if depth > _DEPTH_MAX or not log_files.names_in(_spread(definition, depth + 1)):
            return match[0]
        return f"(?:{_spread(definition, depth + 1)})"

    def _spread(text: str, depth: int) -> str:
        return _USE.sub(lambda match: put(match, depth), text)

    return _spread(pattern, 0)


def _definitions(custom: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in custom.replace("\\n", "\n").splitlines():
        name, _, expression = line.strip().partition(" ")
        if expression and not name.startswith("#"):
            found[name] = expression.strip()
    return found


def _xml(source: Source, options: Options) -> Finding | None:
    row_tag: str = options.get("RowTag") or ""
    found = xml_files.with_row_tag(source, row_tag) if row_tag else xml_files.classify(source)
    classification: str = options.get("Classification") or "xml"
    return found and msgspec.structs.replace(found, classification=classification)


def _json(source: Source, options: Options) -> Finding | None:
    path: str = options["JsonPath"]
    way = steps(path)
    if way is None or source.text.lstrip()[:1] not in (b"{", b"["):
        return None
    records, share, source = json_files.records_of(source)
    values = followed(records, way)
    if not values:
        return None
    if all(isinstance(value, dict) for value in values):
        columns = columns_of(values)
    else:
        # The guide: "root |-- record: string".
        columns = (Column("record", said(kind_of(values))),)
    if not columns:
        return None
    names = sorted(column.name for column in columns)
    seen = len(values) / share
    return json_files.found(source, columns, names, seen, {"jsonPath": path})


def _csv(source: Source, options: Options) -> Finding | None:
    kinds: list[str] = options.get("CustomDatatypes") or []
    names = tuple(str(name).strip() for name in options.get("Header") or ())
    rules = csv_files.Rules(
        delimiters=options.get("Delimiter") or csv_files.DELIMITERS,
        quote=options.get("QuoteSymbol") or '"',
        header=options.get("ContainsHeader") or "UNKNOWN",
        names=names,
        # https://docs.aws.amazon.com/glue/latest/webapi/API_CsvClassifier.html: true by default.
        is_trimmed=options.get("DisableValueTrimming") is False,
        columns_min=1 if options.get("AllowSingleColumn") else 2,
        rows_min=1,
        kinds=frozenset(kind.upper() for kind in kinds)
        if options.get("CustomDatatypeConfigured")
        else None,
        serde=options.get("Serde") or "LazySimpleSerDe",
    )
    return csv_files.by_rules(source, rules)
