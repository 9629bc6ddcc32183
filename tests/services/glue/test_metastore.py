"""The catalog as Spark's metastore, by Hive's own client in a job's process."""

from __future__ import annotations

import json
import socket

import pytest

from tests.services.glue.metastore_jobs import Metastore, metastore_server

SERDE = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}


@pytest.fixture(scope="module")
def metastores(tmp_path_factory):
    with metastore_server(tmp_path_factory.mktemp("engines")) as lakebed:
        yield lakebed


@pytest.fixture
def metastore(metastores):
    metastores.reset()
    return Metastore(metastores)


def partitioned(metastore, **table):
    storage = {"Columns": [{"Name": "n", "Type": "int"}], "Location": "s3://lake/db/t"}
    metastore.glue.create_table(
        DatabaseName="db",
        TableInput={
            "Name": "t",
            "TableType": "MANAGED_TABLE",
            "StorageDescriptor": storage,
            "PartitionKeys": [{"Name": "d", "Type": "string"}, {"Name": "h", "Type": "int"}],
            **table,
        },
    )


def test_databases_are_glues(metastore):
    said = metastore.says(
        "hive.create_database(t.Database('made', 'text', 's3://lake/made', {'a': 'b'}))\n"
        "hive.create_database(t.Database('local', '', 'file:/somewhere', {}))\n"
        "one = hive.get_database('db')\n"
        "hive.alter_database('db', t.Database('db', 'new', one.locationUri, {'c': 'd'}))\n"
        "says = [hive.get_all_databases(), hive.get_databases('*a*'), one.locationUri,\n"
        "        one.description, hive.get_database('local').locationUri,\n"
        "        error_of(hive.get_database, 'none')]\n"
        "hive.drop_database('made', True, False)\n",
        conf="spark.sql.warehouse.dir=s3://lake/warehouse",
    )
    assert said == [
        ["db", "local", "made"],
        ["local", "made"],
        "s3://lake/db/",
        "of mine",
        "s3://lake/warehouse/local.db",
        ["NoSuchObjectException", "Database none not found."],
    ]
    found = {one["Name"]: one for one in metastore.glue.get_databases()["DatabaseList"]}
    assert sorted(found) == ["db", "local"]
    assert "LocationUri" not in found["local"]
    assert (found["db"]["Description"], found["db"]["Parameters"]) == ("new", {"c": "d"})


def test_a_database_with_tables_is_dropped_only_with_them(metastore):
    partitioned(metastore)
    said = metastore.says(
        "says = [error_of(hive.drop_database, 'db', True, False)]\n"
        "hive.drop_database('db', True, True)"
    )
    message = "Database db is not empty. One or more tables exist."
    assert said == [["InvalidOperationException", message]]
    assert metastore.glue.get_databases()["DatabaseList"] == []


def test_a_table_is_what_hive_made_of_it(metastore):
    parameters = "{'EXTERNAL': 'TRUE', 'spark.sql.sources.schema': '{\"type\": \"struct\"}  '}"
    said = metastore.says(
        "given = table('Made', location='s3://lake/made', tableType='EXTERNAL_TABLE',\n"
        f"    parameters={parameters}, owner='me',\n"
        "    partitionKeys=[t.FieldSchema('d', 'date', 'day')])\n"
        "hive.create_table_with_environment_context(given, None)\n"
        "says = [error_of(hive.create_table, given), hive.get_all_tables('db'),\n"
        "        hive.get_tables('db', 'M*|x'),\n"
        "        hive.get_tables_by_type('db', '*', 'VIRTUAL_VIEW'),\n"
        "        hive.get_tables('none', '*'), error_of(hive.get_table, 'db', 'none'),\n"
        "        [one.tableName for one in hive.get_table_objects_by_name('db', ['made', 'x'])],\n"
        "        [one.name for one in hive.get_schema('db', 'made')],\n"
        "        error_of(hive.get_fields, 'db', 'none')]\n"
        "found = hive.get_table_req(t.GetTableRequest('db', 'made')).table\n"
        "given.tableName = 'made'\n"
        "given.createTime, given.lastAccessTime = found.createTime, 0\n"
        "given.temporary = given.rewriteEnabled = False\n"
        "given.sd.storedAsSubDirectories = False\n"
        "given.sd.serdeInfo.name = None\n"
        "says.append([str(found), str(given)])"
    )
    assert said[:-1] == [
        ["AlreadyExistsException", "Table already exists."],
        ["made"],
        ["made"],
        [],
        [],
        ["NoSuchObjectException", "Entity Not Found"],
        ["made"],
        ["n", "d"],
        ["UnknownTableException", "Entity Not Found"],
    ]
    assert said[-1][0] == said[-1][1]
    assert metastore.table("made") == {
        "Name": "made",
        "DatabaseName": "db",
        "Owner": "me",
        "Retention": 0,
        "StorageDescriptor": {
            "Columns": [{"Name": "n", "Type": "int"}],
            "Location": "s3://lake/made",
            "InputFormat": "in",
            "OutputFormat": "out",
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SerdeInfo": {**SERDE, "Parameters": {}},
            "BucketColumns": [],
            "SortColumns": [],
            "Parameters": {},
        },
        "PartitionKeys": [{"Name": "d", "Type": "date", "Comment": "day"}],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"spark.sql.sources.schema": '{"type": "struct"}  ', "EXTERNAL": "TRUE"},
        "IsRegisteredWithLakeFormation": False,
    }


def test_an_altered_table_keeps_what_only_glue_has(metastore):
    column = {"Name": "n", "Type": "int", "Parameters": {"iceberg.field.id": "1"}}
    partitioned(
        metastore,
        Description="kept",
        StorageDescriptor={"Columns": [column], "Location": "s3://lake/db/t",
                           "AdditionalLocations": ["s3://lake/more"]},
    )  # fmt: skip
    said = metastore.says(
        "one = hive.get_table('db', 't')\n"
        "one.parameters['x'] = 'y'\n"
        "one.sd.cols.append(t.FieldSchema('m', 'string', None))\n"
        "hive.alter_table_with_environment_context('db', 't', one, None)\n"
        "one.tableName = 'other'\n"
        "says = [error_of(hive.alter_table, 'db', 't', one)]"
    )
    assert said == [["InvalidOperationException", "Table rename is not supported"]]
    found = metastore.table("t")
    assert (found["Description"], found["Parameters"]) == ("kept", {"x": "y"})
    assert found["StorageDescriptor"]["Columns"] == [column, {"Name": "m", "Type": "string"}]
    assert found["StorageDescriptor"]["AdditionalLocations"] == ["s3://lake/more"]


def test_of_two_commits_to_one_version_the_second_is_refused(metastore):
    partitioned(metastore, Parameters={"metadata_location": "s3://lake/1"})
    said = metastore.says(
        "def commit(new):\n"
        "    one = hive.get_table('db', 't')\n"
        "    one.parameters['metadata_location'] = new\n"
        "    expected = {'expected_parameter_key': 'metadata_location',\n"
        "                'expected_parameter_value': 's3://lake/1'}\n"
        "    return error_of(hive.alter_table_with_environment_context, 'db', 't', one,\n"
        "                    t.EnvironmentContext(expected))\n"
        "says = [commit('s3://lake/2'), commit('s3://lake/3')]"
    )
    assert said == [
        ["no error", "None"],
        [
            "MetaException",
            "The table has been modified. The parameter value for key 'metadata_location' is "
            "'s3://lake/2'. The expected was value was 's3://lake/1'",
        ],
    ]
    assert metastore.table("t")["Parameters"] == {"metadata_location": "s3://lake/2"}


def test_a_table_has_a_place_in_s3_or_is_refused(metastore):
    metastore.glue.create_database(DatabaseInput={"Name": "nowhere"})
    said = metastore.says(
        "hive.create_table(table('below'))\n"
        "lost = table('lost')\n"
        "lost.dbName = 'nowhere'\n"
        "view = table('view', tableType='VIRTUAL_VIEW', viewOriginalText='select 1',\n"
        "             viewExpandedText='select 1')\n"
        "hive.create_table(view)\n"
        "says = [error_of(hive.create_table, lost),\n"
        "        error_of(hive.create_table, table('local', location='file:/tmp/x')),\n"
        "        error_of(hive.create_table, table('mine', temporary=True))]"
    )
    sentence = "java.lang.IllegalArgumentException: Can not create a Path from an empty string. "
    assert [one[0] for one in said] == ["MetaException"] * 3
    assert [one[1].startswith(sentence) for one in said] == [True, True, False]
    assert metastore.table("below")["StorageDescriptor"]["Location"] == "s3://lake/db/below"
    assert metastore.table("view")["ViewExpandedText"] == "select 1"


@pytest.mark.parametrize(
    ("kind", "left"), [("MANAGED_TABLE", []), ("EXTERNAL_TABLE", ["db/t/d=1/h=2/a"])]
)
def test_data_go_with_managed_tables_only(metastore, kind, left):
    partitioned(metastore, TableType=kind)
    s3 = metastore.jobs.s3
    s3.put_object(Bucket="lake", Key="db/t/d=1/h=2/a")
    s3.put_object(Bucket="lake", Key="db/table2/a")
    metastore.says("says = hive.drop_table('db', 't', True)")
    assert metastore.glue.get_tables(DatabaseName="db")["TableList"] == []
    found = [one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]]
    assert found == [*left, "db/table2/a"]


def test_partitions_are_glues(metastore):
    partitioned(metastore)
    said = metastore.says(
        "hive.add_partition(partition(['a/b', '1'], p='q'))\n"
        "hive.add_partitions([partition(['c', '2'], 's3://lake/elsewhere')])\n"
        "asked = t.AddPartitionsRequest('db', 't', [partition([d, '7']) for d in 'cde'], True)\n"
        "again = t.AddPartitionsRequest('db', 't', [partition(['c', '2'])], False)\n"
        "def names(found):\n"
        "    return [one.values for one in found]\n"
        "says = [names(hive.add_partitions_req(asked).partitions),\n"
        "        error_of(hive.add_partitions_req, again),\n"
        "        hive.get_partition_names('db', 't', -1), hive.get_partition_names('db', 't', 2),\n"
        "        hive.get_partition_names_ps('db', 't', ['c'], -1),\n"
        "        names(hive.get_partitions_ps_with_auth('db', 't', ['', '7'], -1, 'me', [])),\n"
        "        names(hive.get_partitions('db', 't', 1)),\n"
        "        names(hive.get_partitions_by_names('db', 't', ['d=a%2Fb/h=1', 'd=x/h=1'])),\n"
        "        hive.get_partition('db', 't', ['a/b', '1']).sd.location,\n"
        "        hive.get_partition_by_name('db', 't', 'd=a%2Fb/h=1').parameters,\n"
        "        hive.get_partition_with_auth('db', 't', ['c', '2'], 'me', []).sd.location,\n"
        "        error_of(hive.get_partition, 'db', 't', ['x', '1'])[0],\n"
        "        error_of(hive.get_partitions, 'db', 'none', -1)]"
    )
    assert said == [
        [["c", "7"], ["d", "7"], ["e", "7"]],
        ["AlreadyExistsException", "Partition already exists: ['c', '2']"],
        ["d=a%2Fb/h=1", "d=c/h=2", "d=c/h=7", "d=d/h=7", "d=e/h=7"],
        ["d=a%2Fb/h=1", "d=c/h=2"],
        ["d=c/h=2", "d=c/h=7"],
        [["c", "7"], ["d", "7"], ["e", "7"]],
        [["a/b", "1"]],
        [["a/b", "1"]],
        "s3://lake/db/t/d=a%2Fb/h=1",
        {"p": "q"},
        "s3://lake/elsewhere",
        "NoSuchObjectException",
        ["NoSuchObjectException", "Entity Not Found"],
    ]


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ('d = "it\'s"', [["it's", "3"]]),
        ("d = 'b' and h >= 2", [["b", "2"]]),
        ('(d = "a" or d = "b") and (h != 1)', [["b", "2"]]),
        ('d like "a.*"', [["a", "1"], ["ab", "4"]]),
        ('d like ".*b" or h = 3', [["ab", "4"], ["b", "2"], ["it's", "3"]]),
        ("", [["a", "1"], ["ab", "4"], ["b", "2"], ["it's", "3"]]),
    ],
)
def test_conditions_are_hives(metastore, condition, values):
    partitioned(metastore)
    said = metastore.says(
        "hive.add_partitions([partition([d, str(n + 1)])\n"
        "                     for n, d in enumerate(['a', 'b', \"it's\", 'ab'])])\n"
        f"found = hive.get_partitions_by_filter('db', 't', {condition!r}, -1)\n"
        "says = [one.values for one in found]"
    )
    assert said == values


def test_partitions_are_altered_and_dropped(metastore):
    partitioned(metastore)
    s3 = metastore.jobs.s3
    for key in ("db/t/d=a/h=1/x", "db/t/d=b/h=1/x", "db/t/d=c/h=1/x"):
        s3.put_object(Bucket="lake", Key=key)
    said = metastore.says(
        "hive.add_partitions([partition([d, '1']) for d in 'abc'])\n"
        "one = hive.get_partition('db', 't', ['c', '1'])\n"
        "one.parameters['numRows'] = '5'\n"
        "hive.alter_partition('db', 't', one)\n"
        "hive.alter_partitions_with_environment_context('db', 't', [one], None)\n"
        "missing = partition(['z', '1'])\n"
        "names = t.RequestPartsSpec(names=['d=b/h=1', 'd=x/h=1'])\n"
        "spec = t.DropPartitionsRequest('db', 't', names, True, True)\n"
        "says = [hive.drop_partition('db', 't', ['a', '1'], True),\n"
        "        hive.drop_partitions_req(spec).partitions,\n"
        "        error_of(hive.drop_partition_by_name, 'db', 't', 'd=x/h=1', True)[0],\n"
        "        error_of(hive.alter_partition, 'db', 't', missing)[0]]"
    )
    assert said == [True, None, "NoSuchObjectException", "InvalidOperationException"]
    (left,) = metastore.glue.get_partitions(DatabaseName="db", TableName="t")["Partitions"]
    assert (left["Values"], left["Parameters"]) == (["c", "1"], {"numRows": "5"})
    found = [one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]]
    assert found == ["db/t/d=c/h=1/x"]


def test_more_partitions_than_a_call_takes(metastore):
    partitioned(metastore)
    said = metastore.says(
        "hive.add_partitions([partition([f'{n:04}', '1']) for n in range(1203)])\n"
        "names = hive.get_partition_names('db', 't', -1)\n"
        "says = [len(names), names[-1], len(hive.get_partitions('db', 't', -1)),\n"
        "        len(hive.get_partitions_by_names('db', 't', names))]"
    )
    assert said == [1203, "d=1202/h=1", 1203, 1203]


def test_functions_are_glues(metastore):
    said = metastore.says(
        "function = t.Function('twice', 'db', 'org.x.Twice', 'me', 1, 0, 1,\n"
        "                      [t.ResourceUri(1, 's3://lake/x.jar')])\n"
        "hive.create_function(function)\n"
        "one = hive.get_function('db', 'twice')\n"
        "says = [one.className, one.ownerName, one.ownerType, one.resourceUris[0].uri,\n"
        "        one.resourceUris[0].resourceType, hive.get_functions('db', 'tw*'),\n"
        "        hive.get_functions('db', 'x*'), len(hive.get_all_functions().functions),\n"
        "        hive.drop_function('db', 'twice'), error_of(hive.get_function, 'db', 'twice')]"
    )
    missing = ["NoSuchObjectException", "Function db.twice does not exist"]
    assert said == [
        "org.x.Twice", "me", 1, "s3://lake/x.jar", 1, ["twice"], [], 1, None, missing
    ]  # fmt: skip


def test_what_is_not_built_says_so_and_the_connection_goes_on(metastore):
    said = metastore.says(
        "says = [error_of(hive.get_partition_values, t.PartitionValuesRequest('db', 't', [])),\n"
        "        hive.set_ugi('me', ['us']), hive.get_config_value('hive.x', '7'),\n"
        "        hive.flushCache()]"
    )
    message = "lakebed has not built the metastore's method get_partition_values yet."
    assert said == [["TApplicationException", message], ["us"], "7", None]


def test_the_catalog_is_asked_as_the_runs_role(metastore):
    metastore.says("says = hive.get_databases('d*')")
    trail = metastore.jobs.lakebed.client("cloudtrail")
    asked = [{"AttributeKey": "EventName", "AttributeValue": "GetDatabases"}]
    event, *_ = trail.lookup_events(LookupAttributes=asked)["Events"]
    said = json.loads(event["CloudTrailEvent"])
    arn = "arn:aws:sts::000000000000:assumed-role/glue/GlueJobRunnerSession"
    assert (said["eventSource"], said["userIdentity"]["arn"]) == ("glue.amazonaws.com", arn)


@pytest.mark.parametrize(
    ("arguments", "has_catalog"),
    [
        ({"enable_glue_datacatalog": ""}, True),
        ({"enable_glue_datacatalog": "False"}, False),
        ({}, False),
        ({"conf": "spark.sql.catalogImplementation=hive"}, True),
        ({"enable_glue_datacatalog": "true", "conf": "spark.hadoop.hive.metastore.uris=x"}, None),
    ],
)
def test_only_a_job_that_asks_gets_the_catalog(metastore, arguments, has_catalog):
    row = metastore.run(
        "print(uri[:19], properties.get('spark.sql.catalogImplementation'))"
        if has_catalog is not None
        else "",
        **arguments,
    )
    if has_catalog is None:
        # A metastore of the user's own: nobody is there.
        assert row["JobRunState"] == "FAILED"
        return
    assert row["JobRunState"] == "SUCCEEDED"
    wanted = ["thrift://127.0.0.1: hive"] if has_catalog else [" None"]
    assert metastore.jobs.lines(row["Id"], group="jobs") == wanted


def test_other_processes_are_not_let_in_and_the_port_is_closed_at_the_end(metastore):
    partitioned(metastore)
    metastore.jobs.spark(
        "import json, os, time\n"
        "port = json.loads(os.environ['PROPERTIES'])['spark.lakebed.catalog.uri'].split(':')[-1]\n"
        "print(port, flush=True)\n"
        "while not os.path.exists('go'):\n"
        "    time.sleep(0.02)\n",
        DefaultArguments={"--enable-glue-datacatalog": "true"},
    )
    run = metastore.jobs.start()
    metastore.jobs.wait(run, "RUNNING")
    while not (lines := metastore.jobs.lines(run, group="jobs")):
        pass
    address = ("127.0.0.1", int(lines[0]))
    with socket.create_connection(address) as stranger:
        stranger.sendall(b"\x80\x01\x00\x01\x00\x00\x00\x11get_all_databases\x00\x00\x00\x01\x00")
        stranger.settimeout(10)
        try:
            answer = stranger.recv(1)
        except ConnectionResetError:
            answer = b""
        assert answer == b""
    metastore.glue.batch_stop_job_run(JobName="job", JobRunIds=[run])
    assert metastore.jobs.wait(run)["JobRunState"] == "STOPPED"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
