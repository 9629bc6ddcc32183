"""`lakebed why`: the refusal of a request is found by its id, and explained."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from lakebed.core.decision_files import path_of
from lakebed.core.limits import DECISIONS_FILE_BYTES_MAX
from lakebed.testing import server
from tests.cli.commands import lakebed as command
from tests.services.sts.conftest import allow


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        running.client("s3").create_bucket(Bucket="lake")
        running.client("s3").put_object(Bucket="lake", Key="a", Body=b"x")
        yield running


def user(running, name, *statements):
    """Make a user with inline statements in a policy `own`; return its S3 client."""
    iam = running.client("iam")
    iam.create_user(UserName=name)
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return running.client(
        "s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )


def refused(call):
    """Return the request's id and the header that says what denied it."""
    with pytest.raises(ClientError) as caught:
        call()
    metadata = caught.value.response["ResponseMetadata"]
    return metadata["RequestId"], metadata["HTTPHeaders"]["x-lakebed-denied-by"]


def why(running, *arguments):
    """Run the command; a refusal is written down a moment after it was answered."""
    until = time.monotonic() + 20
    done = command("why", running.data_dir, *arguments)
    while done.returncode and time.monotonic() < until:
        done = command("why", running.data_dir, *arguments)
    return done


def test_a_missing_permission_is_named_with_what_would_give_it(strict):
    s3 = user(strict, "ann", allow("s3:GetObject", "arn:aws:s3:::other/*"))
    id, header = refused(lambda: s3.get_object(Bucket="lake", Key="a"))
    assert header == "no identity-based policy allows it"
    lines = why(strict, id).stdout.splitlines()
    assert lines[0].endswith("s3.get_object: refused")
    assert lines[1:9] == [
        "principal:  arn:aws:iam::000000000000:user/ann",
        "action:     s3:GetObject",
        "resource:   arn:aws:s3:::lake/a (of account 000000000000)",
        "told:       User: arn:aws:iam::000000000000:user/ann is not authorized to perform: "
        "s3:GetObject on resource: arn:aws:s3:::lake/a because no identity-based policy allows "
        "the s3:GetObject action",
        "because:    no identity-based policy allows it",
        "policies:   1 identity-based",
        "statements about the action:",
        "  Allow 0 of the identity-based policy own: is about other resources",
    ]
    assert lines[9:11] == [
        "what would allow it:",
        '  in a policy of arn:aws:iam::000000000000:user/ann: {"Effect": "Allow", "Action": '
        '"s3:GetObject", "Resource": "arn:aws:s3:::lake/a"}',
    ]
    assert "  aws:username = ann" in lines


def test_a_denial_names_its_statement_and_conditions(strict):
    late = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    deny = {"Sid": "No", "Effect": "Deny", "Action": "s3:Get*", "Resource": "*", "Condition": late}
    s3 = user(strict, "bob", allow("s3:*", "*"), deny)
    id, header = refused(lambda: s3.get_object(Bucket="lake", Key="a"))
    assert header == "statement No of the identity-based policy own denies it"
    record = json.loads(why(strict, id, "--json").stdout)
    assert (record["is_enforced"], record["operation"]) == (True, "get_object")
    first, second = record["why"]["statements"]
    (tested,) = first.pop("conditions")
    assert first == {
        "kind": "identity-based", "policy": "own", "statement": "No", "effect": "Deny",
        "outcome": "applies",
    }  # fmt: skip
    assert (second["effect"], second["outcome"]) == ("Allow", "applies")
    assert (tested["operator"], tested["key"], tested["holds"]) == (
        "DateGreaterThan", "aws:currenttime", True,
    )  # fmt: skip
    assert record["why"]["advice"][0].startswith(header)


def test_a_condition_that_is_not_met_is_named(strict):
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    s3 = user(strict, "carl", allow("s3:GetObject", "*", Condition=tagged))
    id, _ = refused(lambda: s3.get_object(Bucket="lake", Key="a"))
    said = why(strict, id).stdout
    assert (
        "    StringEquals aws:principaltag/team data: does not hold, the request's is not there"
    ) in said
    assert "  statement 0 of own would allow it but for aws:principaltag/team" in said


def test_an_upload_is_refused_before_its_body_and_explained(strict):
    s3 = user(strict, "dora")
    id, header = refused(lambda: s3.put_object(Bucket="lake", Key="a", Body=b"x" * 100_000))
    assert header == "no identity-based policy allows it"
    assert "action:     s3:PutObject" in why(strict, id).stdout


def test_nobody_and_other_accounts_learn_no_names(strict):
    other = strict.client("s3", aws_access_key_id="111111111111", aws_secret_access_key="test")
    id, header = refused(lambda: other.get_object(Bucket="lake", Key="a"))
    assert header == "resource-based policy"
    assert "in the resource's own policy: " in why(strict, id).stdout


def test_the_last_refusals_are_listed_the_newest_first(strict):
    s3 = user(strict, "eve")
    first, _ = refused(lambda: s3.get_object(Bucket="lake", Key="a"))
    last, _ = refused(lambda: s3.list_objects_v2(Bucket="lake"))
    lines = why(strict).stdout.splitlines()
    assert last in lines[0]
    assert first in lines[1]
    assert lines[0].endswith("eve s3:ListBucket on arn:aws:s3:::lake: refused")


def test_what_was_not_refused_has_no_record(strict):
    done = command("why", strict.data_dir, "ABCDEF")
    assert (done.returncode, "no refusal of a request ABCDEF" in done.stderr) == (1, True)


def test_what_open_mode_lets_through_is_written_down_once(lakebed):
    lakebed.client("s3").create_bucket(Bucket="lake")
    s3 = user(lakebed, "ann")
    ids = [s3.list_objects_v2(Bucket="lake")["ResponseMetadata"]["RequestId"] for _ in range(3)]
    said = why(lakebed, ids[0]).stdout.splitlines()
    assert said[0].endswith("s3.list_objects_v2: let through, since the mode is open")
    others = [command("why", lakebed.data_dir, id).returncode for id in ids[1:]]
    assert others == [1, 1]


def test_no_secret_is_in_a_record(strict):
    trust = {"StringEquals": {"sts:ExternalId": "between-us"}}
    document = json.dumps({
        "Version": "2012-10-17",
        "Statement": [allow("sts:AssumeRole", Principal={"AWS": "*"}, Condition=trust)],
    })  # fmt: skip
    arn = strict.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document)
    key = (
        strict.client("iam").create_user(UserName="frank")
        and strict.client("iam").create_access_key(UserName="frank")["AccessKey"]
    )
    sts = strict.client(
        "sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    id, _ = refused(
        lambda: sts.assume_role(
            RoleArn=arn["Role"]["Arn"], RoleSessionName="x1", ExternalId="a-guess"
        )
    )
    record = why(strict, id, "--json").stdout
    for secret in ("between-us", "a-guess", key["SecretAccessKey"]):
        assert secret not in record
    assert '"hidden"' in record


def test_files_are_bounded(tmp_path):
    from lakebed.core import decision_files

    line = b"x" * 1023 + b"\n"
    for _ in range(6):
        decision_files.append(tmp_path, line * (DECISIONS_FILE_BYTES_MAX // 1024))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"decisions.{number}.jsonl" for number in (1, 2, 3)]
    assert path_of(tmp_path, 1) in decision_files.newest_first(tmp_path)
