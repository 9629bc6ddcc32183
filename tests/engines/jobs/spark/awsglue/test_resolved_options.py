"""Arguments of a job, as its script asks for them."""

import pytest

from lakebed.engines.jobs.spark.libraries.awsglue.utils import (
    GlueArgumentError,
    getResolvedOptions,
    makeOptions,
)

GIVEN = {
    "job_bookmark_option": "job-bookmark-disable",
    "job_bookmark_from": None,
    "job_bookmark_to": None,
    "encryption_type": None,
    "enable_data_lineage": None,
    "JOB_ID": None,
    "JOB_RUN_ID": None,
    "SECURITY_CONFIGURATION": None,
}


def resolved(text: str, *options: str, **more):
    return getResolvedOptions(["script.py", *text.split()], list(options), **more)


def test_what_was_asked_for_and_what_glue_gives():
    found = resolved("--JOB_NAME j --day 3 --other x --JOB_RUN_ID jr_1", "JOB_NAME", "day")
    assert found == GIVEN | {"JOB_NAME": "j", "day": "3", "JOB_RUN_ID": "jr_1"}


def test_values_may_stand_behind_an_equals_sign():
    assert resolved("--a=1=2", "a")["a"] == "1=2"


def test_a_name_with_hyphens_is_found_with_underscores():
    assert resolved("--my-key v", "my-key")["my_key"] == "v"


def test_a_missing_argument_is_named():
    with pytest.raises(GlueArgumentError) as failed:
        resolved("--a 1", "a", "b", "c")
    assert str(failed.value) == "the following arguments are required: --b, --c"


def test_an_argument_of_glues_may_be_asked_for():
    assert resolved("--JOB_ID j", "JOB_ID")["JOB_ID"] == "j"
    with pytest.raises(GlueArgumentError, match="required: --JOB_RUN_ID"):
        resolved("", "JOB_RUN_ID")


@pytest.mark.parametrize("given", ["TempDir", "RedshiftTempDir"])
def test_the_temporary_folder_has_two_names(given):
    found = resolved(f"--{given} s3://b/t/", "TempDir")
    assert (found["TempDir"], found["RedshiftTempDir"]) == ("s3://b/t/", "s3://b/t/")
    assert "TempDir" not in resolved("--a 1", "a")
    with pytest.raises(GlueArgumentError, match="required: --TempDir"):
        resolved("", "TempDir")


@pytest.mark.parametrize(
    "name", ["job_bookmark_option", "job-bookmark-from", "continuation_option"]
)
def test_reserved_names(name):
    with pytest.raises(RuntimeError, match=f"Using reserved arguments {name}"):
        resolved("", name)


def test_bookmark_options():
    assert resolved("--job-bookmark-option job-bookmark-enable")["job_bookmark_option"] == (
        "job-bookmark-enable"
    )
    older = resolved("--continuation-option continuation-readonly")
    assert older["job_bookmark_option"] == "job-bookmark-pause"
    with pytest.raises(GlueArgumentError, match="invalid choice: 'maybe'"):
        resolved("--job-bookmark-option maybe")


def test_a_range_needs_both_ends_and_pause():
    pause = "--job-bookmark-option job-bookmark-pause"
    found = resolved(f"{pause} --job-bookmark-from jr_1 --job_bookmark_to jr_2")
    assert (found["job_bookmark_from"], found["job_bookmark_to"]) == ("jr_1", "jr_2")
    with pytest.raises(GlueArgumentError, match="Missing argument: --job-bookmark-to"):
        resolved(f"{pause} --job-bookmark-from jr_1")
    with pytest.raises(GlueArgumentError, match="need job-bookmark-option job-bookmark-pause"):
        resolved("--job-bookmark-from jr_1 --job-bookmark-to jr_2")


def test_abbreviations_end_with_glue_6(monkeypatch):
    monkeypatch.setenv("GLUE_VERSION", "5.0")
    assert resolved("--day 1", "day_key")["day_key"] == "1"
    monkeypatch.setenv("GLUE_VERSION", "6.0")
    with pytest.raises(GlueArgumentError, match="required: --day_key"):
        resolved("--day 1", "day_key")
    assert resolved("--day 1", "day_key", allow_abbrev=True)["day_key"] == "1"


def test_make_options_leaves_out_what_is_none():
    assert makeOptions(a=1, b=None, c="") == {"a": 1, "c": ""}
