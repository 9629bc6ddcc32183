"""What users, groups and roles have in common: how they are found, and the policies they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    IAM_ATTACHED_MAX,
    IAM_GROUP_INLINE_CHARACTERS_MAX,
    IAM_GROUPS_MAX,
    IAM_ROLE_INLINE_CHARACTERS_MAX,
    IAM_ROLES_MAX,
    IAM_USER_INLINE_CHARACTERS_MAX,
    IAM_USERS_MAX,
)
from lakebed.govern.identities import (
    GROUPS,
    ROLES,
    USERS,
    Group,
    Role,
    User,
    document,
    touch,
)
from lakebed.services.iam._names import check_document, shown, size_of
from lakebed.services.iam._pages import page
from lakebed.services.iam.model import (
    ATTACHMENTS,
    Attachment,
    exists,
    limit_exceeded,
    no_such,
    quota_exceeded,
)
from lakebed.store import Range, Table

Entity = TypeVar("Entity", User, Group, Role)
Limited = TypeVar("Limited", User, Role)
SERVICE_PATH = "/aws-service-role/"


class Kind(msgspec.Struct, Generic[Entity], frozen=True):
    """A kind of entity: its word in sentences and members, its table, its limits."""

    word: str
    table: Table[Entity]
    entities_max: int
    inline_characters_max: int

    def find(self, ctx: Context, name: str) -> Entity:
        """Return the entity of a name; NoSuchEntity if there is none."""
        held = self.table.get(ctx, ctx.account, name)
        if held is None:
            raise no_such(f"The {self.word.lower()} with name {name} cannot be found.")
        return held

    def check_new(self, ctx: Context, name: str) -> None:
        """Refuse a name that an entity of the kind has, in whatever case, and one too many."""
        span = Range(prefix=(ctx.account, name.lower()), index="by_folded", limit=1)
        if next(self.table.scan(ctx, span), None) is not None:
            raise exists(f"{self.word} with name {name} already exists.")
        if self.table.count(ctx, ctx.account) >= self.entities_max:
            raise quota_exceeded(f"{self.word}sPerAccount", self.entities_max)

    def put(self, ctx: Context, entity: Entity) -> None:
        """Write an entity."""
        self.table.put(ctx, entity)
        touch(ctx, ctx.account)


USER = Kind("User", USERS, IAM_USERS_MAX, IAM_USER_INLINE_CHARACTERS_MAX)
GROUP = Kind("Group", GROUPS, IAM_GROUPS_MAX, IAM_GROUP_INLINE_CHARACTERS_MAX)
ROLE = Kind("Role", ROLES, IAM_ROLES_MAX, IAM_ROLE_INLINE_CHARACTERS_MAX)


def refuse_service_role(role: User | Group | Role) -> None:
    """Refuse to change a role that belongs to a service."""
    if isinstance(role, Role) and role.path.startswith(SERVICE_PATH):
        raise AwsError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only "
            "modifiable by AWS",
        )


def entity_of(ctx: Context, kind: str, name: str) -> User | Group | Role | None:
    """Return an entity by the word of its kind, or None."""
    if kind == "User":
        return USERS.get(ctx, ctx.account, name)
    return (GROUPS if kind == "Group" else ROLES).get(ctx, ctx.account, name)


# -- inline policies ------------------------------------------------------------------------------


def put_inline(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> None:
    """Write an inline policy of an entity."""
    entity = kind.find(ctx, request[f"{kind.word}Name"])
    refuse_service_role(entity)
    text = check_document(request["PolicyDocument"])
    inline = {**entity.inline, request["PolicyName"]: text}
    if sum(map(size_of, inline.values())) > kind.inline_characters_max:
        raise limit_exceeded(
            f"Maximum policy size of {kind.inline_characters_max} bytes exceeded for "
            f"{kind.word.lower()} {entity.name}"
        )
    kind.put(ctx, msgspec.structs.replace(entity, inline=inline))


def get_inline(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> Any:
    """Return an inline policy of an entity."""
    entity = kind.find(ctx, request[f"{kind.word}Name"])
    name = request["PolicyName"]
    return {
        f"{kind.word}Name": entity.name,
        "PolicyName": name,
        "PolicyDocument": shown(_inline(kind, entity, name)),
    }


def delete_inline(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> None:
    """Delete an inline policy of an entity."""
    entity = kind.find(ctx, request[f"{kind.word}Name"])
    refuse_service_role(entity)
    _inline(kind, entity, request["PolicyName"])
    inline = {key: text for key, text in entity.inline.items() if key != request["PolicyName"]}
    kind.put(ctx, msgspec.structs.replace(entity, inline=inline))


def list_inline(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> Any:
    """Return the names of an entity's inline policies, a page at a time."""
    entity = kind.find(ctx, request[f"{kind.word}Name"])
    return page(request, "PolicyNames", ((name, name) for name in sorted(entity.inline)))


def _inline(kind: Kind[Any], entity: User | Group | Role, name: str) -> str:
    if name not in entity.inline:
        word = kind.word.lower()
        raise no_such(f"The {word} policy with name {name} cannot be found.")
    return entity.inline[name]


# -- managed policies -----------------------------------------------------------------------------


def attach(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> None:
    """Attach a managed policy to an entity; one that is attached already stays so."""
    entity, arn = kind.find(ctx, request[f"{kind.word}Name"]), request["PolicyArn"]
    refuse_service_role(entity)
    check_attachable(ctx, arn)
    if arn in entity.attached:
        return
    if len(entity.attached) >= IAM_ATTACHED_MAX:
        raise quota_exceeded(f"PoliciesPer{kind.word}", IAM_ATTACHED_MAX)
    ATTACHMENTS.put(ctx, Attachment(ctx.account, arn, "policy", kind.word, entity.name))
    kind.put(ctx, msgspec.structs.replace(entity, attached=(*entity.attached, arn)))


def detach(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> None:
    """Detach a managed policy from an entity."""
    entity, arn = kind.find(ctx, request[f"{kind.word}Name"]), request["PolicyArn"]
    refuse_service_role(entity)
    if arn not in entity.attached:
        raise no_such(f"Policy {arn} was not found.")
    ATTACHMENTS.delete(ctx, ctx.account, arn, "policy", kind.word, entity.name)
    attached = tuple(one for one in entity.attached if one != arn)
    kind.put(ctx, msgspec.structs.replace(entity, attached=attached))


def list_attached(ctx: Context, kind: Kind[Entity], request: Mapping[str, Any]) -> Any:
    """Return an entity's managed policies, a page at a time."""
    entity = kind.find(ctx, request[f"{kind.word}Name"])
    prefix = request.get("PathPrefix") or "/"
    rows = (one for one in attached_shapes(entity) if path_of(one[0]).startswith(prefix))
    return page(request, "AttachedPolicies", rows)


def attached_shapes(entity: User | Group | Role) -> Iterator[tuple[str, Any]]:
    """Yield an entity's managed policies, by ARN, as answers have them."""
    for arn in sorted(entity.attached):
        yield arn, {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def path_of(arn: str) -> str:
    """Return the path in the ARN of a policy."""
    name = arn.partition(":policy/")[2]
    return f"/{name.rpartition('/')[0]}/" if "/" in name else "/"


def check_attachable(ctx: Context, arn: str) -> None:
    """Refuse the ARN of no managed policy; of AWS's those that are not shipped by name."""
    if not arn.startswith("arn:"):
        raise AwsError("ValidationError", "Invalid ARN:  Could not be parsed!", 400)
    if document(ctx, arn) is None:
        raise no_such(f"Policy {arn} does not exist or is not attachable.")


# -- boundaries -----------------------------------------------------------------------------------


def set_boundary(ctx: Context, kind: Kind[Limited], entity: Limited, arn: str) -> Limited:
    """Write what limits an entity: the ARN of a managed policy, or nothing."""
    if arn:
        check_attachable(ctx, arn)
    if entity.boundary:
        ATTACHMENTS.delete(ctx, ctx.account, entity.boundary, "boundary", kind.word, entity.name)
    if arn:
        ATTACHMENTS.put(ctx, Attachment(ctx.account, arn, "boundary", kind.word, entity.name))
    changed = msgspec.structs.replace(entity, boundary=arn)
    kind.put(ctx, changed)
    return changed
