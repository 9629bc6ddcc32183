"""Engine versions that a workgroup can choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.athena._configuration import ENGINES
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena.model import ENGINE_VERSION

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def list_engine_versions(
    ctx: Context, request: shapes.ListEngineVersionsInput
) -> shapes.ListEngineVersionsOutput:
    """Return the versions that queries can run on; AWS's list has Apache Spark besides.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListEngineVersions.html
    """
    last = after(request.get("NextToken"))
    rest = ENGINES if last is None else [one for one in ENGINES if one > last[0]]
    found, has_more = page(rest, request.get("MaxResults") or len(ENGINES))
    effective = ENGINE_VERSION["EffectiveEngineVersion"]
    answer: shapes.ListEngineVersionsOutput = {
        "EngineVersions": [
            {"SelectedEngineVersion": one, "EffectiveEngineVersion": effective} for one in found
        ]
    }
    if has_more:
        answer["NextToken"] = token(found[-1])
    return answer
