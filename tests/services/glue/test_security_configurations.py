"""Security configurations, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of

GIVEN = {
    "S3Encryption": [{"S3EncryptionMode": "SSE-S3"}],
    "CloudWatchEncryption": {"CloudWatchEncryptionMode": "DISABLED"},
    "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "DISABLED"},
}


def test_a_configuration_comes_back_whole_and_goes(lakebed):
    glue = lakebed.client("glue")
    for name in ("b", "a", "c"):
        made = glue.create_security_configuration(Name=name, EncryptionConfiguration=GIVEN)
        assert made["Name"] == name
    whole = {
        "Name": "c",
        "CreatedTimeStamp": made["CreatedTimestamp"],
        "EncryptionConfiguration": GIVEN,
    }
    assert body(glue.get_security_configuration(Name="c")) == {"SecurityConfiguration": whole}
    first = glue.get_security_configurations(MaxResults=2)
    second = glue.get_security_configurations(NextToken=first["NextToken"])
    assert [one["Name"] for one in first["SecurityConfigurations"]] == ["a", "b"]
    assert body(second) == {"SecurityConfigurations": [whole]}
    assert error_of(
        lambda: glue.create_security_configuration(Name="a", EncryptionConfiguration={})
    ) == ("AlreadyExistsException", "Security configuration a already exists.", 400)
    assert body(glue.delete_security_configuration(Name="a")) == {}
    gone = ("EntityNotFoundException", "Security configuration a not found.", 400)
    assert error_of(lambda: glue.get_security_configuration(Name="a")) == gone
    assert error_of(lambda: glue.delete_security_configuration(Name="a")) == gone
