"""S3 Select: one SELECT over one object, answered as a stream of events.

AWS closed it to new customers in 2024; who has it goes on using it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.bodies import Event, EventStream
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import (
    MIB,
    SELECT_BYTES_MAX,
    SELECT_EXPRESSION_BYTES_MAX,
    SELECT_SECONDS_MAX,
    SELECTS_MAX,
)
from lakebed.engines.child import Bounds, ChildError, ask
from lakebed.engines.object_select import CsvForm, Found, Question, SelectError, Source, Target
from lakebed.engines.object_select.parse import parse
from lakebed.plain_files import PlainFiles
from lakebed.services.s3._versions import stat_version
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
"""Audited only by setting."""
_MODULE = "object_select.child"
_PIECE_BYTES = MIB
_QUIET_SECONDS = 10.0


def select_object_content(
    ctx: Context, request: s3.SelectObjectContentRequest
) -> s3.SelectObjectContentOutput:
    """Answer a SELECT over an object: CSV, JSON or Parquet in, CSV or JSON out.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_SelectObjectContent.html
    What is wrong with the statement is refused before the answer begins, what is wrong with a value
    ends it with an error. Objects with a customer's key are not built.
    """
    bucket = bucket_of(ctx, request)
    found = stat_version(ctx, bucket, request["Key"], None)
    if found.encryption is not None and found.encryption.kind == "SSE-C":
        raise NotBuiltError("s3", "SelectObjectContent", "an object with a customer's key")
    expression = _expression(request)
    source = _source(request)
    question = Question(expression, source, _target(request["OutputSerialization"]))
    run_id = _place(ctx)
    stream = EventStream(SELECT_BYTES_MAX // _PIECE_BYTES + 16)
    stream.when_abandoned(lambda: _cancel(ctx, run_id))
    wants_progress = bool((request.get("RequestProgress") or {}).get("Enabled"))
    place = (bucket.name, request["Key"])
    engines, scratch = ctx.engines, ctx.settings.state_dir / "tmp" / ctx.ids.token()

    async def work(caller: Caller) -> None:
        try:
            async with PlainFiles(caller, engines.objects, scratch) as files:
                (path,) = await files.paths(place[0], [place[1]])
                asked = msgspec.structs.replace(
                    question, source=msgspec.structs.replace(source, path=str(path))
                )
                await _answer(asked, stream, wants_progress=wants_progress)
        finally:
            # Nobody waits for ever for an answer that a bug ended.
            broken = {"message": "We encountered an internal error. Please try again."}
            stream.send(Event("InternalError", broken, is_exception=True))

    ctx.runs.start(ctx, run_id, work)
    return cast("s3.SelectObjectContentOutput", {"Payload": stream})


def _cancel(ctx: Context, run_id: str) -> None:
    ctx.runs.cancel(run_id)


def _place(ctx: Context) -> str:
    """Return the id of a run that is not running, as many as there may be at a time."""
    for number in range(SELECTS_MAX):
        run_id = f"select {number}"
        if not ctx.runs.is_running(run_id):
            return run_id
    raise AwsError("Busy", "The service is unavailable. Try again later.", 503)


async def _kept_alive(
    answer: Coroutine[Any, Any, bytes], stream: EventStream, seconds: float = _QUIET_SECONDS
) -> bytes:
    """Return what is awaited, and send something now and then lest the client gives up.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
    """
    task = asyncio.ensure_future(answer)
    try:
        while not (await asyncio.wait([task], timeout=seconds))[0]:
            stream.send(Event("Cont", {}))
        return task.result()
    finally:
        task.cancel()


async def _answer(question: Question, stream: EventStream, *, wants_progress: bool) -> None:
    """Have a child answer, and send what it says."""
    bounds = Bounds(SELECT_SECONDS_MAX, SELECT_BYTES_MAX)
    try:
        said = await _kept_alive(ask(_MODULE, msgspec.json.encode(question), bounds), stream)
        found = msgspec.msgpack.decode(said, type=Found)
    except ChildError as error:
        found = Found(code="InternalError", message=f"The query did not end: {error}")
    for at in range(0, len(found.records), _PIECE_BYTES):
        stream.send(Event("Records", {"Payload": found.records[at : at + _PIECE_BYTES]}))
    if found.code:
        stream.send(Event(found.code, {"message": found.message}, is_exception=True))
        return
    details = {
        "BytesScanned": found.scanned,
        "BytesProcessed": found.processed,
        "BytesReturned": len(found.records),
    }
    if wants_progress:
        stream.send(Event("Progress", {"Details": details}))
    stream.send(Event("Stats", {"Details": details}))
    stream.send(Event("End", {}))
    stream.close()


# -- what is asked ---------------------------------------------------------------------------------


def _expression(request: Mapping[str, Any]) -> str:
    if request["ExpressionType"] != "SQL":
        message = "The ExpressionType is invalid. Only SQL expressions are supported."
        raise AwsError("InvalidExpressionType", message, 400)
    expression: str = request["Expression"]
    if len(expression.encode()) > SELECT_EXPRESSION_BYTES_MAX:
        message = (
            "The SQL expression is too long: The maximum byte-length for the SQL expression is "
            "256 KB."
        )
        raise AwsError("ExpressionTooLong", message, 400)
    try:
        parse(expression)
    except SelectError as error:
        raise AwsError(error.code, error.message, 400) from None
    return expression


def _source(request: Mapping[str, Any]) -> Source:
    given: Mapping[str, Any] = request["InputSerialization"]
    kinds = [one for one in ("CSV", "JSON", "Parquet") if one in given]
    if len(kinds) != 1:
        message = "InputSerialization needs exactly one of CSV, JSON and Parquet."
        raise AwsError("MissingRequiredParameter", message, 400)
    compression = str(given.get("CompressionType") or "NONE").upper()
    if compression not in ("NONE", "GZIP", "BZIP2") or (
        kinds == ["Parquet"] and compression != "NONE"
    ):
        message = (
            "The file is not in a supported compression format. Only GZIP and BZIP2 are supported."
        )
        raise AwsError("InvalidCompressionFormat", message, 400)
    found = Source("", "parquet", compression)
    if kinds == ["CSV"]:
        found = Source("", "csv", compression, _csv(given["CSV"] or {}))
    elif kinds == ["JSON"]:
        form: Mapping[str, Any] = given["JSON"] or {}
        kind = str(form.get("Type") or "").upper()
        if kind not in ("LINES", "DOCUMENT"):
            message = "The JsonType is invalid. Only DOCUMENT and LINES are supported."
            raise AwsError("InvalidJsonType", message, 400)
        found = Source("", "lines" if kind == "LINES" else "document", compression)
    return _ranged(found, request.get("ScanRange") or {})


def _csv(given: Mapping[str, Any]) -> CsvForm:
    # Of these words no case is told apart: clients write `Use` and `Lines`, as AWS's guides do.
    header = str(given.get("FileHeaderInfo") or "NONE").upper()
    if header not in ("USE", "IGNORE", "NONE"):
        message = "The FileHeaderInfo is invalid. Only NONE, USE, and IGNORE are supported."
        raise AwsError("InvalidFileHeaderInfo", message, 400)
    return CsvForm(
        _one(given, "FieldDelimiter", ","),
        _one(given, "RecordDelimiter", "\n", 2),
        _one(given, "QuoteCharacter", '"'),
        _one(given, "QuoteEscapeCharacter", '"'),
        _one(given, "Comments", ""),
        header,
        has_quoted_records=bool(given.get("AllowQuotedRecordDelimiter")),
    )


def _one(given: Mapping[str, Any], member: str, default: str, length_max: int = 1) -> str:
    """Return a character that CSV is written with."""
    found = given.get(member)
    if found is None:
        return default
    if len(found) > length_max or (not found and member != "QuoteCharacter"):
        message = f"The value of {member} is not one character."
        raise AwsError("InvalidRequestParameter", message, 400)
    return found


def _ranged(source: Source, given: Mapping[str, Any]) -> Source:
    if "Start" not in given and "End" not in given:
        return source
    is_cut = source.compression != "NONE" or source.csv.has_quoted_records
    if is_cut or source.kind == "document":
        message = "Scan range queries are not supported on this type of object."
        raise AwsError("UnsupportedScanRangeInput", message, 400)
    start, end = given.get("Start", 0), given.get("End", -1)
    if "Start" not in given or (end >= 0 and start > end) or start < 0:
        raise AwsError("InvalidScanRange", "The provided scan range is invalid.", 400)
    return msgspec.structs.replace(source, start=start, end=end)


def _target(given: Mapping[str, Any]) -> Target:
    kinds = [one for one in ("CSV", "JSON") if one in given]
    if len(kinds) != 1:
        message = "OutputSerialization needs exactly one of CSV and JSON."
        raise AwsError("MissingRequiredParameter", message, 400)
    form: Mapping[str, Any] = given[kinds[0]] or {}
    record = form.get("RecordDelimiter") or "\n"
    if kinds == ["JSON"]:
        return Target(None, record)
    quotes = str(form.get("QuoteFields") or "ASNEEDED").upper()
    if quotes not in ("ALWAYS", "ASNEEDED"):
        message = "The QuoteFields is invalid. Only ALWAYS and ASNEEDED are supported."
        raise AwsError("InvalidQuoteFields", message, 400)
    field, quote = _one(form, "FieldDelimiter", ","), _one(form, "QuoteCharacter", '"')
    escape = _one(form, "QuoteEscapeCharacter", '"')
    return Target(CsvForm(field, record, quote, escape, quotes=quotes))
