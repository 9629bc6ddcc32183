from __future__ import annotations

import datetime

import pytest

from lakebed.services.s3._lifecycle import LifecycleRule, Transition, rule_of
from tests.services.s3.answers import answer, refusal

EXPIRES = {"Expiration": {"Days": 1}}
MALFORMED = (
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
)
ALL = "all_storage_classes_128K"


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def rule(**members):
    found = {"ID": "one", "Status": "Enabled", "Filter": {}, **members}
    if "Prefix" in members:
        del found["Filter"]
    return found


def put(s3, *rules, **more):
    configuration = {"Rules": list(rules)}
    return s3.put_bucket_lifecycle_configuration(
        Bucket="lake", LifecycleConfiguration=configuration, **more
    )


def test_rules_are_kept_as_they_were_put(s3):
    midnight = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    tag = {"Key": "a", "Value": "b"}
    rules = [
        rule(ID="1", Filter={"Prefix": ""}, Expiration={"Date": midnight}),
        rule(ID="2", Filter={"Tag": tag}, NoncurrentVersionExpiration={"NoncurrentDays": 3}),
        rule(
            ID="3",
            Status="Disabled",
            Filter={
                "And": {
                    "Prefix": "p/",
                    "Tags": [tag, {"Key": "c", "Value": ""}],
                    "ObjectSizeGreaterThan": 1,
                    "ObjectSizeLessThan": 100,
                }
            },
            Expiration={"Days": 400},
            Transitions=[
                {"Days": 30, "StorageClass": "STANDARD_IA"},
                {"Days": 90, "StorageClass": "DEEP_ARCHIVE"},
            ],
        ),
        rule(
            ID="4",
            Expiration={"ExpiredObjectDeleteMarker": True},
            AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7},
        ),
        rule(
            ID="5",
            Filter={"ObjectSizeGreaterThan": 0},
            NoncurrentVersionTransitions=[
                {"NoncurrentDays": 0, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 2}
            ],
            NoncurrentVersionExpiration={"NoncurrentDays": 9, "NewerNoncurrentVersions": 100},
        ),
    ]
    assert answer(put(s3, *rules)) == {"TransitionDefaultMinimumObjectSize": ALL}
    found = s3.get_bucket_lifecycle_configuration(Bucket="lake")
    assert found["Rules"] == rules
    assert found["TransitionDefaultMinimumObjectSize"] == ALL


def test_the_old_form_with_a_prefix_is_kept_too(s3):
    rules = [rule(ID="1", Prefix="a/", **EXPIRES), rule(ID="2", Prefix="b/", **EXPIRES)]
    put(s3, *rules, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    assert answer(s3.get_bucket_lifecycle_configuration(Bucket="lake")) == {
        "Rules": rules,
        "TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
    }
    rules = {"Rules": rules}
    assert refusal(
        s3.put_bucket_lifecycle_configuration,
        Bucket="lake", LifecycleConfiguration=rules, TransitionDefaultMinimumObjectSize="value",
    ) == (400, {
        "Code": "InvalidRequest",
        "Message": "Invalid TransitionDefaultMinimumObjectSize found: value",
    })  # fmt: skip


def test_a_rule_without_an_id_gets_one(s3):
    first = {"Status": "Enabled", "Filter": {"Prefix": "a"}, **EXPIRES}
    put(s3, first, {**first, "Filter": {"Prefix": "b"}})
    ids = [one["ID"] for one in s3.get_bucket_lifecycle_configuration(Bucket="lake")["Rules"]]
    assert len(set(ids)) == 2
    assert {len(one) for one in ids} == {48}


def test_rules_are_deleted_all_at_once(s3):
    missing = (
        404,
        {
            "Code": "NoSuchLifecycleConfiguration",
            "Message": "The lifecycle configuration does not exist",
            "BucketName": "lake",
        },
    )
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket="lake") == missing
    put(s3, rule(**EXPIRES))
    for _ in range(2):
        deleted = s3.delete_bucket_lifecycle(Bucket="lake")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket="lake") == missing


def test_a_new_bucket_has_no_rules_of_an_old_one(s3):
    put(s3, rule(**EXPIRES))
    s3.delete_bucket(Bucket="lake")
    s3.create_bucket(Bucket="lake")
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket="lake")[0] == 404


def move(days=None, storage_class="GLACIER", **more):
    return {**({} if days is None else {"Days": days}), "StorageClass": storage_class, **more}


NOON = datetime.datetime(2031, 1, 1, 12, tzinfo=datetime.UTC)
MIDNIGHT = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
TAG = {"Key": "a", "Value": "b"}
IA = "STANDARD_IA"
REFUSED = [
    ([], MALFORMED),
    ([rule()], ("InvalidRequest", "At least one action needs to be specified in a rule")),
    ([rule(Status="enabled", **EXPIRES)], MALFORMED),
    (
        [rule(ID="a" * 256, **EXPIRES)],
        ("InvalidArgument", "ID length should not exceed allowed limit of 255"),
    ),
    (
        [rule(**EXPIRES), rule(**EXPIRES)],
        ("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule"),
    ),
    ([{"ID": "one", "Status": "Enabled", **EXPIRES}], MALFORMED),
    ([{**rule(**EXPIRES), "Prefix": ""}], MALFORMED),
    ([rule(Filter={"Prefix": "a", "Tag": TAG}, **EXPIRES)], MALFORMED),
    ([rule(Filter={"And": {"Prefix": "a"}}, **EXPIRES)], MALFORMED),
    (
        [rule(Filter={"And": {"Tags": [TAG, TAG]}}, **EXPIRES)],
        ("InvalidRequest", "Duplicate Tag Keys are not allowed."),
    ),
    (
        [rule(Filter={"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 9}}, **EXPIRES)],
        (
            "InvalidRequest",
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'",
        ),
    ),
    (
        [rule(ID="1", **EXPIRES), rule(ID="2", Prefix="a", **EXPIRES)],
        (
            "InvalidRequest",
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the "
            "Filter.",
        ),
    ),
    (
        [rule(ID="1", Prefix="a", **EXPIRES), rule(ID="2", Prefix="a", **EXPIRES)],
        ("InvalidArgument", "Found two rules with same prefix 'a'"),
    ),
    (
        [rule(ID="1", Prefix="ab", **EXPIRES), rule(ID="2", Prefix="a", **EXPIRES)],
        (
            "InvalidRequest",
            "Found overlapping prefixes 'a' and 'ab' for same action type 'Expiration'",
        ),
    ),
    (
        [rule(Expiration={"Days": 0})],
        ("InvalidArgument", "'Days' for Expiration action must be a positive integer"),
    ),
    ([rule(Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True})], MALFORMED),
    ([rule(Expiration={"Days": 1, "Date": MIDNIGHT})], MALFORMED),
    (
        [rule(Expiration={"Date": NOON})],
        ("InvalidArgument", "'Date' must be at midnight GMT"),
    ),
    (
        [rule(Filter={"Tag": TAG}, Expiration={"ExpiredObjectDeleteMarker": True})],
        ("InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags."),
    ),
    ([rule(Transitions=[move(1, "STANDARD")])], MALFORMED),
    ([rule(Transitions=[move()])], MALFORMED),
    ([rule(Transitions=[move(1, Date=MIDNIGHT)])], MALFORMED),
    (
        [rule(Transitions=[move(Date=NOON)])],
        ("InvalidArgument", "'Date' must be at midnight GMT"),
    ),
    (
        [rule(Transitions=[move(29, IA)])],
        (
            "InvalidArgument",
            "'Days' in Transition action must be greater than or equal to 30 for storageClass "
            "'STANDARD_IA'",
        ),
    ),
    (
        [rule(Transitions=[move(1), move(2)])],
        (
            "InvalidRequest",
            "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter "
            "'(prefix=)'",
        ),
    ),
    (
        [rule(Transitions=[move(1)], Expiration={"Date": MIDNIGHT})],
        (
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle "
            "rule for filter '(prefix=)'",
        ),
    ),
    (
        [rule(Filter={"Prefix": "p"}, Transitions=[move(30)], Expiration={"Days": 30})],
        (
            "InvalidArgument",
            "'Days' in the Expiration action for filter '(prefix=p)' must be greater than 'Days' "
            "in the Transition action",
        ),
    ),
    (
        [rule(Transitions=[move(30), move(60, IA)])],
        (
            "InvalidArgument",
            "'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=)' "
            "must be greater than 'Days' in the 'Transition' action for StorageClass 'STANDARD_IA' "
            "for filter '(prefix=)'",
        ),
    ),
    (
        [rule(NoncurrentVersionExpiration={"NoncurrentDays": 0})],
        (
            "InvalidArgument",
            "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
        ),
    ),
    ([rule(NoncurrentVersionExpiration={"NewerNoncurrentVersions": 1})], MALFORMED),
    (
        [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 0})],
        (
            "InvalidArgument",
            "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive "
            "integer",
        ),
    ),
    (
        [rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0})],
        (
            "InvalidArgument",
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive "
            "integer",
        ),
    ),
    (
        [rule(Filter={"Tag": TAG}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})],
        ("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags."),
    ),
    (
        [
            rule(
                Filter={"ObjectSizeGreaterThan": 1},
                AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1},
            )
        ],
        ("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Object Size."),
    ),
    (
        [rule(ID=str(number), **EXPIRES) for number in range(1001)],
        (
            "InvalidRequest",
            "The number of lifecycle rules must not exceed the allowed limit of 1000 rules",
        ),
    ),
]


def test_what_is_no_lifecycle_is_refused_in_s3s_words(s3):
    put(s3, rule(**EXPIRES))
    operation = s3.put_bucket_lifecycle_configuration
    for rules, (code, message) in REFUSED:
        call = {"Bucket": "lake", "LifecycleConfiguration": {"Rules": rules}}
        assert refusal(operation, **call) == (400, {"Code": code, "Message": message}), rules
    assert s3.get_bucket_lifecycle_configuration(Bucket="lake")["Rules"] == [rule(**EXPIRES)]


def test_a_rule_is_read_in_one_form():
    document = rule(
        Filter={"And": {"Prefix": "p/", "Tags": [TAG], "ObjectSizeLessThan": 9}},
        Expiration={"Days": 5},
        Transitions=[{"Days": 1, "StorageClass": "GLACIER"}],
        NoncurrentVersionExpiration={"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
    )
    assert rule_of(document) == LifecycleRule(
        id="one",
        is_enabled=True,
        prefix="p/",
        tags={"a": "b"},
        larger_than=None,
        smaller_than=9,
        expiration_days=5,
        expiration_date=None,
        removes_lone_markers=False,
        transitions=(Transition("GLACIER", 1),),
        noncurrent_days=3,
        newer_noncurrent_versions=2,
        noncurrent_transitions=(),
        abort_upload_days=None,
    )
    for chosen in ({"Prefix": "p"}, {"Filter": {"Prefix": "p"}}):
        assert rule_of({"Status": "Disabled", **chosen, **EXPIRES}).prefix == "p"
    assert rule_of(rule(Filter={"Tag": TAG}, **EXPIRES)).tags == {"a": "b"}
