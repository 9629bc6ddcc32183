"""OpenID Connect providers, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole

URL = "https://issuer.example.com/ci"
ARN = "arn:aws:iam::000000000000:oidc-provider/issuer.example.com/ci"
PROVIDER = {"OpenIDConnectProviderArn": ARN}


@pytest.fixture
def provider(iam):
    made = iam.create_open_id_connect_provider(
        Url=URL, ClientIDList=["lake", "other"], ThumbprintList=["a" * 40],
        Tags=[{"Key": "team", "Value": "data"}],
    )  # fmt: skip
    assert whole(made) == {**PROVIDER, "Tags": [{"Key": "team", "Value": "data"}]}
    return ARN


def test_a_provider_is_shown_without_its_scheme(iam, provider):
    assert whole(iam.get_open_id_connect_provider(**PROVIDER)) == {
        "Url": "issuer.example.com/ci", "ClientIDList": ["lake", "other"], "CreateDate": "TIME",
        "ThumbprintList": ["a" * 40], "Tags": [{"Key": "team", "Value": "data"}],
    }  # fmt: skip
    assert whole(iam.list_open_id_connect_providers()) == {
        "OpenIDConnectProviderList": [{"Arn": ARN}]
    }
    assert error_of(lambda: iam.create_open_id_connect_provider(Url=URL)) == (
        "EntityAlreadyExists", f"Provider with url {URL} already exists.", 409,
    )  # fmt: skip
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 1


def test_clients_and_thumbprints_are_changed(iam, provider):
    for client in ("third", "third"):
        iam.add_client_id_to_open_id_connect_provider(**PROVIDER, ClientID=client)
    for client in ("other", "nobody"):
        iam.remove_client_id_from_open_id_connect_provider(**PROVIDER, ClientID=client)
    iam.update_open_id_connect_provider_thumbprint(**PROVIDER, ThumbprintList=["b" * 40])
    found = iam.get_open_id_connect_provider(**PROVIDER)
    assert (found["ClientIDList"], found["ThumbprintList"]) == (["lake", "third"], ["b" * 40])


def test_a_provider_is_deleted(iam, provider):
    for _ in range(2):
        iam.delete_open_id_connect_provider(**PROVIDER)
    assert error_of(lambda: iam.get_open_id_connect_provider(**PROVIDER)) == (
        "NoSuchEntity", f"OpenIDConnect Provider not found for arn {ARN}", 404,
    )  # fmt: skip


def test_tags(iam, provider):
    iam.tag_open_id_connect_provider(**PROVIDER, Tags=[{"Key": "a", "Value": "1"}])
    iam.untag_open_id_connect_provider(**PROVIDER, TagKeys=["TEAM"])
    assert whole(iam.list_open_id_connect_provider_tags(**PROVIDER)) == {
        "Tags": [{"Key": "a", "Value": "1"}], "IsTruncated": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://issuer.example.com", "https://", "https://a/?b=c", "ftp://a", "https://a:x"]
)
def test_an_address_is_https_and_plain(iam, url):
    assert error_of(lambda: iam.create_open_id_connect_provider(Url=url)) == (
        "ValidationError", "Invalid Open ID Connect Provider URL", 400,
    )  # fmt: skip


def test_lists_are_bounded(iam):
    many = [str(number) for number in range(101)]
    refused = error_of(lambda: iam.create_open_id_connect_provider(Url=URL, ClientIDList=many))
    assert refused == (
        "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", 409,
    )  # fmt: skip
    prints = ["a" * 40] * 6
    refused = error_of(lambda: iam.create_open_id_connect_provider(Url=URL, ThumbprintList=prints))
    assert refused == (
        "InvalidInput", "Thumbprint list must contain fewer than 5 entries.", 400,
    )  # fmt: skip
