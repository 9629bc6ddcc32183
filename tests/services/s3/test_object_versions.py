from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.s3._versions import is_version_id
from tests.services.s3.answers import RECENT, answer, refusal

ONE, TWO = '"f97c5d29941bfb1b2fdab0874906ab82"', '"b8a9f715dbb64fd5c56e7783c6820a61"'
OWNER = {"ID": "000000000000"}
NEVER_MADE = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"


@pytest.fixture
def plain(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


@pytest.fixture
def s3(plain):
    versioning(plain, "Enabled")
    return plain


def versioning(s3, status: str) -> None:
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": status})


def put(s3, body: bytes, key: str = "k") -> str:
    return s3.put_object(Bucket="lake", Key=key, Body=body).get("VersionId", "null")


def body(s3, **asked) -> bytes:
    return s3.get_object(Bucket="lake", Key="k", **asked)["Body"].read()


def version(version_id: str, etag: str, *, latest: bool, key: str = "k", size: int = 3):
    return {
        "Key": key,
        "VersionId": version_id,
        "IsLatest": latest,
        "LastModified": RECENT,
        "ETag": etag,
        "ChecksumAlgorithm": ["CRC32"],
        "ChecksumType": "FULL_OBJECT",
        "Size": size,
        "StorageClass": "STANDARD",
        "Owner": OWNER,
    }


def marker(version_id: str, *, latest: bool, key: str = "k"):
    return {
        "Key": key,
        "VersionId": version_id,
        "IsLatest": latest,
        "LastModified": RECENT,
        "Owner": OWNER,
    }


def listed(s3, **asked):
    return answer(s3.list_object_versions(Bucket="lake", **asked))


def ids(page) -> list[str]:
    items = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [item["VersionId"] for item in items]


def no_such_key(key: str = "k"):
    message = "The specified key does not exist."
    return 404, {"Code": "NoSuchKey", "Message": message, "Key": key}


def no_such_version(version_id: str):
    return 404, {
        "Code": "NoSuchVersion",
        "Message": "The specified version does not exist.",
        "Key": "k",
        "VersionId": version_id,
    }


def invalid_version(value: str, name: str = "versionId"):
    return 400, {
        "Code": "InvalidArgument",
        "Message": "Invalid version id specified",
        "ArgumentName": name,
        "ArgumentValue": value,
    }


def test_a_replaced_object_is_kept_as_a_version(s3):
    first, second = put(s3, b"one"), put(s3, b"two")
    assert (body(s3), body(s3, VersionId=first), body(s3, VersionId=second)) == (
        b"two",
        b"one",
        b"two",
    )
    assert s3.get_object(Bucket="lake", Key="k")["VersionId"] == second
    assert s3.head_object(Bucket="lake", Key="k", VersionId=first)["VersionId"] == first
    assert listed(s3) == {
        "IsTruncated": False,
        "Name": "lake",
        "Prefix": "",
        "KeyMarker": "",
        "VersionIdMarker": "",
        "MaxKeys": 1000,
        "EncodingType": "url",
        "Versions": [version(second, TWO, latest=True), version(first, ONE, latest=False)],
    }
    assert len(s3.list_objects_v2(Bucket="lake")["Contents"]) == 1


def test_deleting_an_object_makes_a_delete_marker(s3):
    first = put(s3, b"one")
    deleted = answer(s3.delete_object(Bucket="lake", Key="k"))
    made = deleted["VersionId"]
    assert deleted == {"DeleteMarker": True, "VersionId": made}
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")
    page = listed(s3)
    assert page["Versions"] == [version(first, ONE, latest=False)]
    assert page["DeleteMarkers"] == [marker(made, latest=True)]
    assert body(s3, VersionId=first) == b"one"
    assert answer(s3.delete_object(Bucket="lake", Key="k", VersionId=made)) == deleted
    assert (body(s3), ids(listed(s3))) == (b"one", [first])


def headers_of(s3, look, **asked):
    with pytest.raises(s3.exceptions.ClientError) as caught:
        look(Bucket="lake", Key="k", **asked)
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    names = ("x-amz-delete-marker", "x-amz-version-id", "allow", "last-modified")
    return {name: headers[name] for name in names if name in headers}


def test_a_reader_who_meets_a_delete_marker_is_told_so(s3):
    put(s3, b"one")
    made = s3.delete_object(Bucket="lake", Key="k")["VersionId"]
    entry = s3.list_object_versions(Bucket="lake")["DeleteMarkers"][0]
    seen = {"x-amz-delete-marker": "true", "x-amz-version-id": made}
    assert refusal(s3.get_object, Bucket="lake", Key="k") == no_such_key()
    not_found = 404, {"Code": "404", "Message": "Not Found"}
    assert refusal(s3.head_object, Bucket="lake", Key="k") == not_found
    refused = (
        405,
        {
            "Code": "MethodNotAllowed",
            "Message": "The specified method is not allowed against this resource.",
            "Method": "GET",
            "ResourceType": "DeleteMarker",
        },
    )
    assert refusal(s3.get_object, Bucket="lake", Key="k", VersionId=made) == refused
    since = entry["LastModified"].strftime("%a, %d %b %Y %H:%M:%S GMT")
    for look in (s3.get_object, s3.head_object):
        assert headers_of(s3, look) == seen
        named = {**seen, "allow": "DELETE", "last-modified": since}
        assert headers_of(s3, look, VersionId=made) == named


def test_a_version_is_deleted_for_good(s3):
    first, second, third = put(s3, b"one"), put(s3, b"two"), put(s3, b"3")
    delete = {"Bucket": "lake", "Key": "k"}
    assert answer(s3.delete_object(**delete, VersionId=second)) == {"VersionId": second}
    assert refusal(s3.get_object, **delete, VersionId=second) == no_such_version(second)
    assert (body(s3), ids(listed(s3))) == (b"3", [third, first])
    s3.delete_object(**delete, VersionId=third)
    assert (body(s3), ids(listed(s3))) == (b"one", [first])
    assert answer(s3.delete_object(**delete, VersionId=third)) == {"VersionId": third}
    s3.delete_object(**delete, VersionId=first)
    assert refusal(s3.get_object, **delete) == no_such_key()
    assert ids(listed(s3)) == []


def test_an_id_that_was_never_given_out_is_refused(s3):
    made = put(s3, b"one")
    wrong = made[:-1] + ("A" if made[-1] != "A" else "B")
    for name in (NEVER_MADE, wrong, "x", made + "x"):
        for operation in (s3.get_object, s3.delete_object, s3.get_object_tagging):
            named = {"Bucket": "lake", "Key": "k", "VersionId": name}
            assert refusal(operation, **named) == invalid_version(name)
    assert refusal(s3.get_object, Bucket="lake", Key="k", VersionId="") == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Version id cannot be the empty string",
            "ArgumentName": "versionId",
            "ArgumentValue": None,
        },
    )
    assert refusal(s3.get_object, Bucket="lake", Key="k", VersionId="null") == (
        no_such_version("null")
    )
    named = {"Bucket": "lake", "Key": "other", "VersionId": made}
    assert refusal(s3.get_object, **named)[1]["Code"] == "NoSuchVersion"


def test_what_was_there_before_versioning_is_the_null_version(plain):
    s3 = plain
    put(s3, b"one")
    assert "VersionId" not in s3.get_object(Bucket="lake", Key="k", VersionId="null")
    assert listed(s3)["Versions"] == [version("null", ONE, latest=True)]
    versioning(s3, "Enabled")
    assert s3.head_object(Bucket="lake", Key="k")["VersionId"] == "null"
    second = put(s3, b"two")
    assert listed(s3)["Versions"] == [
        version(second, TWO, latest=True),
        version("null", ONE, latest=False),
    ]
    assert body(s3, VersionId="null") == b"one"
    deleted = answer(s3.delete_object(Bucket="lake", Key="k", VersionId="null"))
    assert deleted == {"VersionId": "null"}
    assert ids(listed(s3)) == [second]


def test_the_null_version_survives_what_is_put_in_the_same_second(plain):
    s3 = plain
    put(s3, b"one")
    versioning(s3, "Enabled")
    later = [put(s3, b"two") for _ in range(3)]
    assert ids(listed(s3)) == [*later[::-1], "null"]
    assert body(s3, VersionId="null") == b"one"


def test_a_suspended_bucket_replaces_only_its_null_version(s3):
    first = put(s3, b"one")
    versioning(s3, "Suspended")
    suspended = s3.put_object(Bucket="lake", Key="k", Body=b"two")
    assert "VersionId" not in suspended
    assert s3.get_object(Bucket="lake", Key="k")["VersionId"] == "null"
    put(s3, b"3")
    assert (body(s3), ids(listed(s3))) == (b"3", ["null", first])
    deleted = answer(s3.delete_object(Bucket="lake", Key="k"))
    assert deleted == {"DeleteMarker": True, "VersionId": "null"}
    assert listed(s3)["DeleteMarkers"] == [marker("null", latest=True)]
    assert listed(s3)["Versions"] == [version(first, ONE, latest=False)]
    s3.delete_object(Bucket="lake", Key="k")
    assert sorted(ids(listed(s3))) == sorted([first, "null"])
    put(s3, b"two")
    assert listed(s3)["Versions"] == [
        version("null", TWO, latest=True),
        version(first, ONE, latest=False),
    ]
    assert "DeleteMarkers" not in listed(s3)


def test_many_are_deleted_at_once_each_in_its_way(s3):
    first, second = put(s3, b"one"), put(s3, b"two")
    old = put(s3, b"one", "gone")
    made = s3.delete_object(Bucket="lake", Key="gone")["VersionId"]
    wanted = [
        {"Key": "k", "VersionId": first},
        {"Key": "gone", "VersionId": made},
        {"Key": "k"},
        {"Key": "absent"},
        {"Key": "k", "VersionId": NEVER_MADE},
        {"Key": "gone", "VersionId": made},
    ]
    response = answer(s3.delete_objects(Bucket="lake", Delete={"Objects": wanted}))
    markers = [entry.get("DeleteMarkerVersionId", "") for entry in response["Deleted"]]
    assert response == {
        "Deleted": [
            {"Key": "k", "VersionId": first},
            {
                "Key": "gone",
                "VersionId": made,
                "DeleteMarker": True,
                "DeleteMarkerVersionId": made,
            },
            {"Key": "k", "DeleteMarker": True, "DeleteMarkerVersionId": markers[2]},
            {"Key": "absent", "DeleteMarker": True, "DeleteMarkerVersionId": markers[3]},
            {"Key": "gone", "VersionId": made},
        ],
        "Errors": [
            {
                "Key": "k",
                "VersionId": NEVER_MADE,
                "Code": "NoSuchVersion",
                "Message": "The specified version does not exist.",
            }
        ],
    }
    page = listed(s3)
    assert [item["VersionId"] for item in page["Versions"]] == [old, second]
    latest = {item["VersionId"]: item["IsLatest"] for item in page["DeleteMarkers"]}
    assert latest == {markers[2]: True, markers[3]: True}


def test_governance_cannot_be_passed_by_where_there_is_none(s3):
    expected = (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "x-amz-bypass-governance-retention is only applicable to Object Lock "
            "enabled buckets.",
            "ArgumentName": "x-amz-bypass-governance-retention",
        },
    )
    bypass = {"Bucket": "lake", "BypassGovernanceRetention": True}
    assert refusal(s3.delete_object, **bypass, Key="k") == expected


def filled(s3) -> list[tuple[str, str]]:
    """Make versions of several keys and return them in the order of a listing."""
    made: dict[str, list[str]] = {}
    for key in ("a/1", "a/2", "b", "b", "b", "c/1", "d"):
        made.setdefault(key, []).insert(0, put(s3, b"one", key))
    made["d"].insert(0, s3.delete_object(Bucket="lake", Key="d")["VersionId"])
    return [(key, version_id) for key, versions in made.items() for version_id in versions]


def paged(s3, **asked) -> tuple[list[tuple[str, str]], list[str]]:
    found: list[tuple[str, str]] = []
    prefixes: list[str] = []
    markers: dict[str, str] = {}
    while True:
        page = s3.list_object_versions(Bucket="lake", **asked, **markers)
        items = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        assert len(items) + len(page.get("CommonPrefixes", [])) <= asked["MaxKeys"]
        found += [(item["Key"], item["VersionId"]) for item in items]
        prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            return found, prefixes
        markers = {"KeyMarker": page["NextKeyMarker"]}
        if "NextVersionIdMarker" in page:
            markers["VersionIdMarker"] = page["NextVersionIdMarker"]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_of_versions_follow_each_other(s3, size):
    everything = filled(s3)
    found, _ = paged(s3, MaxKeys=size)
    assert sorted(found) == sorted(everything)
    assert [key for key, _ in found] == sorted(key for key, _ in found) or size == 100
    found, prefixes = paged(s3, MaxKeys=size, Delimiter="/")
    assert prefixes == ["a/", "c/"]
    assert sorted(found) == sorted(entry for entry in everything if "/" not in entry[0])
    found, _ = paged(s3, MaxKeys=size, Prefix="b")
    assert found == [entry for entry in everything if entry[0] == "b"]


def test_a_page_names_where_the_next_begins(s3):
    everything = filled(s3)
    first = listed(s3, MaxKeys=4)
    assert (first["NextKeyMarker"], first["NextVersionIdMarker"]) == everything[3]
    rest = listed(s3, KeyMarker=everything[3][0], VersionIdMarker=everything[3][1])
    assert [item["VersionId"] for item in rest["Versions"]] == [
        everything[4][1],
        everything[5][1],
        everything[7][1],
    ]
    assert (rest["KeyMarker"], rest["VersionIdMarker"]) == everything[3]
    assert [item["IsLatest"] for item in rest["Versions"]] == [False, True, False]
    keys = listed(s3, KeyMarker="b")
    assert [item["Key"] for item in keys["Versions"]] == ["c/1", "d"]
    rolled = listed(s3, Delimiter="/", MaxKeys=1)
    assert (rolled["NextKeyMarker"], "NextVersionIdMarker" in rolled) == ("a/", False)


def test_a_listing_goes_on_after_a_version_that_was_deleted_meanwhile(s3):
    made = [put(s3, b"one") for _ in range(6)]
    found: list[str] = []
    page = s3.list_object_versions(Bucket="lake", MaxKeys=2)
    while True:
        entries = [(item["Key"], item["VersionId"]) for item in page["Versions"]]
        found += [version_id for _, version_id in entries]
        for key, version_id in entries:
            s3.delete_object(Bucket="lake", Key=key, VersionId=version_id)
        if not page["IsTruncated"]:
            break
        page = s3.list_object_versions(
            Bucket="lake",
            MaxKeys=2,
            KeyMarker=page["NextKeyMarker"],
            VersionIdMarker=page["NextVersionIdMarker"],
        )
    assert found == made[::-1]
    s3.delete_bucket(Bucket="lake")


def test_markers_that_cannot_be_meant_are_refused(s3):
    made = put(s3, b"one")
    assert refusal(s3.list_object_versions, Bucket="lake", VersionIdMarker=made) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "A version-id marker cannot be specified without a key marker.",
            "ArgumentName": "version-id-marker",
            "ArgumentValue": made,
        },
    )
    both = {"Bucket": "lake", "KeyMarker": "k", "VersionIdMarker": "nonsense"}
    assert refusal(s3.list_object_versions, **both) == (
        invalid_version("nonsense", "version-id-marker")
    )


@pytest.mark.parametrize(
    "key", ["a//b", "/", "..", "dir/", "é ü+%&=?#", "\U0001f30a", "tab\t", " "]
)
def test_any_key_has_versions(s3, key):
    first, second = put(s3, b"one", key), put(s3, b"two", key)
    got = s3.get_object(Bucket="lake", Key=key, VersionId=first)
    assert got["Body"].read() == b"one"
    assert listed(s3)["Versions"] == [
        version(second, TWO, latest=True, key=key),
        version(first, ONE, latest=False, key=key),
    ]
    s3.delete_object(Bucket="lake", Key=key, VersionId=second)
    assert s3.get_object(Bucket="lake", Key=key)["Body"].read() == b"one"


@given(st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9._]{32}", fullmatch=True))
def test_no_text_passes_for_an_id_but_null(text):
    assert is_version_id(text) == (text == "null")
