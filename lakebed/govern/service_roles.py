"""Roles that services work with: who trusts a service, as which principal its calls are made.

Whatever a service does on its own it does as a session of the role it was given, so every call is
decided and audited as that principal's. A role that IAM knows has to trust the service, and its
policies decide. One that IAM does not know has no policies: in `open` mode its session may do what
it asks for, in `strict` mode the decision refuses it (see `govern.decision`).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
"""

from __future__ import annotations

import re

import msgspec

from lakebed.core.principal import Principal
from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.identities import ROLES, Role
from lakebed.govern.policies import Caller, parsed
from lakebed.store import Scope

_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/(.+)")


class RoleName(msgspec.Struct, frozen=True):
    """A role as its ARN names it; the name has its path, without the first slash."""

    account: str
    name: str


def named(arn: str) -> RoleName | None:
    """Return the role an ARN names; None where it names none."""
    match = _ARN.fullmatch(arn)
    return None if match is None else RoleName(match[1], match[2])


def refuses(scope: Scope, role: RoleName, service: str) -> bool:
    """Tell whether IAM knows a role, and it does not trust a service (`x.amazonaws.com`)."""
    held = _role(scope, role)
    return held is not None and not _trusts(held, service)


def session_of(scope: Scope, role: RoleName, service: str, session: str) -> Principal:
    """Return the principal that a service's calls are made as.

    The role's name stands in the place of its id where IAM knows no such role, and where it does
    not trust the service any more: such a session has no policies.
    """
    name, held = role.name.rpartition("/")[2], _role(scope, role)
    arn = f"arn:aws:sts::{role.account}:assumed-role/{name}/{session}"
    identity = known = name
    if held is not None and _trusts(held, service):
        identity, known = held.id, role.name
    return Principal(role.account, arn, f"{identity}:{session}", role=known, session=session)


def _role(scope: Scope, role: RoleName) -> Role | None:
    held = ROLES.get(scope, role.account, role.name.rpartition("/")[2])
    return held if held is not None and f"{held.path}{held.name}" == f"/{role.name}" else None


def _trusts(role: Role, service: str) -> bool:
    """Tell whether a role's trust policy lets a service assume it, for its own account."""
    trust = parsed(role.trust, role.name, is_resource_policy=True)
    arn = f"arn:aws:iam::{role.account}:role{role.path}{role.name}"
    caller = Caller("", "", "service", service=service)
    conditions = {"aws:sourceaccount": role.account, "sts:externalid": role.account}
    asked = Asked(caller, "sts:AssumeRole", arn, role.account, conditions)
    return evaluate(asked, Policies(resource=trust, needs_resource=True)).is_allowed
