"""Any text is a token, or is refused in AWS's words: nothing else comes of it."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.sts._web_tokens import _parts

PIECES = st.binary(max_size=40) | st.sampled_from(
    [b"{}", b'{"iss": "x"}', b"[]", b"null", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 5000]
)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.text(max_size=40) | st.lists(PIECES.map(encoded), max_size=4).map(".".join))
def test_any_text_is_a_token_or_is_refused(text):
    try:
        header, claims, signed, signature = _parts(text)
    except AwsError as error:
        refused = error.code
    else:
        assert (type(header), type(claims)) == (dict, dict)
        assert text.startswith(f"{signed.decode()}.{encoded(signature)[:-1]}")
        refused = "InvalidIdentityToken"
    assert refused == "InvalidIdentityToken"
