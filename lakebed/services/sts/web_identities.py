"""Roles are assumed with tokens of OpenID Connect providers, by whoever has no credentials yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import NotBuiltError
from lakebed.core.principal import Origin
from lakebed.govern.decision import Decision, RefusedError, conditions_of
from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.identities import Role, Session
from lakebed.govern.policies import Caller, parsed
from lakebed.services.sts._access import conditions
from lakebed.services.sts._roles import begin_session, role_of, seconds_of
from lakebed.services.sts._sessions import check_tags, denied
from lakebed.services.sts._web_tokens import WebToken, verified

if TYPE_CHECKING:
    from lakebed.shapes import sts as shapes

HIDDEN_MEMBERS = frozenset({"WebIdentityToken"})
_ACTION = "sts:AssumeRoleWithWebIdentity"


@long
def assume_role_with_web_identity(
    ctx: Context, request: shapes.AssumeRoleWithWebIdentityRequest
) -> shapes.AssumeRoleWithWebIdentityResponse:
    """Return temporary credentials of a role whose trust policy names the token's provider.

    The provider has to be one of the role's account (CreateOpenIDConnectProvider); its keys are
    asked for at its own address. OAuth 2.0 access tokens (`ProviderId`) are refused by name.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    if "ProviderId" in request:
        raise NotBuiltError("sts", "AssumeRoleWithWebIdentity", "ProviderId")
    arn = request["RoleArn"]
    role = role_of(ctx, arn)
    token = verified(ctx, arn.split(":")[4], request["WebIdentityToken"])
    if role is None:
        raise denied(f"Not authorized to perform {_ACTION}")
    tags, transitive = token.tags()
    check_tags(tags)
    source = token.source_identity()
    _check_trust(ctx, role, token, request)
    session = Session(
        "", "", "", "", "", "", 0.0,
        tags=tags, transitive=transitive, source_identity=source, provider=token.provider.arn,
    )  # fmt: skip
    seconds = seconds_of(role, request, is_chained=False)
    answer: Any = begin_session(ctx, role, request, session, seconds)
    return answer | {
        "SubjectFromWebIdentityToken": token.subject,
        "Provider": token.provider.issuer,
        "Audience": token.audience,
    }


def _check_trust(ctx: Context, role: Role, token: WebToken, request: Any) -> None:
    """Refuse a token that the role's trust policy does not name, whatever the mode."""
    tags, transitive = token.tags()
    source = token.source_identity()
    known = conditions_of(ctx, ctx.principal, ctx.origin or Origin(), ctx.clock.now())
    known |= conditions(ctx, "assume_role_with_web_identity", request) | token.conditions()
    known |= {f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}
    actions = [_ACTION]
    if tags:
        actions.append("sts:TagSession")
        known["aws:tagkeys"] = tuple(tags)
        known["sts:transitivetagkeys"] = transitive
    if source:
        actions.append("sts:SetSourceIdentity")
        known["sts:sourceidentity"] = source
    caller = Caller("", role.account, "federated", federated=token.provider.arn)
    trust = parsed(role.trust, f"{role.name} (trust policy)", is_resource_policy=True)
    policies = Policies(resource=trust, needs_resource=True)
    for action in actions:
        asked = Asked(caller, action, request["RoleArn"], role.account, known)
        verdict = evaluate(asked, policies)
        if not verdict.is_allowed:
            sentence = f"Not authorized to perform {action}"
            decision = Decision(False, sentence, verdict, None, asked, policies)
            raise RefusedError(sentence, decision)
