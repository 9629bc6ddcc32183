"""What the Athena tests share: run a query to its end."""

from __future__ import annotations

import time


def start(athena, text, **more):
    """Start a query and return what names it in the other calls."""
    more.setdefault("ResultConfiguration", {"OutputLocation": "s3://results/q/"})
    answer = athena.start_query_execution(QueryString=text, **more)
    return {"QueryExecutionId": answer["QueryExecutionId"]}


def finish(athena, text, **more):
    """Start a query, wait for its end, and return it as GetQueryExecution shows it."""
    started = start(athena, text, **more)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        query = athena.get_query_execution(**started)["QueryExecution"]
        if query["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return query
        time.sleep(0.01)
    raise AssertionError(f"the query did not end: {query}")


def rows(athena, query, **more):
    """Return a finished query's rows, the header first, with None for NULL."""
    answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"], **more)
    return [
        [datum.get("VarCharValue") for datum in row["Data"]] for row in answer["ResultSet"]["Rows"]
    ]
