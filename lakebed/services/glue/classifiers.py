"""Custom classifiers: what a crawler tries on files before what is built in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_CLASSIFIERS_MAX, GLUE_PAGE_MAX
from lakebed.services.glue._classifier_input import check_options
from lakebed.services.glue._classifiers import (
    CLASSIFIERS,
    MEMBERS,
    ClassifierRow,
    find_classifier,
    hold_classifier,
)
from lakebed.services.glue._crawlers import invalid, replace
from lakebed.services.glue.model import read_token, write_token
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


@long
def create_classifier(
    ctx: Context, request: shapes.CreateClassifierRequest
) -> shapes.CreateClassifierResponse:
    """Create a classifier of one of the four kinds; in a thread, because patterns are compiled.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateClassifier.html
    """
    kind, given = _given(request)
    options = {key: value for key, value in given.items() if key != "Name"}
    check_options(kind, options)
    now = ctx.clock.now()
    row = ClassifierRow(given["Name"], kind, options, now, now)
    if not CLASSIFIERS.insert(ctx, row):
        message = f"Classifier with name {row.name} already exists"
        raise AwsError("AlreadyExistsException", message)
    if CLASSIFIERS.count(ctx) > GLUE_CLASSIFIERS_MAX:
        # CreateClassifier has no error of its own for this.
        raise invalid(f"Number of classifiers exceeds the limit of {GLUE_CLASSIFIERS_MAX}.")
    return {}


def get_classifier(
    ctx: Context, request: shapes.GetClassifierRequest
) -> shapes.GetClassifierResponse:
    """Return a classifier, under the member of its kind.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetClassifier.html
    """
    return {"Classifier": _shape(find_classifier(ctx, request["Name"]))}


def get_classifiers(
    ctx: Context, request: shapes.GetClassifiersRequest
) -> shapes.GetClassifiersResponse:
    """Return the classifiers by name, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetClassifiers.html
    """
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    span = Range(after=read_token(request.get("NextToken")), limit=size + 1)
    found = list(CLASSIFIERS.scan(ctx, span))
    page: shapes.GetClassifiersResponse = {"Classifiers": [_shape(row) for row in found[:size]]}
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


@long
def update_classifier(
    ctx: Context, request: shapes.UpdateClassifierRequest
) -> shapes.UpdateClassifierResponse:
    """Replace the members that are given; the kind of a classifier cannot change.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateClassifier.html
    """
    kind, given = _given(request)
    row = find_classifier(ctx, given["Name"])
    if row.kind != kind:
        raise invalid(f"Classifier with name {row.name} is no {kind}: its kind cannot be changed.")
    changes = {key: value for key, value in given.items() if key != "Name"}
    options = {**row.options, **changes}
    check_options(kind, options)
    known, row = row, hold_classifier(ctx, row)
    if row.version != known.version:
        options = {**row.options, **changes}
        check_options(kind, options)
    now = ctx.clock.now()
    CLASSIFIERS.put(ctx, replace(row, options=options, updated=now, version=row.version + 1))
    return {}


def delete_classifier(
    ctx: Context, request: shapes.DeleteClassifierRequest
) -> shapes.DeleteClassifierResponse:
    """Delete a classifier; crawlers that name it go on without it.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteClassifier.html
    """
    CLASSIFIERS.delete(ctx, find_classifier(ctx, request["Name"]).name)
    return {}


def _given(request: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the one kind of classifier a request is about, and its members."""
    kinds = [kind for kind in MEMBERS if kind in request]
    if len(kinds) != 1:
        raise invalid(f"Exactly one of {', '.join(MEMBERS)} has to be given.")
    return kinds[0], request[kinds[0]]


def _shape(row: ClassifierRow) -> Any:
    times = {"CreationTime": row.created, "LastUpdated": row.updated, "Version": row.version}
    return {row.kind: {"Name": row.name, **row.options, **times}}
