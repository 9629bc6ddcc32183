"""Who may reach a bucket besides its owner, read from its settings once and kept ready.

A bucket without a policy and without access lists has no rules, and is not looked up here.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json

from lakebed.context import Context
from lakebed.core.limits import BUCKET_RULES_REMEMBERED_MAX
from lakebed.govern.policies import Policy, Statement, parsed
from lakebed.govern.public_access import account_blocks, is_public
from lakebed.services.s3._grants import Grants, statement_of_initiator, statements_of
from lakebed.services.s3._policy_documents import in_accounts
from lakebed.services.s3._settings import (
    ACL,
    OWNERSHIP_CONTROLS,
    POLICY,
    PUBLIC_ACCESS_BLOCK,
    BucketSetting,
    setting_of,
)
from lakebed.services.s3.model import BUCKETS, Bucket

_SOURCES = (POLICY, ACL, OWNERSHIP_CONTROLS, PUBLIC_ACCESS_BLOCK)
_RESTRICT, _IGNORE = "RestrictPublicBuckets", "IgnorePublicAcls"


class Rules:
    """What a bucket's settings say of who may reach it."""

    def __init__(
        self,
        bucket: Bucket,
        settings: dict[str, BucketSetting | None],
        of_account: tuple[str, ...],
    ) -> None:
        self.owner = bucket.account
        text = policy_text(settings[POLICY])
        policy = Policy("bucket policy")
        if text:
            policy = in_accounts(parsed(text, policy.name, is_resource_policy=True))
        self.asks_for_tags = "existingobjecttag" in text.lower()
        self._policy = policy
        # Of a public policy nothing is left for others' accounts but what it denies.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
        block = settings[PUBLIC_ACCESS_BLOCK]
        is_restricted = _RESTRICT in of_account or blocks(block, _RESTRICT)
        is_shut = is_restricted and is_public(policy)
        self._to_others = Policy.of(policy.name, policy.denies) if is_shut else policy
        # Where the bucket's owner owns its objects, access lists are out of use.
        self.has_lists = settings[OWNERSHIP_CONTROLS] is not None
        self.ignores_public = _IGNORE in of_account or blocks(block, _IGNORE)
        grants = settings[ACL]
        self._lists: tuple[Statement, ...] = ()
        if self.has_lists and grants is not None and grants.document is not None:
            found = tuple((who, what) for who, what in grants.document["Grants"])
            self._lists = statements_of(found, is_bucket=True, no_public=self.ignores_public)
        self._about: dict[tuple[str, bool], Policy] = {}

    def about(self, action: str, account: str) -> Policy:
        """Return what the bucket's policy and list say of an action to who is of an account."""
        key = action, account == self.owner
        found = self._about.get(key)
        if found is None:
            policy = self._policy if key[1] else self._to_others
            whole = Policy.of(policy.name, (*policy.statements, *self._lists))
            found = self._about[key] = whole.about(action)
        return found

    def about_object(self, action: str, account: str, owner: str, grants: Grants) -> Policy:
        """Return what is said of an action that an object's own access list decides.

        What its bucket's policy allows holds only for objects of the bucket's owner.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
        """
        found = self.about(action, account)
        own = statements_of(grants, is_bucket=False, no_public=self.ignores_public)
        said = Policy.of(found.name, own).about(action)
        allows = found.allows if owner == self.owner else ()
        return Policy(found.name, (*allows, *said.allows), found.denies)

    def about_upload(self, action: str, account: str) -> Policy:
        """Return what is said of an action on an upload to the account that began it."""
        found = self.about(action, account)
        own = Policy.of(found.name, (statement_of_initiator(account),)).about(action)
        return Policy(found.name, (*found.allows, *own.allows), found.denies)


def policy_text(setting: BucketSetting | None) -> str:
    """Return the text of a bucket's policy, empty if it has none."""
    return "" if setting is None or setting.document is None else setting.document["Policy"]


def blocks(setting: BucketSetting | None, name: str) -> bool:
    """Tell whether one of the four blocks of public access holds; in a new bucket all do."""
    if setting is None:
        return True
    return setting.document is not None and bool(setting.document.get(name))


def is_blocked(ctx: Context, bucket: Bucket, name: str) -> bool:
    """Tell whether one of the four blocks holds in a bucket, be it by its account's."""
    own = setting_of(ctx, bucket.name, PUBLIC_ACCESS_BLOCK)
    return blocks(own, name) or name in account_blocks(ctx, bucket.account)


class _Remembered:
    """The rules of the buckets asked last, by their digest, which says all there is in them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], Rules] = {}

    def rules_of(self, ctx: Context, bucket: Bucket) -> Rules:
        """Return the rules of a bucket that has some."""
        of_account = account_blocks(ctx, bucket.account)
        key = bucket.rules, of_account
        found = self._known.get(key)
        if found is None:
            found = Rules(bucket, _read(ctx, bucket), of_account)
            if len(self._known) >= BUCKET_RULES_REMEMBERED_MAX:
                self._known.clear()
            self._known[key] = found
        return found


rules_of = _Remembered().rules_of


def rules_changed(ctx: Context, bucket: Bucket) -> None:
    """Keep the digest of a bucket's rules; to be called after every change of one of them."""
    settings = _read(ctx, bucket)
    digest = ""
    if any(one is not None for name, one in settings.items() if name != PUBLIC_ACCESS_BLOCK):
        documents = [None if one is None else [one.document] for one in settings.values()]
        whole = [bucket.name, bucket.account, documents]
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    if digest != bucket.rules:
        BUCKETS.put(ctx, dataclasses.replace(bucket, rules=digest))


def _read(ctx: Context, bucket: Bucket) -> dict[str, BucketSetting | None]:
    return {name: setting_of(ctx, bucket.name, name) for name in _SOURCES}
