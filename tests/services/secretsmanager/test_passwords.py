"""Passwords at random by boto3."""

from __future__ import annotations

import string

from tests.services.secretsmanager.secrets import refused


def test_a_password_has_all_kinds_that_are_not_excluded(lakebed):
    manager = lakebed.client("secretsmanager")
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
    made = manager.get_random_password()["RandomPassword"]
    assert len(made) == 32
    assert all(set(made) & set(kind) for kind in kinds)
    assert manager.get_random_password()["RandomPassword"] != made
    made = manager.get_random_password(
        PasswordLength=4, ExcludePunctuation=True, ExcludeUppercase=True, IncludeSpace=True,
        ExcludeCharacters="abc012",
    )["RandomPassword"]  # fmt: skip
    assert len(made) == 4
    assert set(made) <= set(string.ascii_lowercase + string.digits + " ") - set("abc012")
    assert " " in made


def test_what_is_refused(lakebed):
    manager = lakebed.client("secretsmanager")
    code = "InvalidParameterException"
    assert refused(lambda: manager.get_random_password(PasswordLength=3)) == (
        code, "Password length is too short based on the required types.",
    )  # fmt: skip
    nothing = dict.fromkeys(("ExcludeLowercase", "ExcludeUppercase", "ExcludePunctuation"), True)
    assert refused(
        lambda: manager.get_random_password(**nothing, ExcludeCharacters=string.digits)
    ) == (code, "Insufficient characters remain after applying the exclusions.")
