"""Which settings a query runs with: the workgroup's, or the client's where it may have its own.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.athena._configuration import check_location, refuse_encryption, shown
from lakebed.services.athena.model import ResultSettings, WorkGroup, invalid

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes

_STRENGTH = {"SSE_S3": 1, "SSE_KMS": 2, "CSE_KMS": 3}


def result_settings(
    ctx: Context, group: WorkGroup, request: shapes.StartQueryExecutionInput
) -> ResultSettings:
    """Return where and how the results of a query are kept; refuse a location that cannot be used.

    An enforcing workgroup overrides all of the client's settings; another one fills in what the
    client did not give.
    """
    configuration = shown(group.configuration)
    given: Any = request.get("ResultConfiguration") or {}
    own = configuration["ResultConfiguration"]
    managed: Any = configuration.get("ManagedQueryResultsConfiguration") or {}
    if managed.get("Enabled"):
        if given.get("OutputLocation"):
            # Documented to be refused; the sentence is ours.
            raise invalid(
                f"WorkGroup {group.name} uses managed query results: "
                "OutputLocation cannot be specified."
            )
        return ResultSettings(
            is_managed=True, managed_encryption=managed.get("EncryptionConfiguration")
        )
    if configuration["EnforceWorkGroupConfiguration"]:
        chosen = own
    else:
        chosen = own | given if given.get("OutputLocation") else given | own
        chosen = {**chosen, "EncryptionConfiguration": _encryption(configuration, own, given)}
    encryption = chosen.get("EncryptionConfiguration")
    refuse_encryption("StartQueryExecution", encryption)
    location = chosen.get("OutputLocation", "")
    if not location:
        raise invalid(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    owner = chosen.get("ExpectedBucketOwner", "")
    check_location(ctx, location, owner)
    return ResultSettings(
        location=location if location.endswith("/") else f"{location}/",
        expected_owner=owner,
        encryption=encryption,
        acl=chosen.get("AclConfiguration"),
    )


def _encryption(configuration: Any, own: Any, given: Any) -> Any:
    """Return the encryption of a client that may choose, within the workgroup's minimum.

    https://docs.aws.amazon.com/athena/latest/ug/workgroups-minimum-encryption.html
    """
    minimum, chosen = own.get("EncryptionConfiguration"), given.get("EncryptionConfiguration")
    if chosen is None:
        return minimum
    if configuration["EnableMinimumEncryptionConfiguration"] and minimum is not None:
        least = minimum["EncryptionOption"]
        if _STRENGTH[chosen["EncryptionOption"]] < _STRENGTH[least]:
            # The rule is documented, the sentence is ours.
            raise invalid(f"Encryption must be at least the workgroup's minimum, {least}.")
    return chosen
