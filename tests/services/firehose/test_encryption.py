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


def test_keys_of_customers_are_not_built(lakebed):
    firehose = make(lakebed)
    arn = "arn:aws:kms:us-east-1:000000000000:key/0"
    code, message = refusal(
        firehose.start_delivery_stream_encryption,
        **NAME,
        DeliveryStreamEncryptionConfigurationInput={
            "KeyType": "CUSTOMER_MANAGED_CMK",
            "KeyARN": arn,
        },
    )
    assert code == "LakebedNotBuilt"
    assert "firehose.StartDeliveryStreamEncryption (KeyType CUSTOMER_MANAGED_CMK)" in message
