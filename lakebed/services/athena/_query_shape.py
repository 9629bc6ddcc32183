"""A query as the API shows it."""

from __future__ import annotations

from typing import Any

from lakebed.services.athena.model import ENGINE_VERSION, QueryExecution


def query_shape(query: QueryExecution) -> Any:
    """Return a query as GetQueryExecution shows it."""
    context = {"Database": query.database, "Catalog": query.catalog.lower()}
    reuse: dict[str, Any] = {"Enabled": False}
    if query.reuse_minutes is not None:
        reuse = {"Enabled": True, "MaxAgeInMinutes": query.reuse_minutes}
    shape: dict[str, Any] = {
        "QueryExecutionId": query.id,
        "Query": query.text,
        "ResultConfiguration": _result_configuration(query),
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": reuse},
        "QueryExecutionContext": {name: value for name, value in context.items() if value},
        "Status": _status(query),
        "Statistics": _statistics(query),
        "WorkGroup": query.work_group,
        "EngineVersion": dict(ENGINE_VERSION),
    }
    if query.settings.is_managed:
        managed: dict[str, Any] = {"Enabled": True}
        if query.settings.managed_encryption:
            managed["EncryptionConfiguration"] = query.settings.managed_encryption
        shape["ManagedQueryResultsConfiguration"] = managed
    if query.statement_type:
        shape["StatementType"] = query.statement_type
        shape["SubstatementType"] = query.substatement_type
    if query.parameters:
        shape["ExecutionParameters"] = list(query.parameters)
    return shape


def timeline(query: QueryExecution) -> dict[str, int]:
    """Return how long each part of a query took, in milliseconds.

    Preprocessing is what a running query took before its engine began, processing what came after.
    """
    end = query.completed or query.started or query.submitted
    started = query.started or end
    queued = int((started - query.submitted) * 1000)
    engine = query.planning_ms + query.engine_ms
    before = max(0, int(((query.engine_ended or started) - started) * 1000) - engine)
    # Each part is cut to whole milliseconds by itself: the total is never less than their sum.
    total = max(int((end - query.submitted) * 1000), queued + before + engine)
    return {
        "QueryQueueTimeInMillis": queued,
        "ServicePreProcessingTimeInMillis": before,
        "QueryPlanningTimeInMillis": query.planning_ms,
        "EngineExecutionTimeInMillis": engine,
        "ServiceProcessingTimeInMillis": total - queued - before - engine,
        "TotalExecutionTimeInMillis": total,
    }


def _result_configuration(query: QueryExecution) -> dict[str, Any]:
    settings = query.settings
    shape: dict[str, Any] = {}
    if not settings.is_managed:
        shape["OutputLocation"] = query.result or query.location
    if settings.encryption:
        shape["EncryptionConfiguration"] = settings.encryption
    if settings.expected_owner:
        shape["ExpectedBucketOwner"] = settings.expected_owner
    if settings.acl:
        shape["AclConfiguration"] = settings.acl
    return shape


def _status(query: QueryExecution) -> dict[str, Any]:
    status: dict[str, Any] = {"State": query.state, "SubmissionDateTime": query.submitted}
    if query.completed:
        status["CompletionDateTime"] = query.completed
    if query.reason:
        status["StateChangeReason"] = query.reason
    if query.error is not None:
        status["AthenaError"] = {
            "ErrorCategory": query.error.category,
            "ErrorType": query.error.type_code,
            "Retryable": query.error.retryable,
            "ErrorMessage": query.reason,
        }
    return status


def _statistics(query: QueryExecution) -> dict[str, Any]:
    statistics: dict[str, Any] = {
        **timeline(query),
        "DataScannedInBytes": query.data_scanned_bytes,
        "ResultReuseInformation": {"ReusedPreviousResult": bool(query.reused)},
    }
    if query.manifest:
        statistics["DataManifestLocation"] = query.manifest
    return statistics
