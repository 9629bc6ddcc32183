"""Decisions of IAM's evaluator: the price of one, without the call around it."""

from __future__ import annotations

import json
import timeit
from pathlib import Path

from bench.measure import Results, Sample
from lakebed.core.principal import Principal
from lakebed.govern.decision import Need, decide
from lakebed.govern.identities import USERS, Identities, User
from lakebed.store import Transaction
from lakebed.store.sqlite import SqliteStore

COLUMN = "lakebed file"
ACCOUNT = "000000000000"
TIMES = 20_000


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure decisions of users that differ in a condition of their policies."""
    runs.mkdir(parents=True, exist_ok=True)
    store = SqliteStore(runs / "decisions.sqlite")
    needs = [Need("s3:GetObject", "arn:aws:s3:::lake-7/a/b", ACCOUNT)]
    with store.transaction() as transaction:
        place = _Place(transaction)
        for row, condition in (
            ("decision", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            ("decision_cached", {}),
        ):
            USERS.put(place, User(ACCOUNT, row, "AIDA", inline=_policies(condition)))
            who = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/{row}", "AIDA", user=row)
            known = Identities()
            assert decide(place, who, known, needs, lambda: {"aws:sourceip": "10.1.2.3"}).is_allowed
            times = TIMES * repeats // 40 or 100

            def ask(who: Principal = who, known: Identities = known) -> object:
                return decide(place, who, known, needs, lambda: {"aws:sourceip": "10.1.2.3"})

            took = timeit.repeat(ask, number=times, repeat=5)
            results.add(row, COLUMN, Sample(min(took) / times * 1e6))
    store.close()


class _Place:
    account, region = ACCOUNT, "us-east-1"

    def __init__(self, store: Transaction) -> None:
        self.store = store


def _policies(condition: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        f"p{number}": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": action,
                        "Resource": f"arn:aws:s3:::lake-{number}/*",
                        **({"Condition": condition} if condition and number == 7 else {}),
                    }
                    for action in ("s3:Get*", "s3:ListBucket", "glue:GetTable", "athena:*")
                ],
            }
        )
        for number in range(10)
    }
