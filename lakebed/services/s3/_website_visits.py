"""Who visits a website: the object, the way to another, or the page of an error.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/IndexDocumentSupport.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/CustomErrorDocSupport.html
Objects are read by GetObject, in the name of nobody: so what is shown is what everybody may read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.ids import host_id
from lakebed.core.visits import Page, Visit
from lakebed.services.s3._settings import WEBSITE, not_set, setting_of
from lakebed.services.s3._website import (
    Place,
    Redirection,
    error_page,
    everywhere_to,
    redirected,
)
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3

_HEADERS_OF_READ = ("Range", "IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince")
_LOCATION = "WebsiteRedirectLocation"
_HTML = ("Content-Type", "text/html; charset=utf-8")


class Website:
    """One visit of one website."""

    def __init__(self, ctx: Context, visit: Visit) -> None:
        self._ctx = ctx
        self._visit = visit
        name, _, key = visit.path[1:].partition("/")
        self._bucket = unquote(name)
        scheme = "https" if visit.is_secure else "http"
        self._place = Place(scheme, visit.headers.get("host", ""), unquote(key), visit.query)

    def page(self) -> Page:
        """Return what the visitor sees."""
        try:
            configuration = self._configuration()
        except AwsError as error:
            return self._error(error, None)
        found = everywhere_to(configuration, self._place)
        found = found or redirected(configuration, self._place, None)
        if found is not None:
            return _sent(found)
        index = configuration.get("IndexDocument", {}).get("Suffix", "")
        key = self._place.key
        is_folder = not key or key.endswith("/")
        try:
            return self._read(key + index if is_folder else key)
        except AwsError as error:
            if error.status == 304:
                return Page(304, tuple(error.headers.items()))
            if not is_folder and self._is_folder(key, index):
                return _sent(Redirection(302, quote(f"/{key}/")))
            return self._failed(configuration, error)

    def _configuration(self) -> s3.WebsiteConfiguration:
        if self._visit.method not in ("GET", "HEAD"):
            message = "The specified method is not allowed against this resource."
            members = {"Method": self._visit.method, "ResourceType": "OBJECT"}
            raise AwsError("MethodNotAllowed", message, 405, members)
        bucket = bucket_of(self._ctx, {"Bucket": self._bucket})
        setting = setting_of(self._ctx, bucket.name, WEBSITE)
        if setting is None or setting.document is None:
            message = "The specified bucket does not have a website configuration"
            raise not_set("NoSuchWebsiteConfiguration", message, bucket)
        return cast("s3.WebsiteConfiguration", setting.document)

    def _read(self, key: str, status: int = 0) -> Page:
        """Return an object that everybody may read, or the way it leads to."""
        ctx, asked = self._ctx, cast(Any, {"Bucket": self._bucket, "Key": key})
        found = ctx.engines.objects.stat(ctx, self._bucket, key)
        if found is not None and _LOCATION in found.headers:
            location = ctx.aws.s3.head_object(asked).get(_LOCATION, "")
            return _sent(Redirection(301, location))
        if not status:
            given = self._visit.members
            asked |= {name: given[name] for name in _HEADERS_OF_READ if name in given}
        return Page(status, found=ctx.aws.s3.get_object(asked))

    def _is_folder(self, key: str, index: str) -> bool:
        """Tell whether there is an index document where a visitor left out the slash."""
        ctx = self._ctx
        if ctx.engines.objects.stat(ctx, self._bucket, key) is not None:
            return False
        found = ctx.engines.objects.stat(ctx, self._bucket, f"{key}/{index}")
        return found is not None and not found.is_delete_marker

    def _failed(self, configuration: s3.WebsiteConfiguration, error: AwsError) -> Page:
        """Return what a website has for an error: a way, a document of its own, or S3's page."""
        found = redirected(configuration, self._place, error.status)
        if found is not None:
            return _sent(found)
        document = configuration.get("ErrorDocument")
        if document is None or not 400 <= error.status < 500:
            return self._error(error, None)
        try:
            return self._read(document["Key"], error.status)
        except AwsError as nested:
            return self._error(error, nested)

    def _error(self, error: AwsError, nested: AwsError | None) -> Page:
        ids = self._ctx.request_id, host_id(self._ctx.request_id)
        members = error.members.items()
        headers = (
            ("x-amz-error-code", error.code),
            ("x-amz-error-message", error.message),
            *((f"x-amz-error-detail-{name}", quote(str(value))) for name, value in members),
            _HTML,
        )
        return Page(error.status, headers, error_page(error, ids, nested))


def _sent(found: Redirection) -> Page:
    return Page(found.status, (("Location", found.location),))
