"""Encoded messages, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import error_of


def test_no_message_is_valid(strict):
    sts = strict.client("sts")
    assert error_of(lambda: sts.decode_authorization_message(EncodedMessage="x")) == (
        "InvalidAuthorizationMessageException", "Message is not valid", 400,
    )  # fmt: skip
