"""awswrangler reads secrets."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow
wr = pytest.importorskip("awswrangler", reason="awswrangler is not installed: make install")


def test_a_secret_is_read_as_text_and_as_json(lakebed):
    manager = lakebed.client("secretsmanager")
    manager.create_secret(Name="lake/db", SecretString='{"username": "reader"}')
    session = lakebed.session()
    text = wr.secretsmanager.get_secret("lake/db", boto3_session=session)
    assert text == '{"username": "reader"}'
    found = wr.secretsmanager.get_secret_json("lake/db", boto3_session=session)
    assert found == {"username": "reader"}
