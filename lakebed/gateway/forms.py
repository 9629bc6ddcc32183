"""A file that a browser sends to a bucket by a form: read, checked by its policy, put, answered.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
The file is put by the operation that puts any other, so permissions, versions and the audit log
are the same; its request is read from the form's fields as if they were headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from lakebed.core.errors import AwsError
from lakebed.gateway.multipart_form import FormFile, FormParser, malformed_form
from lakebed.gateway.post_policy import PostPolicy, check_fields, check_size, read_policy
from lakebed.gateway.receiving import Receiving, algorithms_of, check_length
from lakebed.gateway.routing import Route, object_route
from lakebed.gateway.server import Connection, Slot
from lakebed.gateway.signature.forms import missing_field
from lakebed.gateway.wire.headers import decode_percent, one_line
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.xml_read import Element, parse_xml
from lakebed.gateway.wire.xml_write import escape

if TYPE_CHECKING:
    from lakebed.gateway.exchange import Gateway

_FORM = "multipart/form-data"
_HEADERS = {
    name: name
    for name in ("cache-control", "content-type", "content-disposition", "content-encoding")
} | {"expires": "expires", "acl": "x-amz-acl", "content-md5": "content-md5"}
"""Fields of a form that are headers of a put; those of `x-amz-` are, too."""
_OF_SIGNATURE = frozenset(
    f"x-amz-{name}" for name in ("algorithm", "credential", "date", "signature")
)


class PostForm(Receiving):
    """A form with a file, of which the fields come first."""

    def __init__(
        self, gateway: Gateway, connection: Connection, slot: Slot, head: HttpRequest
    ) -> None:
        super().__init__(gateway, connection, slot, head)
        self._found = object_route("PUT")
        self._form: FormParser | None = None
        self._policy: PostPolicy | None = None
        self._bucket = self._named = ""
        self._size = 0
        try:
            self._bucket = self._named = _first_part(head.path)
            if head.access_point and not head.path.startswith(head.signed_path):
                # The policy is about the name that the form was sent to.
                self._named = _first_part(head.signed_path) or self._bucket
            kind = head.headers.get("content-type", "")
            if not kind.lower().startswith(_FORM):
                raise _not_a_form()
            check_length(head)
            self._form = FormParser(kind)
        except AwsError as error:
            self._refuse(error)
            return
        if self._expects_continue():
            connection.send_continue()

    def _expects_continue(self) -> bool:
        # What has to be known first is in the body: it is asked for at once.
        return super()._expects_continue() and self._form is None

    def _pieces(self, data: bytes) -> Iterable[bytes]:
        form = self._form
        if form is None:
            return
        is_known = form.file is not None
        for piece in form.feed(data):
            if not is_known:
                is_known = True
                self._begin(form)
            if self._is_refused:
                return
            self._size += len(piece)
            self._check_size(form)
            yield piece
        if not is_known and form.file is not None:
            self._begin(form)

    def _check_size(self, form: FormParser) -> None:
        """Refuse a file as soon as it is too long, with the size it would have had."""
        policy = self._policy
        if policy is not None and policy.sizes is not None and self._size > policy.sizes[1]:
            whole = self._size if form.is_whole else self._size + self._rest(form)
            check_size(policy, whole, is_whole=False)

    def _rest(self, form: FormParser) -> int:
        return form.file_size(int(self._head.headers["content-length"]))

    def _size_hint(self) -> int | None:
        return None if self._form is None else self._size + self._rest(self._form)

    def _begin(self, form: FormParser) -> None:
        """The file begins: look at all fields, and ask whether it may be put."""
        found = object_route("PUT")
        try:
            fields = _expanded(form.fields, form.file)
            if not fields.get("key"):
                raise missing_field("key")
            put = HttpRequest("PUT", "", headers=_headers(fields))
            self._identity = self._gateway.authenticate_form(put, fields)
            if self._identity is not None:
                self._policy = read_policy(fields["policy"])
                check_fields(self._policy, _texts(fields), self._named, self._gateway.clock.now())
            put.path = f"/{quote(self._bucket)}/{quote(fields['key'].encode('latin-1'))}"
            self._algorithms = algorithms_of(put.headers, self._identity)
            self._request = self._protocol(found).parse(found.operation, put)
            call = self._call(found, self._identity, self._request)
        except Exception as error:  # noqa: BLE001 (the gateway's edge: a bug is a 500)
            self._refuse(error)
            return
        self._gateway.dispatcher.begin(call, self._begun)

    def complete(self) -> None:
        """The form is whole: if there was a file in it, put it."""
        form = self._form
        if form is not None and not self._is_refused:
            if form.file is None:
                self._refuse(_no_file() if form.is_whole else malformed_form())
            elif not form.is_whole:
                self._refuse(malformed_form())
        super().complete()

    def _end(self) -> None:
        check_size(self._policy, self._size, is_whole=True)

    def _answer(self, found: Route, response: Any, error: BaseException | None) -> None:
        if error is not None or self._form is None:
            super()._answer(found, response, error)
            return
        answer = self._protocol(found).serialise(found.operation, response, self._request_id)
        fields = _texts(_expanded(self._form.fields, self._form.file))
        place = self._place(fields["key"])
        answer.headers.append(("Location", place))
        self._send(found, _shown(answer, fields, (self._bucket, response["ETag"], place)))

    def _place(self, key: str) -> str:
        """Return the URL of the object."""
        head = self._head
        scheme = "https" if self._connection.is_secure else "http"
        bucket = "" if head.signed_path else f"/{quote(self._bucket)}"
        return f"{scheme}://{head.headers.get('host', '')}{bucket}/{quote(key, safe='')}"


def _first_part(path: str) -> str:
    return decode_percent(path[1:].partition("/")[0])


def _expanded(fields: Mapping[str, str], file: FormFile | None) -> dict[str, str]:
    """Return fields with the file's name in its place; without one they stay as they are."""
    if file is None or file.name is None:
        return dict(fields)
    own = re.split(r"[/\\]", file.name)[-1]
    return {field: value.replace("${filename}", own) for field, value in fields.items()}


def _texts(fields: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.encode("latin-1").decode("utf-8", "replace") for name, value in fields.items()
    }


def _headers(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of the put that a form stands for."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        if name in _HEADERS:
            found[_HEADERS[name]] = value
        elif name == "tagging":
            found["x-amz-tagging"] = _tagging(value)
        elif name.startswith("x-amz-") and name not in _OF_SIGNATURE:
            found[name] = value
    return found


def _tagging(document: str) -> str:
    """Return the tags of a form as the header says them; a document of anything else has none."""
    tags: list[tuple[str, str]] = []
    for tag_set in _named([parse_xml(document.encode("latin-1"))], "TagSet"):
        for tag in _named([tag_set], "Tag"):
            members = {one.name: one.text for one in tag.children}
            tags.append((members.get("Key", ""), members.get("Value", "")))
    return urlencode(tags)


def _named(elements: Iterable[Element], name: str) -> list[Element]:
    return [child for one in elements for child in one.children if child.name == name]


def _shown(
    answer: HttpResponse, fields: Mapping[str, str], made: tuple[str, str, str]
) -> HttpResponse:
    """Return the answer to a form as it asks for it: a page to go to, a document, or nothing.

    `made` is the bucket, the ETag and the URL of the object.
    """
    bucket, etag, place = made
    target = fields.get("success_action_redirect") or fields.get("redirect") or ""
    if urlsplit(target).scheme in ("http", "https") and urlsplit(target).netloc:
        query = urlencode({"bucket": bucket, "key": fields["key"], "etag": etag}, quote_via=quote)
        headers = [header for header in answer.headers if header[0] != "Location"]
        joint = "&" if "?" in target else "?"
        headers.append(("Location", one_line(f"{target}{joint}{query}")))
        return HttpResponse(303, headers, b"")
    status = fields.get("success_action_status")
    if status != "201":
        return HttpResponse(200 if status == "200" else 204, answer.headers, b"")
    rows = {"Location": place, "Bucket": bucket, "Key": fields["key"], "ETag": etag}
    text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in rows.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{text}</PostResponse>'
    return HttpResponse(201, [*answer.headers, ("Content-Type", "application/xml")], body.encode())


def _not_a_form() -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    condition = "Bucket POST must be of the enclosure-type multipart/form-data"
    return AwsError("PreconditionFailed", message, 412, {"Condition": condition})


def _no_file() -> AwsError:
    message = "POST requires exactly one file upload per request."
    members = {"ArgumentName": "file", "ArgumentValue": 0}
    return AwsError("InvalidArgument", message, 400, members)
