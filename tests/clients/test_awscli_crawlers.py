"""The AWS CLI over crawlers: the lines at the top of their page, as they stand there."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.clients.clients import ROOT, client, run
from tests.services.glue.crawler_runs import put_orders, wait_ready

pytestmark = pytest.mark.slow


def test_the_lines_of_the_page(lakebed, tmp_path):
    put_orders(lakebed)
    page = (ROOT / "docs" / "reference" / "crawlers.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [shlex.split(line) for line in block[1].splitlines()]
    *before, last = [words for words in lines if words[0] == "aws"]
    for _, *words in before:
        run(lakebed, client("aws"), *words, folder=tmp_path)
    wait_ready(lakebed.client("glue"))
    said = json.loads(run(lakebed, client("aws"), *last[1:], folder=tmp_path))
    assert (said["Status"], said["LogGroup"]) == ("SUCCEEDED", "/aws-glue/crawlers")
    shown = run(
        lakebed, client("aws"), "glue", "get-table", "--database-name", "shop", "--name", "orders",
        folder=tmp_path,
    )  # fmt: skip
    columns = json.loads(shown)["Table"]["StorageDescriptor"]["Columns"]
    assert [one["Name"] for one in columns] == ["id", "name", "price"]
