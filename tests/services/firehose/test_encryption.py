"""Encryption of what waits for delivery."""

from __future__ import annotations

import sqlite3

from tests.services.firehose.delivering import deliver, make, objects, put
from tests.services.firehose.test_delivery_streams import described, refusal

NAME = {"DeliveryStreamName": "flights"}
OWNED = {"KeyType": "AWS_OWNED_CMK"}


def _waiting(lakebed):
    with sqlite3.connect(lakebed.data_dir / "state" / "store.sqlite") as store:
        return b"".join(bytes(str(row), "utf-8") for row in store.execute(
            "SELECT * FROM firehose_block"))  # fmt: skip


def test_records_that_wait_are_sealed_while_it_is_on(lakebed):
    firehose = make(lakebed)
    put(firehose, b"first in the open")
    firehose.start_delivery_stream_encryption(
        **NAME, DeliveryStreamEncryptionConfigurationInput=OWNED
    )
    assert described(firehose)["DeliveryStreamEncryptionConfiguration"] == {
        "KeyType": "AWS_OWNED_CMK",
        "Status": "ENABLED",
    }
    answer = firehose.put_record(**NAME, Record={"Data": b"then a secret"})
    assert answer["Encrypted"] is True
    waiting = _waiting(lakebed)
    assert b"Zmlyc3QgaW4gdGhlIG9wZW4" in waiting
    assert b"dGhlbiBhIHNlY3JldA" not in waiting
    firehose.stop_delivery_stream_encryption(**NAME)
    assert described(firehose)["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}
    put(firehose, b" and on")
    assert deliver(lakebed) == {"flights": 3}
    assert list(objects(lakebed).values()) == [b"first in the openthen a secret and on"]


def test_records_can_be_sealed_with_a_key_of_the_customer(lakebed):
    kms = lakebed.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    firehose = make(lakebed)
    asked = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": arn}
    firehose.start_delivery_stream_encryption(
        **NAME, DeliveryStreamEncryptionConfigurationInput=asked
    )
    assert described(firehose)["DeliveryStreamEncryptionConfiguration"] == {
        **asked,
        "Status": "ENABLED",
    }
    put(firehose, b"a secret")
    assert b"YSBzZWNyZXQ" not in _waiting(lakebed)
    kms.disable_key(KeyId=arn)
    code, message = refusal(firehose.put_record, **NAME, Record={"Data": b"x"})
    assert (code, message) == ("InvalidKMSResourceException", f"{arn} is disabled.")
    assert deliver(lakebed, after=400) == {"flights": 0}
    kms.enable_key(KeyId=arn)
    assert deliver(lakebed, after=2000) == {"flights": 1}
    assert list(objects(lakebed).values()) == [b"a secret"]


def test_a_key_is_named_where_it_is_the_customers(lakebed):
    firehose = make(lakebed)
    for kind, more, must in (
        ("CUSTOMER_MANAGED_CMK", {}, "must"),
        ("AWS_OWNED_CMK", {"KeyARN": "arn:aws:kms:us-east-1:000000000000:key/0"}, "must not"),
    ):
        assert refusal(
            firehose.start_delivery_stream_encryption,
            **NAME,
            DeliveryStreamEncryptionConfigurationInput={"KeyType": kind, **more},
        ) == (
            "InvalidArgumentException",
            f"KeyARN {must} be specified when KeyType is {kind}",
        )
