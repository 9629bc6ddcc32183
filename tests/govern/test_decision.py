"""The one decision: root may all in its account, nobody else anything yet."""

from __future__ import annotations

from lakebed.core.principal import Principal
from lakebed.govern.decision import Decision, decide

ARN = "arn:aws:iam::000000000000:user/ann"


def test_root_is_allowed():
    root = Principal("000000000000", "arn:aws:iam::000000000000:root", "0", is_root=True)
    assert decide(root, "s3:PutObject") == Decision(is_allowed=True)


def test_others_are_denied_with_awss_sentence():
    assert decide(Principal("000000000000", ARN, "A"), "glue:GetTable") == Decision(
        is_allowed=False, reason=f"User: {ARN} is not authorized to perform: glue:GetTable"
    )
    anonymous = Principal("000000000000", "*", "anonymous", is_anonymous=True)
    assert decide(anonymous, "s3:GetObject") == Decision(
        is_allowed=False, reason="Anonymous is not authorized to perform: s3:GetObject"
    )
