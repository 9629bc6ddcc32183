"""Users, groups, roles, their policies, and temporary sessions: the rows, and what they may.

The service IAM writes these rows, STS the sessions; whoever decides reads them here. They belong to
an account, in no region. https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_identity-management.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from lakebed.core.principal import Principal
from lakebed.govern.evaluation import Policies, Verdict, about
from lakebed.govern.policies import Policy, parsed
from lakebed.store import Scope, Table

MANAGED = "arn:aws:iam::aws:policy/"
"""How the ARNs of AWS's own policies begin; see `managed_policies/`."""
_EVERYTHING = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_REMEMBERED_MAX = 1000
_DECIDED_MAX = 10_000
_ACTIONS_MAX = 1000


class User(msgspec.Struct, frozen=True):
    """A user. `inline` are policy documents by name, `attached` the ARNs of managed policies."""

    account: str
    name: str
    id: str
    path: str = "/"
    created: float = 0.0
    tags: dict[str, str] = {}
    boundary: str = ""
    inline: dict[str, str] = {}
    attached: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    password_last_used: float = 0.0
    folded: str = ""


class Group(msgspec.Struct, frozen=True):
    """A group; users name the groups they are in."""

    account: str
    name: str
    id: str
    path: str = "/"
    created: float = 0.0
    inline: dict[str, str] = {}
    attached: tuple[str, ...] = ()
    folded: str = ""


class Role(msgspec.Struct, frozen=True):
    """A role; `trust` is the document that says who may assume it."""

    account: str
    name: str
    id: str
    trust: str
    path: str = "/"
    created: float = 0.0
    description: str = ""
    session_seconds_max: int = 3600
    tags: dict[str, str] = {}
    boundary: str = ""
    inline: dict[str, str] = {}
    attached: tuple[str, ...] = ()
    last_used: float = 0.0
    last_used_region: str = ""
    folded: str = ""


class PolicyVersion(msgspec.Struct, frozen=True):
    """A version of a managed policy: `v1`, `v2`, …"""

    id: str
    text: str
    created: float


class ManagedPolicy(msgspec.Struct, frozen=True):
    """A managed policy of the account's own."""

    account: str
    name: str
    id: str
    path: str = "/"
    description: str = ""
    created: float = 0.0
    updated: float = 0.0
    default: str = "v1"
    versions: tuple[PolicyVersion, ...] = ()
    versions_made: int = 1
    tags: dict[str, str] = {}
    folded: str = ""

    @property
    def arn(self) -> str:
        """The policy's ARN."""
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"

    @property
    def text(self) -> str:
        """The document of the default version."""
        return next(one.text for one in self.versions if one.id == self.default)


class AccessKey(msgspec.Struct, frozen=True):
    """A long-term key of a user; its secret is sealed. `user_id` and `path` are the user's."""

    id: str
    account: str
    user: str
    secret: str
    user_id: str = ""
    path: str = "/"
    is_active: bool = True
    created: float = 0.0
    last_used: float = 0.0
    last_used_service: str = ""
    last_used_region: str = ""


class Session(msgspec.Struct, frozen=True):
    """Temporary credentials: whose they are, until when, and what narrows them.

    `policies` are session policies, documents; None where none were given. `tags` are session tags.
    `provider` is the ARN of who vouched for a web identity.
    """

    id: str
    account: str
    secret: str
    token: str
    arn: str
    user_id: str
    expires: float
    issued: float = 0.0
    is_root: bool = False
    user: str = ""
    role: str = ""
    session: str = ""
    policies: tuple[str, ...] | None = None
    tags: dict[str, str] = {}
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    has_mfa: bool = False
    federated: str = ""
    provider: str = ""


class WebProvider(msgspec.Struct, frozen=True):
    """An OpenID Connect provider whose tokens roles may trust; `url` is without its scheme.

    Only on loopback the scheme may be http.
    """

    account: str
    url: str
    created: float
    clients: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    is_https: bool = True

    @property
    def arn(self) -> str:
        """The provider's ARN."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.url}"

    @property
    def issuer(self) -> str:
        """What its tokens have to say of who issued them."""
        return f"{'https' if self.is_https else 'http'}://{self.url}"


class SecondFactor(msgspec.Struct, frozen=True):
    """A virtual device that makes codes of a seed, which is sealed; `user_id` once it is enabled.

    `drift` is how many steps its clock is ahead, `last_step` the step of the last code it gave.
    """

    account: str
    name: str
    seed: str
    path: str = "/"
    created: float = 0.0
    tags: dict[str, str] = {}
    user_id: str = ""
    user: str = ""
    enabled: float = 0.0
    drift: int = 0
    last_step: int = 0

    @property
    def serial(self) -> str:
        """The device's serial number, which is an ARN."""
        return f"arn:aws:iam::{self.account}:mfa{self.path}{self.name}"


class Generation(msgspec.Struct, frozen=True):
    """How often the identities of an account were written: the age of what is remembered."""

    account: str
    number: int


_NAME = ("account", "name")
_FOLDED = {"by_folded": ("account", "folded")}
"""Names are unique whatever their case: `folded` is the name in lower case."""
USERS = Table("iam_user", User, key=_NAME, indexes=_FOLDED, everywhere=True)
GROUPS = Table("iam_group", Group, key=_NAME, indexes=_FOLDED, everywhere=True)
ROLES = Table("iam_role", Role, key=_NAME, indexes=_FOLDED, everywhere=True)
POLICIES = Table("iam_policy", ManagedPolicy, key=_NAME, indexes=_FOLDED, everywhere=True)
ACCESS_KEYS = Table(
    "iam_access_key", AccessKey, key=("id",), indexes={"by_user": ("account", "user")},
    everywhere=True,
)  # fmt: skip
SESSIONS = Table(
    "sts_session", Session, key=("id",), indexes={"by_expiry": ("expires",)},
    numbers=("expires",), everywhere=True,
)  # fmt: skip
WEB_PROVIDERS = Table("iam_web_provider", WebProvider, key=("account", "url"), everywhere=True)
SECOND_FACTORS = Table(
    "iam_second_factor", SecondFactor, key=_NAME, indexes={"by_user": ("account", "user_id")},
    everywhere=True,
)  # fmt: skip
GENERATIONS = Table("iam_generation", Generation, key=("account",), everywhere=True)


def touch(scope: Scope, account: str) -> None:
    """Say that identities of an account were written; every write of them has to."""
    held = GENERATIONS.get(scope, account)
    # What begins anew in a store that was emptied is none that is remembered.
    number = secrets.randbits(48) if held is None else held.number + 1
    GENERATIONS.put(scope, Generation(account, number))


@cache
def aws_policies() -> Mapping[str, ManagedPolicy]:
    """Return AWS's managed policies that are shipped, by ARN.

    They are written by us from what AWS documents. Ids are made of the ARN, so that they stay.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
    """
    found: dict[str, ManagedPolicy] = {}
    for file in files("lakebed.govern").joinpath("managed_policies").iterdir():
        if file.name.endswith(".json"):
            policy = _shipped(file.name.removesuffix(".json"), json.loads(file.read_text("utf-8")))
            found[policy.arn] = policy
    return dict(sorted(found.items()))


def _shipped(name: str, given: Mapping[str, Any]) -> ManagedPolicy:
    path, created = given["Path"], datetime.fromisoformat(given["CreateDate"]).timestamp()
    digest = hashlib.sha256(f"{path}{name}".encode()).digest()[:10]
    version = PolicyVersion("v1", json.dumps(given["Document"], indent=2), created)
    return ManagedPolicy(
        "aws",
        name,
        f"ANPA{base64.b32encode(digest).decode()}",
        path,
        given["Description"],
        created,
        created,
        versions=(version,),
    )


def document(scope: Scope, arn: str) -> str | None:
    """Return the document of a managed policy, AWS's or the account's; None if there is none."""
    if arn.startswith(MANAGED):
        shipped = aws_policies().get(arn)
        return None if shipped is None else shipped.text
    account, _, name = arn.removeprefix("arn:aws:iam::").partition(":")
    held = POLICIES.get(scope, account, name.rpartition("/")[2])
    return held.text if held is not None and held.arn == arn else None


class Own:
    """A principal's policies, and the decisions that follow from them alone.

    `decided` are those by action and resource, kept only if the policies ask for nothing else.
    """

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        every = (*policies.identity, *(policies.session or ()), policies.boundary)
        self.is_plain = all(one is None or one.is_plain for one in every)
        self.decided: dict[tuple[str, str, str], Verdict] = {}
        self._about: dict[str, Policies] = {}

    def about(self, action: str) -> Policies:
        """Return the policies as far as they say anything of an action."""
        found = self._about.get(action)
        if found is None:
            found = about(self.policies, action)
            if len(self._about) < _ACTIONS_MAX:
                self._about[action] = found
        return found

    def keep(self, key: tuple[str, str, str], verdict: Verdict) -> None:
        """Remember a decision."""
        if len(self.decided) >= _DECIDED_MAX:
            self.decided.clear()
        self.decided[key] = verdict


class Identities:
    """Who may what by its own policies; remembers what it read until identities are written."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[int, Own]] = {}

    def policies_of(self, scope: Scope, who: Principal) -> Own:
        """Return the policies of a principal, without those of any resource."""
        held = GENERATIONS.get(scope, who.account)
        generation = 0 if held is None else held.number
        key = (who.account, who.user, who.role, who.access_key)
        known = self._known.get(key)
        if known is not None and known[0] == generation:
            return known[1]
        found = Own(_read(scope, who))
        if len(self._known) >= _REMEMBERED_MAX:
            self._known.clear()
        self._known[key] = (generation, found)
        return found


def _read(scope: Scope, who: Principal) -> Policies:
    session = SESSIONS.get(scope, who.access_key) if who.access_key else None
    narrowed = None
    if session is not None and session.policies is not None:
        narrowed = tuple(parsed(text, "session") for text in session.policies)
    if session is not None and session.federated and not session.user:
        # Named by the account's root, who may all.
        identity, boundary = (parsed(_EVERYTHING, "root"),), ""
    elif who.user or (session is not None and session.federated):
        user = USERS.get(scope, who.account, who.user or (session.user if session else ""))
        identity = tuple(_of_user(scope, user)) if user is not None else ()
        boundary = user.boundary if user is not None else ""
    else:
        role = _role_of(scope, who)
        identity = tuple(_of(scope, role.inline, role.attached)) if role is not None else ()
        boundary = role.boundary if role is not None else ""
    return Policies(identity, _boundary(scope, boundary), narrowed)


def _role_of(scope: Scope, who: Principal) -> Role | None:
    """Return the role of a session; None if it is gone, or another has its name now."""
    if not who.role:
        return None
    role = ROLES.get(scope, who.account, who.role.rpartition("/")[2])
    is_same = role is not None and role.id == who.user_id.partition(":")[0]
    return role if is_same else None


def _of_user(scope: Scope, user: User) -> Iterator[Policy]:
    yield from _of(scope, user.inline, user.attached)
    for name in user.groups:
        group = GROUPS.get(scope, user.account, name)
        if group is not None:
            yield from _of(scope, group.inline, group.attached)


def policies_of_group(scope: Scope, group: Group) -> tuple[Policy, ...]:
    """Return the policies of a group."""
    return tuple(_of(scope, group.inline, group.attached))


def _of(scope: Scope, inline: Mapping[str, str], attached: Sequence[str]) -> Iterator[Policy]:
    for name, text in inline.items():
        yield parsed(text, name)
    for arn in attached:
        text = document(scope, arn)
        if text is not None:
            yield parsed(text, arn)


def _boundary(scope: Scope, arn: str) -> Policy | None:
    """Return a boundary; one whose policy is gone allows nothing."""
    if not arn:
        return None
    text = document(scope, arn)
    return parsed(text, arn) if text is not None else Policy(arn)
