"""Job bookmarks: how far a job has read its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue._job_bookmarks import newest, of_run
from lakebed.services.glue._job_shape import bookmark_shape
from lakebed.services.glue._jobs import BOOKMARKS, Bookmark, find_job
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_job_bookmark(
    ctx: Context, request: shapes.GetJobBookmarkRequest
) -> shapes.GetJobBookmarkResponse:
    """Return a job's bookmark as its last run, or the run that is named, left it.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobBookmark.html
    """
    return {
        "JobBookmarkEntry": bookmark_shape(_find(ctx, request["JobName"], request.get("RunId")))
    }


def reset_job_bookmark(
    ctx: Context, request: shapes.ResetJobBookmarkRequest
) -> shapes.ResetJobBookmarkResponse:
    """Rewind a job's bookmark to where a run left it, or to the beginning; return what was reset.

    https://docs.aws.amazon.com/glue/latest/webapi/API_ResetJobBookmark.html
    """
    name, run_id = request["JobName"], request.get("RunId")
    row = _find(ctx, name, run_id)
    if run_id:
        later = [one for one in BOOKMARKS.scan(ctx, Range((name,))) if one.run > row.run]
        for one in later:
            BOOKMARKS.delete(ctx, one.job, one.run)
        return {"JobBookmarkEntry": bookmark_shape(row)}
    BOOKMARKS.delete_range(ctx, Range((name,)))
    reset = Bookmark(name, 0, "", "", row.version + 1, 0, "{}", ctx.clock.now())
    BOOKMARKS.put(ctx, reset)
    return {"JobBookmarkEntry": bookmark_shape(reset)}


def _find(ctx: Context, name: str, run_id: str | None) -> Bookmark:
    """Return the bookmark of a job; EntityNotFoundException without one."""
    find_job(ctx, name)
    row = of_run(ctx, name, run_id) if run_id else newest(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Continuation for job {name} not found.")
    return row
