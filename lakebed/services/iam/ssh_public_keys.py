"""SSH public keys of users, which CodeCommit would take; here they are kept and shown."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import IAM_SSH_PUBLIC_KEYS_MAX
from lakebed.public_keys import PublicKeyError, openssh_line, pem_of
from lakebed.services.iam._entities import USER
from lakebed.services.iam._names import new_id
from lakebed.services.iam._pages import page
from lakebed.services.iam._users import meant
from lakebed.services.iam.model import SSH_PUBLIC_KEYS, SshPublicKey, no_such, quota_exceeded
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def upload_ssh_public_key(
    ctx: Context, request: shapes.UploadSSHPublicKeyRequest
) -> shapes.UploadSSHPublicKeyResponse:
    """Keep a public key of a user: RSA, as a line of OpenSSH or in PEM.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSSHPublicKey.html
    """
    user, body = USER.find(ctx, request["UserName"]), request["SSHPublicKeyBody"].strip()
    print_ = _fingerprint(_line_of(body))
    held = _keys(ctx, user.id)
    if any(one.fingerprint == print_ for one in held):
        raise AwsError(
            "DuplicateSSHPublicKey", "The SSH public key is already associated with the user."
        )
    if len(held) >= IAM_SSH_PUBLIC_KEYS_MAX:
        raise quota_exceeded("SSHPublicKeysPerUser", IAM_SSH_PUBLIC_KEYS_MAX)
    key = SshPublicKey(
        ctx.account, user.id, new_id(ctx, "APKA"), body, print_, ctx.clock.now()
    )  # fmt: skip
    SSH_PUBLIC_KEYS.put(ctx, key)
    return {"SSHPublicKey": _whole(user.name, key, body)}


def get_ssh_public_key(
    ctx: Context, request: shapes.GetSSHPublicKeyRequest
) -> shapes.GetSSHPublicKeyResponse:
    """Return a public key of a user, as a line of OpenSSH or in PEM.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSSHPublicKey.html
    """
    user = USER.find(ctx, request["UserName"])
    key = _find(ctx, user.id, request["SSHPublicKeyId"])
    body = key.body
    if request["Encoding"] == "SSH" and not body.startswith("ssh-"):
        body = _line_of(body)
    elif request["Encoding"] == "PEM" and body.startswith("ssh-"):
        body = pem_of(body)
    return {"SSHPublicKey": _whole(user.name, key, body)}


def list_ssh_public_keys(
    ctx: Context, request: shapes.ListSSHPublicKeysRequest
) -> shapes.ListSSHPublicKeysResponse:
    """Return a user's public keys, without their bodies, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSSHPublicKeys.html
    """
    user = meant(ctx, request)
    rows = ((key.id, _shape(user.name, key)) for key in _keys(ctx, user.id))
    answer: Any = page(request, "SSHPublicKeys", rows)
    return answer


def update_ssh_public_key(
    ctx: Context, request: shapes.UpdateSSHPublicKeyRequest
) -> shapes.UpdateSSHPublicKeyResponse:
    """Make a public key active or inactive.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSSHPublicKey.html
    """
    user = USER.find(ctx, request["UserName"])
    key = _find(ctx, user.id, request["SSHPublicKeyId"])
    is_active = request["Status"] == "Active"
    SSH_PUBLIC_KEYS.put(ctx, msgspec.structs.replace(key, is_active=is_active))
    return {}


def delete_ssh_public_key(
    ctx: Context, request: shapes.DeleteSSHPublicKeyRequest
) -> shapes.DeleteSSHPublicKeyResponse:
    """Delete a public key of a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSSHPublicKey.html
    """
    user = USER.find(ctx, request["UserName"])
    key = _find(ctx, user.id, request["SSHPublicKeyId"])
    SSH_PUBLIC_KEYS.delete(ctx, ctx.account, user.id, key.id)
    return {}


def _line_of(body: str) -> str:
    try:
        return openssh_line(body)
    except PublicKeyError:
        raise AwsError("InvalidPublicKey", "The SSH public key is not valid.") from None


def _fingerprint(line: str) -> str:
    digest = hashlib.md5(base64.b64decode(line.split()[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def _keys(ctx: Context, user_id: str) -> list[SshPublicKey]:
    return list(SSH_PUBLIC_KEYS.scan(ctx, Range(prefix=(ctx.account, user_id))))


def _find(ctx: Context, user_id: str, id: str) -> SshPublicKey:
    held = SSH_PUBLIC_KEYS.get(ctx, ctx.account, user_id, id)
    if held is None:
        raise no_such(f"The Public Key with id {id} cannot be found.")
    return held


def _shape(user: str, key: SshPublicKey) -> Any:
    return {
        "UserName": user,
        "SSHPublicKeyId": key.id,
        "Status": "Active" if key.is_active else "Inactive",
        "UploadDate": key.uploaded,
    }


def _whole(user: str, key: SshPublicKey, body: str) -> Any:
    return {**_shape(user, key), "Fingerprint": key.fingerprint, "SSHPublicKeyBody": body}
