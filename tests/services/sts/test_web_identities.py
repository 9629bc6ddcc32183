"""AssumeRoleWithWebIdentity, by boto3 without credentials, with tokens of a small provider."""

from __future__ import annotations

import json
import time

import botocore
import pytest
from botocore.config import Config

from tests.services.glue.test_databases import body, error_of
from tests.services.sts.conftest import allow, keys_of
from tests.services.sts.issuer import b64, serving

ACTION = "sts:AssumeRoleWithWebIdentity"
NO_TOKEN = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)


@pytest.fixture
def issuer():
    with serving() as running:
        yield running


@pytest.fixture
def host(issuer):
    return issuer.url.removeprefix("http://")


@pytest.fixture
def provider(iam, issuer):
    made = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["lake", "other"])
    return made["OpenIDConnectProviderArn"]


@pytest.fixture
def trusted(role, provider, host):
    """A role that trusts Ann of the provider, and may list buckets."""
    condition = {"StringEquals": {f"{host}:aud": "lake", f"{host}:sub": "ann"}}
    trust = allow(ACTION, Principal={"Federated": provider}, Condition=condition)
    return role("ci", trust, allow("s3:ListAllMyBuckets", "*"))


@pytest.fixture
def assume(strict):
    quiet = Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 0})
    sts = strict.client("sts", config=quiet)

    def assume(arn, token, **more):
        return sts.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="build", WebIdentityToken=token, **more
        )

    return assume


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_gets_a_session_of_the_role(strict, issuer, trusted, assume, algorithm):
    answer = body(assume(trusted, issuer.token(algorithm), DurationSeconds=900))
    keys = keys_of(answer.pop("Credentials"))
    arn = "arn:aws:sts::000000000000:assumed-role/ci/build"
    id = answer["AssumedRoleUser"].pop("AssumedRoleId")
    assert answer == {
        "SubjectFromWebIdentityToken": "ann", "Provider": issuer.url, "Audience": "lake",
        "AssumedRoleUser": {"Arn": arn},
    }  # fmt: skip
    assert body(strict.client("sts", **keys).get_caller_identity()) == {
        "UserId": id, "Account": "000000000000", "Arn": arn,
    }  # fmt: skip
    assert strict.client("s3", **keys).list_buckets()["Buckets"] == []
    assert error_of(strict.client("iam", **keys).list_users)[0] == "AccessDenied"


def test_keys_are_kept_and_asked_for_anew_with_bounds(issuer, trusted, assume):
    for _ in range(3):
        assume(trusted, issuer.token())
    assert len(issuer.asked) == 2
    for name in ("x", "y", "z"):
        refused = error_of(lambda name=name: assume(trusted, issuer.token(header={"kid": name})))
        assert refused[0] == "InvalidIdentityToken"
        assert refused[1].startswith("Couldn't retrieve verification key from your identity")
    # Once more, or twice where the clock passed from one period into the next.
    assert len(issuer.asked) in (4, 6)


def test_whom_the_trust_policy_does_not_name_is_denied(issuer, trusted, assume):
    denied = ("AccessDenied", f"Not authorized to perform {ACTION}", 403)
    assert error_of(lambda: assume(trusted, issuer.token(sub="bob"))) == denied
    assert error_of(lambda: assume(trusted, issuer.token(aud="other"))) == denied
    assert error_of(lambda: assume(trusted, issuer.token(azp="other"))) == denied
    assert error_of(lambda: assume(trusted + "x", issuer.token())) == denied
    assume(trusted, issuer.token(aud=["lake", "nobody"]))
    assume(trusted, issuer.token(aud="whoever", azp="lake"))


def test_a_role_that_trusts_another_provider_does_not_trust_this_one(
    role, issuer, provider, assume
):
    other = {"Federated": "arn:aws:iam::000000000000:oidc-provider/other.example.com"}
    arns = [
        role("a", allow(ACTION, Principal=other)),
        role("b", allow(ACTION, Principal={"AWS": "*"}, Condition={"Bool": {"x": "true"}})),
        role("c", allow("sts:AssumeRole", Principal={"Federated": provider})),
    ]
    for arn in arns:
        assert error_of(lambda arn=arn: assume(arn, issuer.token()))[0] == "AccessDenied"


def test_times_are_kept_with_five_minutes_to_spare(issuer, trusted, assume):
    now = int(time.time())
    assume(trusted, issuer.token(exp=now - 200))
    code, sentence, status = error_of(lambda: assume(trusted, issuer.token(exp=now - 400)))
    assert (code, status) == ("ExpiredTokenException", 400)
    assert sentence.startswith("Token expired: current date/time ")
    assert sentence.endswith(f" must be before the expiration date/time {now - 400}")
    early = error_of(lambda: assume(trusted, issuer.token(nbf=now + 400)))
    assert early == (
        "IDPRejectedClaim", "The token is of a time that is yet to come.", 403,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": None}, "Missing a required claim: iss"),
        ({"sub": None}, "Missing a required claim: sub"),
        ({"aud": None}, "Missing a required claim: aud"),
        ({"exp": None}, "Missing a required claim: exp"),
        ({"exp": float("nan")}, "Missing a required claim: exp"),
        ({"exp": 10**400}, "Missing a required claim: exp"),
        ({"iat": "soon"}, "Missing a required claim: iat"),
        ({"aud": "nobody"}, "Incorrect token audience"),
        ({"azp": "nobody"}, "Incorrect token audience"),
        (
            {"iss": "https://else.example.com"},
            "No OpenIDConnect provider found in your account for https://else.example.com",
        ),
    ],
)
def test_claims_are_what_they_have_to_be(issuer, trusted, assume, claims, sentence):
    refused = error_of(lambda: assume(trusted, issuer.token(**claims)))
    assert refused == ("InvalidIdentityToken", sentence, 400)


@pytest.mark.parametrize(
    "issuer_text", ["\ud800", "\x00", "a\r\nb", "<&>", "https://" + "a" * 9000]
)
def test_an_issuer_of_strange_characters_is_told_as_any_other(trusted, assume, issuer_text):
    claims = {"iss": issuer_text, "sub": "ann", "aud": "lake"}
    head = b64(json.dumps({"alg": "RS256"}).encode())
    token = f"{head}.{b64(json.dumps(claims).encode())}.AAAA"
    code, _, status = error_of(lambda: assume(trusted, token))
    assert (code, status) == ("InvalidIdentityToken", 400)


def test_what_nobody_signed_is_no_token(issuer, trusted, assume):
    head, claims, signature = issuer.token().split(".")
    forged = b64(json.dumps({"sub": "root"}).encode())
    unsigned = b64(json.dumps({"alg": "none"}).encode())
    hashed = b64(json.dumps({"alg": "HS256", "kid": "r"}).encode())
    critical = b64(json.dumps({"alg": "RS256", "crit": ["b64"], "b64": False}).encode())
    for token, sentence in (
        ("abcd", NO_TOKEN),
        (f"{head}.{forged}.{signature}", "Missing a required claim: iss"),
        (f"{head}.{claims}.AAAA", "The signature of the token is not valid."),
        (f"{unsigned}.{claims}.AAAA", "Token signature algorithm is not supported: none"),
        (f"{hashed}.{claims}.{signature}", "Token signature algorithm is not supported: HS256"),
        (f"{critical}.{claims}.{signature}", NO_TOKEN),
        (f"{head}.{claims}", NO_TOKEN),
    ):
        refused = error_of(lambda token=token: assume(trusted, token))
        assert refused == ("InvalidIdentityToken", sentence, 400)


@pytest.mark.parametrize(
    "documents",
    [
        {"/keys": None},
        {"/keys": [1]},
        {"/keys": "/elsewhere"},
        {"/.well-known/openid-configuration": {"issuer": "https://else"}},
        {"/.well-known/openid-configuration": {"jwks_uri": "http://10.0.0.1/keys"}},
        {"/.well-known/openid-configuration": {"jwks_uri": "file:///etc/passwd"}},
    ],
)
def test_a_provider_without_keys_is_said_to_be_out_of_reach(issuer, trusted, assume, documents):
    for path, changed in documents.items():
        known = issuer.documents[path]
        whole = isinstance(changed, dict)
        issuer.documents[path] = {**known, **changed} if whole else changed
    code, sentence, status = error_of(lambda: assume(trusted, issuer.token()))
    assert (code, status) == ("IDPCommunicationError", 400)
    assert sentence.startswith(f"The identity provider {issuer.url} could not be reached: ")
    assert "/elsewhere" not in issuer.asked


def test_tags_and_source_identity_come_from_the_token(strict, role, issuer, provider, assume):
    tags = {"principal_tags": {"team": ["data"]}, "transitive_tag_keys": ["team"]}
    claims = {"https://aws.amazon.com/tags": tags, "https://aws.amazon.com/source_identity": "ann"}
    trust = {"Federated": provider}
    plain = role("plain", allow(ACTION, Principal=trust))
    assert error_of(lambda: assume(plain, issuer.token(**claims))) == (
        "AccessDenied", "Not authorized to perform sts:TagSession", 403,
    )  # fmt: skip
    actions = [ACTION, "sts:TagSession", "sts:SetSourceIdentity"]
    condition = {
        "StringEquals": {
            "aws:PrincipalTag/team": "data", "aws:SourceIdentity": "ann",
            "aws:FederatedProvider": provider,
        },
    }  # fmt: skip
    whole = role(
        "whole", allow(actions, Principal=trust),
        allow("s3:ListAllMyBuckets", "*", Condition=condition),
    )  # fmt: skip
    answer = assume(whole, issuer.token(**claims))
    assert answer["SourceIdentity"] == "ann"
    strict.client("s3", **keys_of(answer["Credentials"])).list_buckets()
    bad = {"https://aws.amazon.com/tags": {"principal_tags": ["team"]}}
    refused = error_of(lambda: assume(whole, issuer.token(**bad)))
    assert refused[0] == "InvalidIdentityToken"


def test_a_token_is_not_written_down(strict, issuer, trusted, assume):
    token = issuer.token()
    assume(trusted, token)
    kept = [path for path in strict.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in kept if token.encode() in path.read_bytes()]


def test_access_tokens_are_refused_by_name(issuer, trusted, assume):
    refused = error_of(lambda: assume(trusted, issuer.token(), ProviderId="www.amazon.com"))
    assert (refused[0], "ProviderId" in refused[1]) == ("LakebedNotBuilt", True)
