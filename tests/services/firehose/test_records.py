"""Records, put by boto3: kept before the answer."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from lakebed import testing
from tests.services.firehose.delivering import deliver, make, objects, put
from tests.services.firehose.test_delivery_streams import refusal

NAME = {"DeliveryStreamName": "flights"}
MIB = 1024 * 1024


def test_each_record_has_an_id_of_its_own(lakebed):
    firehose = make(lakebed)
    one = firehose.put_record(**NAME, Record={"Data": b"a"})
    many = firehose.put_record_batch(**NAME, Records=[{"Data": b"b"}, {"Data": b"c"}])
    ids = [one["RecordId"], *(entry["RecordId"] for entry in many["RequestResponses"])]
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{256}", record_id) for record_id in ids)
    assert (one["Encrypted"], many["Encrypted"], many["FailedPutCount"]) == (False, False, 0)
    assert deliver(lakebed) == {"flights": 3}
    assert list(objects(lakebed).values()) == [b"abc"]


def test_a_batch_has_four_mebibytes_at_most(lakebed):
    firehose = make(lakebed)
    records = [{"Data": b"x" * 1_024_000}] * 4
    assert firehose.put_record_batch(**NAME, Records=records)["FailedPutCount"] == 0
    more = [*records, {"Data": b"x" * (4 * MIB + 1 - 4 * 1_024_000)}]
    assert refusal(firehose.put_record_batch, **NAME, Records=more) == (
        "InvalidArgumentException", "Records size exceeds 4 MB limit",
    )  # fmt: skip


def test_a_stream_that_is_not_there_takes_nothing(lakebed):
    firehose = lakebed.client("firehose")
    assert refusal(firehose.put_record, **NAME, Record={"Data": b"x"}) == (
        "ResourceNotFoundException", "Firehose flights under account 000000000000 not found.",
    )  # fmt: skip


def test_accepted_records_survive_a_crash(tmp_path):
    server = testing.start(tmp_path / "data")
    firehose = make(server)
    for at in range(20):
        put(firehose, b"%d," % at)
    server.kill()
    server = testing.start(tmp_path / "data")
    try:
        assert deliver(server) == {"flights": 20}
        assert list(objects(server).values()) == [b"".join(b"%d," % at for at in range(20))]
        assert deliver(server, after=5000) == {}
    finally:
        server.stop()


def test_large_batches_that_come_at_once_are_all_kept(lakebed):
    """Bodies above 256 KiB are handled in threads: none may write over another's records."""
    make(lakebed)
    clients = [lakebed.session().client("firehose", endpoint_url=lakebed.url) for _ in range(4)]
    rounds = 8

    def feed(at):
        for round_number in range(rounds):
            put(clients[at], b"%d-%d;" % (at, round_number), b"x" * 500_000)

    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(feed, range(len(clients))))
    deliver(lakebed)
    found = b"".join(objects(lakebed).values()).replace(b"x", b"")
    sent = {b"%d-%d" % (at, number) for at in range(len(clients)) for number in range(rounds)}
    assert set(found.split(b";")) - {b""} == sent
