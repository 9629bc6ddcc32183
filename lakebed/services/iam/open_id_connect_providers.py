"""OpenID Connect providers: whose tokens roles of the account may trust."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    IAM_WEB_CLIENTS_MAX,
    IAM_WEB_PROVIDERS_MAX,
    IAM_WEB_THUMBPRINTS_MAX,
)
from lakebed.govern.identities import WEB_PROVIDERS, WebProvider
from lakebed.services.iam._names import tag_shapes, tags_of, without_tags
from lakebed.services.iam._pages import page
from lakebed.services.iam.model import exists, invalid, no_such, quota_exceeded
from lakebed.store import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lakebed.shapes import iam as shapes

_THUMBPRINT = re.compile(r"[0-9a-fA-F]{40}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def create_open_id_connect_provider(
    ctx: Context, request: shapes.CreateOpenIDConnectProviderRequest
) -> shapes.CreateOpenIDConnectProviderResponse:
    """Name a provider whose tokens roles may trust; it is not asked anything yet.

    Its address is https, or http on loopback, which AWS does not allow. Without thumbprints AWS
    reads one from the provider's certificate; here none is kept, and authorities are trusted as
    this machine does.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
    """
    url = request["Url"]
    bare = _bare(url)
    if WEB_PROVIDERS.get(ctx, ctx.account, bare) is not None:
        raise exists(f"Provider with url {url} already exists.")
    if WEB_PROVIDERS.count(ctx, ctx.account) >= IAM_WEB_PROVIDERS_MAX:
        raise quota_exceeded("OpenIdConnectProvidersPerAccount", IAM_WEB_PROVIDERS_MAX)
    clients = tuple(dict.fromkeys(request.get("ClientIDList") or ()))
    _check_clients(clients)
    tags = tags_of(request.get("Tags") or ())
    provider = WebProvider(
        ctx.account, bare, ctx.clock.now(), clients,
        _thumbprints(request.get("ThumbprintList") or ()), tags, url.startswith("https://"),
    )  # fmt: skip
    WEB_PROVIDERS.put(ctx, provider)
    answer: Any = {"OpenIDConnectProviderArn": provider.arn}
    if tags:
        answer["Tags"] = tag_shapes(tags)
    return answer


def get_open_id_connect_provider(
    ctx: Context, request: shapes.GetOpenIDConnectProviderRequest
) -> shapes.GetOpenIDConnectProviderResponse:
    """Return a provider; its address goes without the scheme, as on AWS.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html
    """
    provider = _find(ctx, request)
    answer: Any = {
        "Url": provider.url,
        "ClientIDList": list(provider.clients),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": provider.created,
    }
    if provider.tags:
        answer["Tags"] = tag_shapes(provider.tags)
    return answer


def list_open_id_connect_providers(
    ctx: Context, request: shapes.ListOpenIDConnectProvidersRequest
) -> shapes.ListOpenIDConnectProvidersResponse:
    """Return the ARNs of the account's providers.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
    """
    found = WEB_PROVIDERS.scan(ctx, Range(prefix=(ctx.account,)))
    return {"OpenIDConnectProviderList": [{"Arn": one.arn} for one in found]}


def delete_open_id_connect_provider(
    ctx: Context, request: shapes.DeleteOpenIDConnectProviderRequest
) -> shapes.DeleteOpenIDConnectProviderResponse:
    """Delete a provider; roles that trust it trust nobody then. One that is gone is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html
    """
    WEB_PROVIDERS.delete(ctx, ctx.account, _url_in(ctx, request["OpenIDConnectProviderArn"]))
    return {}


def add_client_id_to_open_id_connect_provider(
    ctx: Context, request: shapes.AddClientIDToOpenIDConnectProviderRequest
) -> shapes.AddClientIDToOpenIDConnectProviderResponse:
    """Add an audience that tokens may be for; one that is there is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
    """
    provider = _find(ctx, request)
    clients = tuple(dict.fromkeys((*provider.clients, request["ClientID"])))
    _check_clients(clients)
    WEB_PROVIDERS.put(ctx, msgspec.structs.replace(provider, clients=clients))
    return {}


def remove_client_id_from_open_id_connect_provider(
    ctx: Context, request: shapes.RemoveClientIDFromOpenIDConnectProviderRequest
) -> shapes.RemoveClientIDFromOpenIDConnectProviderResponse:
    """Remove an audience; one that is not there is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html
    """
    provider = _find(ctx, request)
    clients = tuple(one for one in provider.clients if one != request["ClientID"])
    WEB_PROVIDERS.put(ctx, msgspec.structs.replace(provider, clients=clients))
    return {}


def update_open_id_connect_provider_thumbprint(
    ctx: Context, request: shapes.UpdateOpenIDConnectProviderThumbprintRequest
) -> shapes.UpdateOpenIDConnectProviderThumbprintResponse:
    """Replace a provider's thumbprints.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html
    """
    provider = _find(ctx, request)
    thumbprints = _thumbprints(request["ThumbprintList"])
    WEB_PROVIDERS.put(ctx, msgspec.structs.replace(provider, thumbprints=thumbprints))
    return {}


def tag_open_id_connect_provider(
    ctx: Context, request: shapes.TagOpenIDConnectProviderRequest
) -> shapes.TagOpenIDConnectProviderResponse:
    """Add tags to a provider.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html
    """
    provider = _find(ctx, request)
    tags = tags_of(request["Tags"], provider.tags)
    WEB_PROVIDERS.put(ctx, msgspec.structs.replace(provider, tags=tags))
    return {}


def untag_open_id_connect_provider(
    ctx: Context, request: shapes.UntagOpenIDConnectProviderRequest
) -> shapes.UntagOpenIDConnectProviderResponse:
    """Remove tags from a provider.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html
    """
    provider = _find(ctx, request)
    tags = without_tags(provider.tags, request["TagKeys"])
    WEB_PROVIDERS.put(ctx, msgspec.structs.replace(provider, tags=tags))
    return {}


def list_open_id_connect_provider_tags(
    ctx: Context, request: shapes.ListOpenIDConnectProviderTagsRequest
) -> shapes.ListOpenIDConnectProviderTagsResponse:
    """Return a provider's tags, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html
    """
    tags = _find(ctx, request).tags
    rows = ((one["Key"], one) for one in tag_shapes(dict(sorted(tags.items()))))
    answer: Any = page(request, "Tags", rows)
    return answer


def _bare(url: str) -> str:
    """Return a provider's address without its scheme; ValidationError for what is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_known = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not is_known or parts.query or parts.fragment or parts.username:
        raise invalid("Invalid Open ID Connect Provider URL")
    return url.partition("://")[2]


def _check_clients(clients: Sequence[str]) -> None:
    if len(clients) > IAM_WEB_CLIENTS_MAX:
        raise quota_exceeded("ClientIdsPerOpenIdConnectProvider", IAM_WEB_CLIENTS_MAX)


def _thumbprints(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > IAM_WEB_THUMBPRINTS_MAX:
        most = IAM_WEB_THUMBPRINTS_MAX
        raise AwsError("InvalidInput", f"Thumbprint list must contain fewer than {most} entries.")
    if not all(map(_THUMBPRINT.fullmatch, given)):
        # The sentence is ours.
        raise invalid("A thumbprint is the SHA-1 of a certificate: 40 hexadecimal digits.")
    return tuple(given)


def _url_in(ctx: Context, arn: str) -> str:
    prefix = f"arn:aws:iam::{ctx.account}:oidc-provider/"
    if not arn.startswith(prefix):
        raise AwsError("InvalidInput", f"Invalid ARN: {arn}")
    return arn.removeprefix(prefix)


def _find(ctx: Context, request: Any) -> WebProvider:
    arn = request["OpenIDConnectProviderArn"]
    held = WEB_PROVIDERS.get(ctx, ctx.account, _url_in(ctx, arn))
    if held is None:
        raise no_such(f"OpenIDConnect Provider not found for arn {arn}")
    return held
