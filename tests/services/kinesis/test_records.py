"""Records, by boto3: put, got in their order, refused, sealed."""

import datetime
import hashlib
import time

import pytest
from botocore.config import Config

from lakebed.testing import server
from tests.services.kinesis.answers import HASH_KEYS, body, refused

TEXT = 'text, \N{SNOWMAN} "quoted" \\ null,null [null'


@pytest.fixture
def kinesis(lakebed):
    return lakebed.client("kinesis")


@pytest.fixture
def stream(kinesis):
    name = f"stream-{time.time_ns()}"
    kinesis.create_stream(StreamName=name, ShardCount=2)
    yield name
    kinesis.delete_stream(StreamName=name)


def shards_of(kinesis, stream):
    return kinesis.list_shards(StreamName=stream)["Shards"]


def iterator(kinesis, stream, shard, kind="TRIM_HORIZON", **more):
    return kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType=kind, **more
    )["ShardIterator"]


def got(kinesis, stream, shard, kind="TRIM_HORIZON", **more):
    at = iterator(kinesis, stream, shard, kind, **more)
    return kinesis.get_records(ShardIterator=at)["Records"]


def test_a_record_is_put_where_its_key_belongs_and_got_again(kinesis, stream):
    put = body(kinesis.put_record(StreamName=stream, Data=b"\x00\xff data", PartitionKey=TEXT))
    half = int(hashlib.md5(TEXT.encode()).hexdigest(), 16) * 2 // HASH_KEYS
    assert put["ShardId"] == f"shardId-00000000000{half}"
    (record,) = got(kinesis, stream, put["ShardId"])
    age = datetime.datetime.now(datetime.UTC) - record.pop("ApproximateArrivalTimestamp")
    assert datetime.timedelta() <= age < datetime.timedelta(seconds=30)
    assert record == {
        "SequenceNumber": put["SequenceNumber"],
        "Data": b"\x00\xff data",
        "PartitionKey": TEXT,
    }
    assert len(put["SequenceNumber"]) == 56


def test_records_are_put_in_a_batch_each_into_its_shard(kinesis, stream):
    entries = [
        {"Data": b"%d" % n, "PartitionKey": "x", "ExplicitHashKey": str(n * HASH_KEYS // 4)}
        for n in (3, 0, 1, 2)
    ]
    answer = body(kinesis.put_records(StreamName=stream, Records=entries))
    assert answer["FailedRecordCount"] == 0
    assert [one["ShardId"][-1] for one in answer["Records"]] == ["1", "0", "0", "1"]
    first, second = shards_of(kinesis, stream)
    assert [one["Data"] for one in got(kinesis, stream, first["ShardId"])] == [b"0", b"1"]
    found = got(kinesis, stream, second["ShardId"])
    numbers = [answer["Records"][at]["SequenceNumber"] for at in (0, 3)]
    assert [(one["Data"], one["SequenceNumber"]) for one in found] == list(
        zip([b"3", b"2"], numbers, strict=True)
    )


def test_a_large_batch_keeps_its_order(kinesis, stream):
    entries = [
        {"Data": b"%03d" % n * 1000, "PartitionKey": "one", "ExplicitHashKey": "0"}
        for n in range(500)
    ]
    kinesis.put_records(StreamName=stream, Records=entries)
    found = got(kinesis, stream, "shardId-000000000000")
    assert [one["Data"] for one in found] == [entry["Data"] for entry in entries]


def test_empty_data_is_a_record(kinesis, stream):
    put = kinesis.put_record(StreamName=stream, Data=b"", PartitionKey="k")
    assert got(kinesis, stream, put["ShardId"])[0]["Data"] == b""


def test_reading_goes_on_with_the_next_iterator(kinesis, stream):
    for n in range(5):
        kinesis.put_record(StreamName=stream, Data=b"%d" % n, PartitionKey="k", ExplicitHashKey="0")
    at, seen, behind = iterator(kinesis, stream, "shardId-000000000000"), [], []
    for _ in range(4):
        answer = kinesis.get_records(ShardIterator=at, Limit=2)
        at = answer["NextShardIterator"]
        seen.append([record["Data"] for record in answer["Records"]])
        behind.append(answer["MillisBehindLatest"] >= 0)
    assert seen == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]
    assert all(behind)
    assert answer["MillisBehindLatest"] == 0


def test_a_shard_that_was_split_ends_with_its_children(kinesis, stream):
    kinesis.put_record(StreamName=stream, Data=b"before", PartitionKey="k", ExplicitHashKey="0")
    kinesis.split_shard(
        StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000"
    )
    after = kinesis.put_record(
        StreamName=stream, Data=b"after", PartitionKey="k", ExplicitHashKey="0"
    )
    at = iterator(kinesis, stream, "shardId-000000000000")
    answer = body(kinesis.get_records(ShardIterator=at))
    assert [record["Data"] for record in answer["Records"]] == [b"before"]
    assert "NextShardIterator" not in answer
    assert answer["ChildShards"] == [
        {
            "ShardId": "shardId-000000000002",
            "ParentShards": ["shardId-000000000000"],
            "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "999"},
        },
        {
            "ShardId": "shardId-000000000003",
            "ParentShards": ["shardId-000000000000"],
            "HashKeyRange": {
                "StartingHashKey": "1000",
                "EndingHashKey": str(HASH_KEYS // 2 - 1),
            },
        },
    ]
    assert after["ShardId"] == "shardId-000000000002"
    assert int(after["SequenceNumber"]) > int(answer["Records"][0]["SequenceNumber"])


def test_what_cannot_be_put_is_refused(kinesis, stream):
    put, records = kinesis.put_record, kinesis.put_records
    large = {"Data": bytes((1 << 20) + 1), "PartitionKey": "k"}
    assert refused(put, StreamName=stream, **large) == (
        "ValidationException",
        "1 validation error detected: Value at 'data' failed to satisfy constraint: "
        "Member must have length less than or equal to 1048576",
    )
    assert refused(records, StreamName=stream, Records=[large])[0] == "ValidationException"
    explicit = {"Data": b"", "PartitionKey": "k", "ExplicitHashKey": str(HASH_KEYS)}
    assert refused(put, StreamName=stream, **explicit) == (
        "InvalidArgumentException",
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        f"Specified value was {HASH_KEYS}",
    )
    assert refused(put, StreamName="nobody", Data=b"", PartitionKey="k") == (
        "ResourceNotFoundException",
        "Stream nobody under account 000000000000 not found.",
    )
    assert refused(put, StreamName=stream, Data=b"", PartitionKey="k", DryRun=True) == (
        "DryRunOperationException",
        "The request would have succeeded, but DryRun is set.",
    )
    assert not got(kinesis, stream, "shardId-000000000000")


def test_a_batch_is_ten_megabytes_at_most(kinesis, stream):
    entries = [{"Data": bytes(1 << 20), "PartitionKey": "k"}] * 10
    assert refused(kinesis.put_records, StreamName=stream, Records=entries) == (
        "InvalidArgumentException",
        "Records size exceeds 10 MB limit",
    )


def test_an_order_is_asked_for_with_a_sequence_number(kinesis, stream):
    first = kinesis.put_record(StreamName=stream, Data=b"", PartitionKey="k")
    again = kinesis.put_record(
        StreamName=stream,
        Data=b"",
        PartitionKey="k",
        SequenceNumberForOrdering=first["SequenceNumber"],
    )
    assert int(again["SequenceNumber"]) > int(first["SequenceNumber"])
    wrong = {"Data": b"", "PartitionKey": "k", "SequenceNumberForOrdering": "17"}
    assert refused(kinesis.put_record, StreamName=stream, **wrong) == (
        "InvalidArgumentException",
        "SequenceNumberForOrdering 17 is no sequence number of a record.",
    )


def test_iterators_of_others_and_torn_ones_are_refused(kinesis, stream):
    at = iterator(kinesis, stream, "shardId-000000000000")
    other = at[:20] + ("B" if at[20] == "A" else "A") + at[21:]
    for wrong in ("x", at[:-5], other, "AAAA" * 40):
        assert refused(kinesis.get_records, ShardIterator=wrong) == (
            "InvalidArgumentException",
            "Invalid ShardIterator.",
        )


def test_an_iterator_of_another_stream_than_the_one_named_is_refused(kinesis, stream):
    kinesis.create_stream(StreamName="other", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
        "StreamARN"
    ]
    (shard, *_) = kinesis.list_shards(StreamName=stream)["Shards"]
    at = kinesis.get_shard_iterator(
        StreamARN=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert kinesis.get_records(StreamARN=arn, ShardIterator=at)["Records"] == []
    other = arn.replace(stream, "other")
    assert refused(kinesis.get_records, StreamARN=other, ShardIterator=at) == (
        "InvalidArgumentException",
        "Invalid ShardIterator: it is not of the stream that StreamARN names.",
    )
    kinesis.delete_stream(StreamName="other")


def test_an_iterator_ends_with_its_stream(kinesis):
    name = f"gone-{time.time_ns()}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    at = iterator(kinesis, name, "shardId-000000000000")
    kinesis.delete_stream(StreamName=name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.put_record(StreamName=name, Data=b"of another", PartitionKey="k")
    assert refused(kinesis.get_records, ShardIterator=at) == (
        "ResourceNotFoundException",
        f"Shard shardId-000000000000 in stream {name} under account 000000000000 does not exist",
    )
    kinesis.delete_stream(StreamName=name)


def test_throughput_is_limited_if_the_settings_say_so(monkeypatch):
    monkeypatch.setenv("LAKEBED_KINESIS_THROUGHPUT", "enforced")
    with server() as limited:
        kinesis = limited.client("kinesis", config=Config(retries={"total_max_attempts": 1}))
        kinesis.create_stream(StreamName="slow", ShardCount=1)
        entries = [{"Data": bytes(300_000), "PartitionKey": "k"}] * 5
        answer = kinesis.put_records(StreamName="slow", Records=entries)
        sentence = (
            "Rate exceeded for shard shardId-000000000000 in stream slow under account "
            "000000000000."
        )
        code = "ProvisionedThroughputExceededException"
        assert answer["FailedRecordCount"] == 2
        assert answer["Records"][3:] == [{"ErrorCode": code, "ErrorMessage": sentence}] * 2
        large = {"Data": bytes(900_000), "PartitionKey": "k"}
        assert refused(kinesis.put_record, StreamName="slow", **large) == (code, sentence)
        at = iterator(kinesis, "slow", "shardId-000000000000")
        for _ in range(5):
            assert len(kinesis.get_records(ShardIterator=at)["Records"]) == 3
        assert refused(kinesis.get_records, ShardIterator=at) == (code, sentence)


def test_records_of_an_encrypted_stream_are_sealed_on_the_disk(lakebed, kinesis, stream):
    key = lakebed.client("kms").create_key()["KeyMetadata"]["Arn"]
    kinesis.put_record(StreamName=stream, Data=b"plain", PartitionKey="k", ExplicitHashKey="0")
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)
    put = kinesis.put_record(
        StreamName=stream, Data=b"hidden secret", PartitionKey="hidden key", ExplicitHashKey="0"
    )
    assert put["EncryptionType"] == "KMS"
    many = [{"Data": b"hidden %d" % n, "PartitionKey": "k", "ExplicitHashKey": "0"} for n in (1, 2)]
    assert kinesis.put_records(StreamName=stream, Records=many)["EncryptionType"] == "KMS"
    kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)
    kinesis.put_record(StreamName=stream, Data=b"again", PartitionKey="k", ExplicitHashKey="0")
    found = got(kinesis, stream, "shardId-000000000000")
    assert [(one["Data"], one.get("EncryptionType")) for one in found] == [
        (b"plain", None),
        (b"hidden secret", "KMS"),
        (b"hidden 1", "KMS"),
        (b"hidden 2", "KMS"),
        (b"again", None),
    ]
    assert found[1]["SequenceNumber"] == put["SequenceNumber"]
    kept = b"".join(path.read_bytes() for path in lakebed.data_dir.glob("state/streams/*/*.log"))
    for secret in (b"hidden", b"aGlkZGVu"):
        assert secret not in kept


def test_nothing_is_put_with_a_key_that_is_disabled(lakebed, kinesis, stream):
    kms = lakebed.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)
    kms.disable_key(KeyId=key)
    put = {"StreamName": stream, "Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}
    assert refused(kinesis.put_record, **put) == ("KMSDisabledException", f"{key} is disabled.")
    assert not got(kinesis, stream, "shardId-000000000000")
