"""What the Iceberg tests share: Athena's statements against a live server."""

from __future__ import annotations

import time

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog


class Athena:
    """Athena over a live server, with a database `db` and a bucket `lake`."""

    def __init__(self, lakebed, *, is_new: bool = True) -> None:
        self.lakebed = lakebed
        self.client = lakebed.client("athena")
        self.glue = lakebed.client("glue")
        self.s3 = lakebed.client("s3")
        if is_new:
            self.s3.create_bucket(Bucket="lake")
            self.glue.create_database(DatabaseInput={"Name": "db"})

    def run(self, text: str) -> dict:
        """Run a statement to its end, whatever that is."""
        started = self.client.start_query_execution(
            QueryString=text,
            QueryExecutionContext={"Database": "db"},
            ResultConfiguration={"OutputLocation": "s3://lake/results/"},
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            query = self.client.get_query_execution(**_only_id(started))["QueryExecution"]
            if query["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return query
            time.sleep(0.005)
        raise AssertionError(f"the query did not end: {text}")

    def ok(self, text: str) -> dict:
        """Run a statement that succeeds."""
        query = self.run(text)
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]["StateChangeReason"]
        return query

    def rows(self, text: str) -> list[list[str | None]]:
        """Run a query and return its rows without the header."""
        query = self.ok(text)
        answer = self.client.get_query_results(**_only_id(query))
        return [
            [one.get("VarCharValue") for one in row["Data"]] for row in answer["ResultSet"]["Rows"]
        ][1:]

    def lines(self, text: str) -> list[str]:
        """Run a statement that shows lines, and return them."""
        query = self.ok(text)
        answer = self.client.get_query_results(**_only_id(query))
        return [
            "\t".join(one.get("VarCharValue", "") for one in row["Data"])
            for row in answer["ResultSet"]["Rows"]
        ]

    def error(self, text: str) -> str:
        """Run a statement that fails and return why."""
        query = self.run(text)
        assert query["Status"]["State"] == "FAILED", text
        return query["Status"]["StateChangeReason"]

    def create(self, name: str, columns: str, more: str = "", **properties: str) -> None:
        """Create a table at s3://lake/NAME/."""
        given = {"table_type": "ICEBERG", **properties}
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
        self.ok(
            f"CREATE TABLE {name} ({columns}) {more} LOCATION 's3://lake/{name}/' "
            f"TBLPROPERTIES ({listed})"
        )

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def catalog(self) -> GlueCatalog:
        """Return PyIceberg's own Glue catalog on the same server."""
        return GlueCatalog("other", **self.settings())

    def settings(self) -> dict[str, str]:
        """Return what tells PyIceberg where the server is."""
        settings = {"region": "us-east-1", "access-key-id": "test", "secret-access-key": "test"}
        return {
            **{
                f"{kind}.{key}": value for kind in ("glue", "s3") for key, value in settings.items()
            },
            "glue.endpoint": self.lakebed.url,
            "s3.endpoint": self.lakebed.url,
        }

    def read(self, name: str) -> list[dict]:
        """Read a table with PyIceberg, ordered by its first column."""
        found: pa.Table = self.catalog().load_table(f"db.{name}").scan().to_arrow()
        order = found.column_names[0]
        return found.sort_by([(order, "ascending")]).to_pylist()


def _only_id(answer: dict) -> dict[str, str]:
    return {"QueryExecutionId": answer["QueryExecutionId"]}
