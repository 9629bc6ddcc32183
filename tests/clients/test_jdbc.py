"""Athena's JDBC driver (2.x, as PyAthenaJDBC packages it) against a live server.

The driver speaks HTTPS only, so the server does; results come by GetQueryResults, because what
streams them (GetQueryResultsStream, port 444) is no public API.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lakebed import testing
from tests.clients.clients import ROOT

pytestmark = pytest.mark.slow

JAR = "lib/python*/site-packages/pyathenajdbc/AthenaJDBC42.jar"
STORY = Path(__file__).parent / "jdbc" / "Story.java"

EXPECTED = """
catalog|AwsDataCatalog
schema|default|AwsDataCatalog
schema|shop|AwsDataCatalog
type|EXTERNAL_TABLE
type|MANAGED_TABLE
type|TABLE
type|VIEW
type|VIRTUAL_VIEW
TABLES
column|dear|id|integer|10|null|NONE|1
column|dear|price|decimal|10|2|NONE|2
column|orders|id|integer|10|null|the number|1
column|orders|note|string|255|null|NONE|2
column|orders|price|decimal|10|2|NONE|3
column|orders|tags|array|65535|null|NONE|4
column|orders|day|date|10|null|NONE|5
result|id|integer
result|note|string
result|price|decimal
result|tags|array
result|day|date
row|1|a|2.50|x, y|2024-02-29
pages|2500|3126250
error|[Simba][AthenaJDBC](100071) An error has been thrown from the AWS Athena client. \
COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved
"""

# By statements (SHOW, DESCRIBE) the driver calls everything a table, and no comment an empty one.
BY_STATEMENTS = ("table|AwsDataCatalog|shop|dear|TABLE\ntable|AwsDataCatalog|shop|orders|TABLE", "")
BY_OPERATIONS = (
    "table|AwsDataCatalog|shop|orders|EXTERNAL_TABLE\ntable|AwsDataCatalog|shop|dear|VIRTUAL_VIEW",
    "null",
)


@pytest.mark.parametrize(
    ("retrieval", "tables", "comment"),
    [("Query", *BY_STATEMENTS), ("ProxyAPI", *BY_OPERATIONS)],
)
def test_a_tool_finds_tables_and_columns_and_reads_rows(tmp_path, retrieval, tables, comment):
    java, keytool = shutil.which("java"), shutil.which("keytool")
    jars = list((ROOT / ".venv" / "clients").glob(JAR))
    if java is None or keytool is None or not jars:
        pytest.skip("the driver needs Java 11 or newer with its compiler, and `make clients`")
    with testing.server("--tls") as running:
        running.client("s3").create_bucket(Bucket="jdbc")
        trust, port = tmp_path / "trust.jks", running.url.rsplit(":", 1)[1]
        ca = running.data_dir / "state" / "tls" / "ca.pem"
        subprocess.run(
            [keytool, "-importcert", "-noprompt", "-alias", "lakebed", "-file", str(ca),
             "-keystore", str(trust), "-storepass", "changeit"],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        url = "jdbc:awsathena://AwsRegion=us-east-1;UseResultsetStreaming=0;"
        url += f"MetadataRetrievalMethod={retrieval};"
        done = subprocess.run(
            [java, f"-Djavax.net.ssl.trustStore={trust}",
             "-Djavax.net.ssl.trustStorePassword=changeit", "-cp", str(jars[0]), str(STORY),
             f"{url}EndpointOverride=127.0.0.1:{port}"],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    if "jdk.compiler" in done.stderr and "not found" in done.stderr:
        pytest.skip("this Java has no compiler")
    assert done.returncode == 0, done.stderr[-3000:]
    told = [line for line in done.stdout.splitlines() if "|" in line]
    plain = ["|".join(part.strip() for part in line.split("|")) for line in told]
    expected = EXPECTED.replace("TABLES", tables).replace("NONE", comment)
    assert plain == expected.strip().splitlines()
