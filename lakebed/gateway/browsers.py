"""What browsers send that is no operation of a service: preflights.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

from lakebed.core.errors import NotBuiltError
from lakebed.gateway.answering import Answering, as_aws_error
from lakebed.gateway.routing import family_of
from lakebed.gateway.wire.http import HttpResponse


class Preflight(Answering):
    """A browser's question whether a page of another host may ask for something."""

    def body(self, data: bytes) -> None:
        """Read over the body."""

    def complete(self) -> None:
        """Answer with the headers that allow it, or with why it is not allowed."""
        self._visit(family_of(self._head), "preflight", self._told)

    def _told(self, headers: list[tuple[str, str]] | None, error: BaseException | None) -> None:
        if error is None and headers is None:
            error = NotBuiltError(family_of(self._head), "OPTIONS")
        if error is not None:
            failure = as_aws_error(error, family_of(self._head), self._request_id)
            answer = self._protocol(None).serialise_error(None, failure, self._request_id)
        else:
            answer = HttpResponse(200, [("x-amz-request-id", self._request_id), *(headers or [])])
        self._slot.answer(answer)

    def abort(self) -> None:
        """Nothing to undo."""
