"""Custom classifiers as they are kept, and as the engine that looks into files wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.crawl import Classifier
from lakebed.store import Table

Kind = Literal["grok", "xml", "json", "csv"]

MEMBERS: Mapping[str, Kind] = {
    "GrokClassifier": "grok",
    "XMLClassifier": "xml",
    "JsonClassifier": "json",
    "CsvClassifier": "csv",
}
"""The member of a request for each kind of classifier."""


class ClassifierRow(msgspec.Struct, frozen=True):
    """A classifier: `kind` is the member of the API that holds it, `options` the rest of it."""

    name: str
    kind: str
    options: Mapping[str, Any]
    created: float
    updated: float
    version: int = 1


CLASSIFIERS = Table("glue_classifier", ClassifierRow, key=("name",))


def find_classifier(
    ctx: Context, name: str, code: str = "EntityNotFoundException"
) -> ClassifierRow:
    """Return the classifier of this name, or raise an error of this code."""
    row = CLASSIFIERS.get(ctx, name)
    if row is None:
        # Said as AWS says it of crawlers; of classifiers the sentence is assumed.
        raise AwsError(code, f"Classifier with name {name} does not exist")
    return row


def hold_classifier(ctx: Context, row: ClassifierRow) -> ClassifierRow:
    """Return a classifier as it is by now; nobody else changes it before the transaction's end.

    To insert a row that is there changes nothing, but it is a write: see `_crawlers.hold_crawler`.
    """
    if CLASSIFIERS.insert(ctx, row):
        CLASSIFIERS.delete(ctx, row.name)
    return find_classifier(ctx, row.name)


def classifiers_of(ctx: Context, names: Sequence[str]) -> tuple[Classifier, ...]:
    """Return the classifiers of a crawler in its order; one that is gone is left out."""
    rows = (CLASSIFIERS.get(ctx, name) for name in names)
    return tuple(
        Classifier(
            MEMBERS[row.kind], row.name, cast(Mapping[str, object], row.options), row.version
        )
        for row in rows
        if row is not None
    )
