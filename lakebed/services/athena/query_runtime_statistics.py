"""Runtime statistics of a query: its timeline, and what its engine counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.athena._query_shape import timeline
from lakebed.services.athena.model import QUERY_STAGES, QueryStage, find_query, invalid

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def get_query_runtime_statistics(
    ctx: Context, request: shapes.GetQueryRuntimeStatisticsInput
) -> shapes.GetQueryRuntimeStatisticsOutput:
    """Return where a query's time went, its rows and bytes, and its plan.

    The engine runs a statement in one process, so there is one stage without substages; its plan
    is the engine's own, with the engine's names of operators. DDL has a timeline only.
    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryRuntimeStatistics.html
    """
    query = find_query(ctx, request["QueryExecutionId"])
    if query.is_live:
        message = f"Query has not yet finished. Current state: {query.state}"
        raise invalid(message, "INVALID_QUERY_EXECUTION_STATE")
    statistics: Any = {"Timeline": timeline(query)}
    stage = QUERY_STAGES.get(ctx, query.id)
    if stage is not None:
        statistics["Rows"] = _rows(stage)
        statistics["OutputStage"] = {
            "StageId": 0,
            "State": "FINISHED",
            **_rows(stage),
            "ExecutionTime": query.engine_ms,
            "QueryStagePlan": stage.plan,
            "SubStages": [],
        }
    return {"QueryRuntimeStatistics": statistics}


def _rows(stage: QueryStage) -> dict[str, int]:
    return {
        "InputRows": stage.input_rows,
        "InputBytes": stage.input_bytes,
        "OutputRows": stage.output_rows,
        "OutputBytes": stage.output_bytes,
    }
