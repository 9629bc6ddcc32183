"""Visual jobs by boto3: their nodes, the scripts that are written of them."""

from __future__ import annotations

import pytest

from tests.services.glue.job_runs import ROLE
from tests.services.glue.test_databases import body, error_of
from tests.services.glue.visual_nodes import job_of

COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://code/visual.py"}
NODES = job_of("DropFields")
OTHERS = job_of("SelectFields")


@pytest.fixture
def s3(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="code")
    return s3


@pytest.fixture
def glue(lakebed, s3):
    return lakebed.client("glue")


def script(s3) -> str:
    return s3.get_object(Bucket="code", Key="visual.py")["Body"].read().decode()


def make(glue, **members):
    given = {"Name": "v", "Role": ROLE, "Command": COMMAND, "JobMode": "VISUAL", **members}
    return glue.create_job(**{"CodeGenConfigurationNodes": NODES, **given})


def update(glue, **members):
    glue.update_job(JobName="v", JobUpdate={"Role": ROLE, "Command": COMMAND, **members})
    return glue.get_job(JobName="v")["Job"].get("CodeGenConfigurationNodes")


def test_a_visual_job_has_a_script_and_comes_back_as_it_was_given(glue, s3):
    assert body(make(glue)) == {"Name": "v"}
    job = glue.get_job(JobName="v")["Job"]
    assert (job["CodeGenConfigurationNodes"], job["JobMode"]) == (NODES, "VISUAL")
    text = script(s3)
    compile(text, "visual.py", "exec")
    assert "# Script generated for node DropFields\nDropFields_node3 = DropFields.apply(" in text
    assert text.endswith("\n\njob.commit()\n")


def test_nodes_stay_change_and_go_with_updates(glue, s3):
    make(glue)
    s3.put_object(Bucket="code", Key="visual.py", Body=b"# by hand")
    assert update(glue) == NODES
    assert script(s3) == "# by hand"
    assert update(glue, CodeGenConfigurationNodes=OTHERS) == OTHERS
    assert "SelectFields_node3 = " in script(s3)
    assert update(glue, CodeGenConfigurationNodes={}) is None
    assert "SelectFields_node3 = " in script(s3)


def test_empty_nodes_are_none(glue, s3):
    make(glue, CodeGenConfigurationNodes={}, JobMode="SCRIPT")
    assert "CodeGenConfigurationNodes" not in glue.get_job(JobName="v")["Job"]
    assert s3.list_objects_v2(Bucket="code")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("members", "error"),
    [
        (
            {"CodeGenConfigurationNodes": {"a": {"DropFields": {
                "Name": "d", "Inputs": ["b"], "Paths": []}}}},
            ("InvalidInputException", "Input b of node a is not a node of the job.", 400),
        ),
        (
            {"Command": {"Name": "glueetl", "ScriptLocation": "s3://none/x.py"}},
            ("InvalidInputException",
             "Cannot write s3://none/x.py: The specified bucket does not exist", 400),
        ),
        (
            {"Command": {"Name": "glueetl", "ScriptLocation": "visual.py"}},
            ("InvalidInputException", "Not an S3 location of a file: visual.py", 400),
        ),
        (
            {"Command": {**COMMAND, "Name": "pythonshell"}},
            ("InvalidInputException",
             "CodeGenConfigurationNodes is for jobs of Command.Name glueetl.", 400),
        ),
    ],
)  # fmt: skip
def test_a_refused_visual_job_leaves_nothing(glue, s3, members, error):
    assert error_of(lambda: make(glue, **members)) == error
    assert glue.get_jobs()["Jobs"] == []
    assert s3.list_objects_v2(Bucket="code")["KeyCount"] == 0


def test_members_that_the_model_wants_are_wanted_of_nodes(glue):
    nodes = {"a": {"S3CsvSource": {"Name": "x", "Paths": ["s3://a/"], "Separator": "no",
                                   "QuoteChar": "quote"}}}  # fmt: skip
    code, message, status = error_of(lambda: make(glue, CodeGenConfigurationNodes=nodes))
    assert (code, status) == ("ValidationException", 400)
    assert "separator" in message
    assert "[comma, ctrla, pipe, semicolon, tab]" in message


def test_a_node_without_an_engine_is_refused_by_name(glue):
    nodes = {"a": {"GovernedCatalogSource": {"Name": "x", "Database": "d", "Table": "t"}}}
    code, message, _ = error_of(lambda: make(glue, CodeGenConfigurationNodes=nodes))
    assert code == "LakebedNotBuilt"
    assert "glue.CreateJob (GovernedCatalogSource of node a: governed tables" in message
