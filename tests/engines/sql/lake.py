"""A lake in memory and a folder: enough of Glue and S3 for the contract of an SQL engine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.engines.sql import LakeFile


class FakeLake:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.databases: dict[str, dict[str, Any]] = {"default": {"Name": "default"}}
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.partitions: dict[tuple[str, str], dict[tuple[str, ...], dict[str, Any]]] = {}
        self.calls: list[str] = []

    async def call(self, service: str, operation: str, request: Any) -> dict[str, Any]:
        assert service == "glue"
        self.calls.append(operation)
        return getattr(self, operation)(request) or {}

    def get_database(self, r):
        if r["Name"] not in self.databases:
            raise AwsError("EntityNotFoundException", f"Database {r['Name']} not found.")
        return {"Database": self.databases[r["Name"]]}

    def get_databases(self, r):
        return {"DatabaseList": list(self.databases.values())}

    def create_database(self, r):
        name = r["DatabaseInput"]["Name"]
        if name in self.databases:
            raise AwsError("AlreadyExistsException", "Database already exists.")
        self.databases[name] = r["DatabaseInput"]

    def delete_database(self, r):
        self.databases.pop(r["Name"])
        for key in [key for key in self.tables if key[0] == r["Name"]]:
            self.tables.pop(key)

    def get_table(self, r):
        key = (r["DatabaseName"], r["Name"])
        if key not in self.tables:
            raise AwsError("EntityNotFoundException", "Entity Not Found")
        return {"Table": self.tables[key]}

    def get_tables(self, r):
        found = [table for key, table in self.tables.items() if key[0] == r["DatabaseName"]]
        return {"TableList": found}

    def create_table(self, r):
        key = (r["DatabaseName"], r["TableInput"]["Name"])
        if key in self.tables:
            raise AwsError("AlreadyExistsException", "Table already exists.")
        self.tables[key] = {**r["TableInput"], "DatabaseName": r["DatabaseName"]}
        self.partitions[key] = {}

    def delete_table(self, r):
        if self.tables.pop((r["DatabaseName"], r["Name"]), None) is None:
            raise AwsError("EntityNotFoundException", "Entity Not Found")

    def get_partitions(self, r):
        found = list(self.partitions[r["DatabaseName"], r["TableName"]].values())
        at = int(r.get("NextToken", "0"))
        page = {"Partitions": found[at : at + 2]}
        return page | ({"NextToken": str(at + 2)} if at + 2 < len(found) else {})

    def batch_create_partition(self, r):
        known = self.partitions[r["DatabaseName"], r["TableName"]]
        errors = []
        for one in r["PartitionInputList"]:
            if tuple(one["Values"]) in known:
                detail = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "exists"}
                errors.append({"PartitionValues": one["Values"], "ErrorDetail": detail})
            else:
                known[tuple(one["Values"])] = one
        return {"Errors": errors}

    def batch_get_partition(self, r):
        known = self.partitions[r["DatabaseName"], r["TableName"]]
        wanted = [tuple(one["Values"]) for one in r["PartitionsToGet"]]
        return {"Partitions": [known[values] for values in wanted if values in known]}

    def update_partition(self, r):
        known = self.partitions[r["DatabaseName"], r["TableName"]]
        known.pop(tuple(r["PartitionValueList"]))
        known[tuple(r["PartitionInput"]["Values"])] = r["PartitionInput"]

    def delete_partition(self, r):
        self.partitions[r["DatabaseName"], r["TableName"]].pop(tuple(r["PartitionValues"]))

    def update_table(self, r):
        key = (r["DatabaseName"], r["TableInput"]["Name"])
        self.tables[key] = {**r["TableInput"], "DatabaseName": r["DatabaseName"]}

    def update_database(self, r):
        self.databases[r["Name"]] = r["DatabaseInput"]

    def batch_delete_partition(self, r):
        for one in r["PartitionsToDelete"]:
            self.partitions[r["DatabaseName"], r["TableName"]].pop(tuple(one["Values"]))

    def path(self, bucket: str, key: str) -> Path:
        return self.root / bucket / key

    def write(self, bucket: str, key: str, body: bytes) -> None:
        self.path(bucket, key).parent.mkdir(parents=True, exist_ok=True)
        self.path(bucket, key).write_bytes(body)

    def keys(self, bucket: str) -> list[str]:
        base = self.root / bucket
        return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())

    async def files(self, bucket: str, prefix: str) -> list[LakeFile]:
        return [
            LakeFile(key, self.path(bucket, key), self.path(bucket, key).stat().st_size)
            for key in self.keys(bucket)
            if key.startswith(prefix)
        ]

    async def put(self, bucket: str, key: str, path: Path) -> None:
        self.path(bucket, key).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, self.path(bucket, key))

    async def delete(self, bucket: str, key: str) -> None:
        self.path(bucket, key).unlink(missing_ok=True)
