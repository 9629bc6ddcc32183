"""Crawlers as they are defined, by boto3: what comes back, what is refused, and how it is said."""

from __future__ import annotations

import itertools
import json

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.glue.test_databases import body, error_of

TARGETS = {"DeltaTargets": [{"DeltaTables": ["s3://lake/sales/"], "WriteManifest": False}]}
EMPTY_TARGETS = {
    kind: []
    for kind in ("S3Targets", "JdbcTargets", "MongoDBTargets", "DynamoDBTargets", "CatalogTargets",
                 "DeltaTargets", "IcebergTargets", "HudiTargets")
}  # fmt: skip
GIVEN = {"Name": "c", "Role": "service-role/crawls", "DatabaseName": "d", "Targets": TARGETS}
LOG = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


@pytest.fixture
def glue(lakebed):
    lakebed.client("s3").create_bucket(Bucket="lake")
    return lakebed.client("glue")


@pytest.fixture
def any_lake(lakebed_session):
    """A server with a bucket, which every example uses again."""
    lakebed_session.reset()
    lakebed_session.client("s3").create_bucket(Bucket="lake")
    return lakebed_session.client("glue")


def made(glue, **members):
    glue.create_crawler(**{**GIVEN, **members})
    return members.get("Name", "c")


def shown(glue, name="c"):
    crawler = glue.get_crawler(Name=name)["Crawler"]
    created, updated = crawler.pop("CreationTime"), crawler.pop("LastUpdated")
    assert created <= updated
    return crawler


def refused(glue, **members):
    return error_of(lambda: glue.create_crawler(**{**GIVEN, **members}))


def invalid(message):
    return "InvalidInputException", message, 400


def test_a_crawler_comes_back_with_awss_defaults(glue):
    assert body(glue.create_crawler(**GIVEN)) == {}
    assert shown(glue) == {
        **GIVEN,
        "Targets": {**EMPTY_TARGETS, **TARGETS},
        "Classifiers": [],
        "SchemaChangePolicy": {
            "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE",
        },
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
        "LakeFormationConfiguration": {"UseLakeFormationCredentials": False, "AccountId": ""},
        "State": "READY",
        "CrawlElapsedTime": 0,
        "Version": 1,
    }  # fmt: skip


def test_a_crawler_comes_back_with_all_it_was_given(glue):
    encryption = {"S3Encryption": [{"S3EncryptionMode": "DISABLED"}]}
    glue.create_security_configuration(Name="secure", EncryptionConfiguration=encryption)
    glue.create_classifier(JsonClassifier={"Name": "rows", "JsonPath": "$.rows[*]"})
    configuration = {
        "Version": 1.0,
        "CrawlerOutput": {
            "Tables": {"AddOrUpdateBehavior": "MergeNewColumns", "TableThreshold": 5},
            "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        },
        "Grouping": {
            "TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 2,
        },
        "CreatePartitionIndex": False,
    }  # fmt: skip
    members = {
        "Description": "every night",
        "Classifiers": ["rows"],
        "TablePrefix": "raw_",
        "SchemaChangePolicy": LOG,
        "Configuration": json.dumps(configuration),
        "CrawlerSecurityConfiguration": "secure",
    }
    schedule = "cron(15 12 * * ? *)"
    made(glue, **members, Schedule=schedule, Tags={"team": "data"})
    crawler = shown(glue)
    assert {key: crawler[key] for key in members} == members
    assert crawler["Schedule"] == {"ScheduleExpression": schedule, "State": "SCHEDULED"}
    arn = "arn:aws:glue:us-east-1:000000000000:crawler/c"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data"}


def test_a_crawler_of_catalog_tables_deletes_nothing_and_combines_schemas(glue):
    glue.create_database(DatabaseInput={"Name": "d"})
    glue.create_table(DatabaseName="d", TableInput={"Name": "t"})
    targets = {"CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}]}
    glue.create_crawler(Name="c", Role="r", Targets=targets)
    crawler = shown(glue)
    assert crawler["Targets"] == {**EMPTY_TARGETS, **targets}
    assert crawler["SchemaChangePolicy"] == {
        "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG",
    }  # fmt: skip
    grouping = {"TableGroupingPolicy": "CombineCompatibleSchemas"}
    assert json.loads(crawler["Configuration"]) == {"Version": 1.0, "Grouping": grouping}
    deletes = {"DeleteBehavior": "DEPRECATE_IN_DATABASE"}
    assert refused(glue, Name="e", Targets=targets, SchemaChangePolicy=deletes) == invalid(
        "The SchemaChangePolicy for catalog target can have only LOG DeleteBehavior value."
    )


def test_the_arn_of_a_role_comes_back_as_its_name(glue):
    made(glue, Role="arn:aws:iam::000000000000:role/service-role/crawls")
    assert shown(glue)["Role"] == "service-role/crawls"
    assert refused(glue, Name="e", Role="arn:aws:iam::111111111111:role/crawls") == (
        "AccessDeniedException", "Cross-account pass role is not allowed.", 400,
    )  # fmt: skip
    sentence = "Service is unable to assume provided role. Please verify role's TrustPolicy"
    assert refused(glue, Name="e", Role="no role") == invalid(sentence)


def test_errors_of_names(glue):
    made(glue)
    already = ("AlreadyExistsException", "Crawler with name c already exists", 400)
    assert refused(glue) == already
    missing = ("EntityNotFoundException", "Crawler entry with name nope does not exist", 400)
    for operation in (glue.get_crawler, glue.update_crawler, glue.delete_crawler):
        assert error_of(lambda: operation(Name="nope")) == missing  # noqa: B023
    missing = ("EntityNotFoundException", "Crawler with name nope does not exist", 400)
    for operation in (glue.start_crawler, glue.stop_crawler):
        assert error_of(lambda: operation(Name="nope")) == missing  # noqa: B023
    assert error_of(lambda: glue.stop_crawler(Name="c")) == (
        "CrawlerNotRunningException", "Crawler with name c isn't running", 400,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Targets": {}}, "At least one crawler target has to be specified."),
        (
            {"Targets": {"DeltaTargets": [{"DeltaTables": ["s3://gone/x/"]}]}},
            "S3 bucket gone does not exist.",
        ),
        (
            {"Targets": {"DeltaTargets": [{"DeltaTables": ["/here"]}]}},
            "/here is not a path of Amazon S3 (s3://bucket/prefix/).",
        ),
        (
            {"Targets": {**TARGETS, "CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}]}},
            "The crawler cannot have catalog targets mixed with other target types. Specify "
            "crawler targets that include only catalog, or only non-catalog targets",
        ),
        (
            {"Targets": {"DeltaTargets": [{**TARGETS["DeltaTargets"][0], "ConnectionName": "w"}]}},
            "Unable to retrieve connection w: Connection w not found.",
        ),
        (
            {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}},
            'RecrawlBehavior "Crawl new folders only" can only apply to Amazon S3 target.',
        ),
        (
            {"Targets": {"CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}]}},
            "Database d not found. (Service: AmazonDataCatalog; Status Code: 400; "
            "Error Code: EntityNotFoundException)",
        ),
        ({"Classifiers": ["nope"]}, "Classifier with name nope does not exist"),
        (
            {"CrawlerSecurityConfiguration": "nope"},
            "Error trying to retrieve security config, error message: Security configuration nope "
            "not found.",
        ),
        (
            {"Configuration": '{"Version":1.0,"CrawlerOutput":{"Partitions":'
                              '{"UpdateBehavior":"LOG"}}}'},
            "CrawlerOutput.Partitions contains unsupported keys: UpdateBehavior.",
        ),
        (
            {"Configuration": '{"Version":1.0,"Grouping":{"TableLevelConfiguration":0}}'},
            "Grouping.TableLevelConfiguration cannot be 0.",
        ),
        (
            {"Configuration": '{"Version":' + "[" * 5000},
            "Configuration is not valid JSON: maximum recursion depth exceeded while deserializing "
            "an object",
        ),
        ({"Configuration": "[1]"}, "Configuration is not a JSON object."),
        ({"Configuration": "{}"}, "Configuration must have a Version; it is 1.0."),
        (
            {"Configuration": "{"},
            "Configuration is not valid JSON: Input data was truncated",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(glue, members, message):
    assert refused(glue, **members) == invalid(message)
    assert glue.list_crawlers()["CrawlerNames"] == []


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"Targets": {"DynamoDBTargets": [{"Path": "t"}]}}, "Targets.DynamoDBTargets"),
        ({"Targets": {"MongoDBTargets": [{"Path": "t"}]}}, "Targets.MongoDBTargets"),
        (
            {"Targets": {"S3Targets": [{"Path": "s3://lake/"}, {"EventQueueArn": "arn:q"}]}},
            "Targets.S3Targets.EventQueueArn",
        ),
        (
            {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}},
            "RecrawlPolicy.RecrawlBehavior CRAWL_EVENT_MODE",
        ),
        (
            {"LineageConfiguration": {"CrawlerLineageSettings": "ENABLE"}},
            "LineageConfiguration.CrawlerLineageSettings ENABLE",
        ),
        (
            {"LakeFormationConfiguration": {"UseLakeFormationCredentials": True}},
            "LakeFormationConfiguration.UseLakeFormationCredentials",
        ),
    ],
)
def test_what_is_not_built_is_named(glue, members, what):
    code, message, _ = refused(glue, **members)
    assert code == "LakebedNotBuilt"
    assert f"glue.CreateCrawler ({what})" in message
    made(glue)
    code, message, _ = error_of(lambda: glue.update_crawler(Name="c", **members))
    assert (code, f"glue.UpdateCrawler ({what})" in message) == ("LakebedNotBuilt", True)


def test_a_security_configuration_that_encrypts_the_log_is_not_built(glue):
    key = {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": "arn:aws:kms:us-east-1:0:key/k"}
    encryption = {"CloudWatchEncryption": key}
    glue.create_security_configuration(Name="secret", EncryptionConfiguration=encryption)
    code, message, _ = refused(glue, CrawlerSecurityConfiguration="secret")
    assert code == "LakebedNotBuilt"
    assert "CrawlerSecurityConfiguration with CloudWatchEncryptionMode SSE-KMS" in message


def test_an_update_replaces_the_members_it_names(glue):
    made(glue, Description="before", TablePrefix="p_", Schedule="cron(0 1 * * ? *)")
    before = shown(glue)
    changed = {"Description": "after", "SchemaChangePolicy": {"DeleteBehavior": "LOG"}}
    assert body(glue.update_crawler(Name="c", Schedule="", TablePrefix="", **changed)) == {}
    del before["Schedule"], before["TablePrefix"]
    assert shown(glue) == {
        **before,
        "Description": "after",
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "Version": 2,
    }
    with pytest.raises(ClientError):
        glue.update_crawler(Name="c", Role="arn:aws:iam::111111111111:role/x")
    assert shown(glue)["Version"] == 2


def test_crawlers_are_listed_in_pages_and_by_tags(glue):
    for name, tags in (("b", {"k": "v", "l": "w"}), ("a", {"k": "v"}), ("c", {"k": "x"})):
        made(glue, Name=name, Tags=tags)
    first = glue.get_crawlers(MaxResults=2)
    second = glue.get_crawlers(MaxResults=2, NextToken=first["NextToken"])
    pages = [[crawler["Name"] for crawler in page["Crawlers"]] for page in (first, second)]
    assert pages == [["a", "b"], ["c"]]
    assert "NextToken" not in second
    first = glue.list_crawlers(MaxResults=1, Tags={"k": "v"})
    second = glue.list_crawlers(MaxResults=1, Tags={"k": "v"}, NextToken=first["NextToken"])
    assert (first["CrawlerNames"], body(second)) == (["a"], {"CrawlerNames": ["b"]})
    assert body(glue.list_crawlers(Tags={"k": "v", "l": "w"})) == {"CrawlerNames": ["b"]}
    found = glue.batch_get_crawlers(CrawlerNames=["c", "nope", "a"])
    assert [crawler["Name"] for crawler in found["Crawlers"]] == ["c", "a"]
    assert found["CrawlersNotFound"] == ["nope"]


def test_nothing_is_left_of_a_deleted_crawler(glue):
    made(glue, Tags={"k": "v"})
    assert body(glue.delete_crawler(Name="c")) == {}
    assert glue.list_crawlers()["CrawlerNames"] == []
    made(glue)
    arn = "arn:aws:glue:us-east-1:000000000000:crawler/c"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}


NUMBERS = itertools.count()
LINE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xD7FF), min_size=1, max_size=20)
TABLES = st.fixed_dictionaries(
    {}, optional={
        "AddOrUpdateBehavior": st.just("MergeNewColumns"), "TableThreshold": st.integers(1, 9),
    },
)  # fmt: skip
CONFIGURATIONS = st.fixed_dictionaries(
    {"Version": st.sampled_from([1, 1.0])},
    optional={
        "CrawlerOutput": st.fixed_dictionaries({}, optional={"Tables": TABLES}),
        "Grouping": st.fixed_dictionaries(
            {}, optional={"TableLevelConfiguration": st.integers(1, 9)}
        ),
        "CreatePartitionIndex": st.booleans(),
    },
).map(json.dumps)
POLICIES = st.fixed_dictionaries({
    "UpdateBehavior": st.sampled_from(["LOG", "UPDATE_IN_DATABASE"]),
    "DeleteBehavior": st.sampled_from(["LOG", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE"]),
})  # fmt: skip
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "Role": st.sampled_from(["a", "path/b"]),
        "DatabaseName": LINE,
        "Description": LINE,
        "TablePrefix": LINE,
        "SchemaChangePolicy": POLICIES,
        "Configuration": CONFIGURATIONS,
        "Targets": st.fixed_dictionaries({
            "S3Targets": st.lists(st.fixed_dictionaries(
                {"Path": st.just("s3://lake/x/"), "Exclusions": st.lists(LINE, max_size=2)},
                optional={"SampleSize": st.integers(1, 249)},
            ), min_size=1, max_size=3),
        }),
    },
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MEMBERS, MEMBERS)
def test_any_definition_comes_back_and_any_change_of_it(any_lake, first, second):
    name = made(any_lake, Name=f"c{next(NUMBERS)}", **first)
    expected = {**GIVEN, **first, "Name": name}
    for version in (1, 2):
        crawler = shown(any_lake, name)
        targets = {**EMPTY_TARGETS, **expected["Targets"]}
        assert {key: crawler[key] for key in expected} == {**expected, "Targets": targets}
        assert crawler["Version"] == version
        if version == 1:
            any_lake.update_crawler(Name=name, **second)
            expected |= second
