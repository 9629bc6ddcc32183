"""What browsers send that is no operation of a service: preflights, visits of websites.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lakebed.core.errors import NotBuiltError
from lakebed.core.visits import Page, Visit
from lakebed.gateway.answering import Answering, as_aws_error
from lakebed.gateway.routing import family_of, object_route
from lakebed.gateway.server import Connection, Slot
from lakebed.gateway.wire.headers import one_line
from lakebed.gateway.wire.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from lakebed.gateway.exchange import Gateway


class _Unread(Answering):
    """A request whose body says nothing."""

    def body(self, data: bytes) -> None:
        """Read over the body."""

    def abort(self) -> None:
        """Nothing to undo."""


class Preflight(_Unread):
    """A browser's question whether a page of another host may ask for something."""

    def complete(self) -> None:
        """Answer with the headers that allow it, or with why it is not allowed."""
        call = self._visit_call(family_of(self._head), "preflight", self._visit())
        self._gateway.dispatcher.visit(call, self._told)

    def _told(self, headers: list[tuple[str, str]] | None, error: BaseException | None) -> None:
        if error is None and headers is None:
            error = NotBuiltError(family_of(self._head), "OPTIONS")
        if error is not None:
            failure = as_aws_error(error, family_of(self._head), self._request_id)
            self._error_code = failure.code
            answer = self._protocol(None).serialise_error(None, failure, self._request_id)
        else:
            shown = [(name, one_line(text)) for name, text in headers or ()]
            answer = HttpResponse(200, [("x-amz-request-id", self._request_id), *shown])
        if self._began:
            self._note(None, answer)
        self._slot.answer(answer)


class PageVisit(_Unread):
    """A request for a page of the website of a bucket, which the host named."""

    def __init__(
        self, gateway: Gateway, connection: Connection, slot: Slot, head: HttpRequest, bucket: str
    ) -> None:
        head.signed_path = head.path
        head.path = f"/{bucket}{head.path}"
        super().__init__(gateway, connection, slot, head)

    def complete(self) -> None:
        """Ask for the page, with what the headers ask of the object."""
        head, found = self._head, object_route("GET")
        plain = HttpRequest("GET", head.path, headers=head.headers)
        try:
            members: dict[str, Any] = self._protocol(found).parse(found.operation, plain)
        except Exception as error:  # noqa: BLE001 (the gateway's edge: a bug is a 500)
            self._fail(found, error)
            return
        visit = Visit(
            head.method, head.path, head.query, head.headers, members, self._connection.is_secure
        )
        call = self._visit_call(found.service, "page", visit)
        self._gateway.dispatcher.visit(call, self._told, is_look=False)

    def _told(self, page: Page | None, error: BaseException | None) -> None:
        found = object_route("GET")
        if page is None:
            self._fail(found, error or NotBuiltError(found.service, "website"))
            return
        if page.found is not None:
            answers = self._protocol(found)
            answer = answers.serialise(found.operation, dict(page.found), self._request_id)
            if page.status:
                answer = replace(answer, status=page.status)
        else:
            shown = [(name, one_line(text)) for name, text in page.headers]
            headers = [("x-amz-request-id", self._request_id), *shown]
            self._error_code = dict(headers).get("x-amz-error-code", "")
            answer = HttpResponse(page.status, headers, page.text.encode())
        self._send(found, answer)
