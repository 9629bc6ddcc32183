"""CloudWatch in each of its protocols: JSON (boto3), Smithy's CBOR (Go, Java), forms (older)."""

from __future__ import annotations

import botocore.loaders
import botocore.session
import pytest

from tests.services.cloudwatch.metrics import at, data, minute, put, query, statistics
from tests.services.glue.test_databases import body, error_of

PROTOCOLS = {
    "json": ("/", "application/x-amz-json-1.0"),
    "smithy-rpc-v2-cbor": (
        "/service/GraniteServiceVersion20100801/operation/PutMetricData", "application/cbor",
    ),
    "query": ("/", "application/x-www-form-urlencoded; charset=utf-8"),
}  # fmt: skip


class OneProtocol(botocore.loaders.Loader):
    """botocore's models, as if CloudWatch had one protocol."""

    def __init__(self, protocol):
        super().__init__(include_default_search_paths=True)
        self.protocol = protocol

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if (service_name, type_name) == ("cloudwatch", "service-2"):
            metadata = {**model["metadata"], "protocol": self.protocol}
            metadata["protocols"] = [self.protocol]
            if self.protocol == "query":
                metadata.pop("awsQueryCompatible")
            model = {**model, "metadata": metadata}
        return model


@pytest.fixture(params=PROTOCOLS)
def spoken(lakebed, request):
    session = botocore.session.Session()
    session.register_component("data_loader", OneProtocol(request.param))
    client = session.create_client(
        "cloudwatch", "us-east-1", endpoint_url=lakebed.url, aws_access_key_id="test",
        aws_secret_access_key="test",
    )  # fmt: skip
    return request.param, client


def test_every_protocol_puts_and_reads(spoken):
    protocol, client = spoken
    sent = []
    client.meta.events.register(
        "before-send.cloudwatch.PutMetricData", lambda request, **_: sent.append(request)
    )
    first = minute(3)
    one = {"Name": "a", "Value": "é&<1>"}
    assert body(put(client, "m", (first, {"Values": [1, 2.5]}), Dimensions=[one])) == {}
    kind = sent[0].headers["Content-Type"]
    path = "/" + sent[0].url.split("/", 3)[3]
    assert (path, kind.decode() if isinstance(kind, bytes) else kind) == PROTOCOLS[protocol]
    assert client.list_metrics(Namespace="App")["Metrics"] == [
        {"Namespace": "App", "MetricName": "m", "Dimensions": [one]}
    ]
    points = statistics(client, "m", first, first + 60, 60, "Sum", "Average", Dimensions=[one])
    assert points == [{"Timestamp": first, "Unit": "None", "Sum": 3.5, "Average": 1.75}]
    (result,) = data(client, first, first + 60, query("a", "m", Dimensions=[one]))[
        "MetricDataResults"
    ]
    assert (result["Timestamps"], result["Values"]) == ([first], [3.5])


def test_every_protocol_has_the_same_errors(spoken):
    _, client = spoken
    row = {"MetricName": "m", "Value": 1.0}
    refused = lambda **more: client.put_metric_data(**{"MetricData": [row], **more})  # noqa: E731
    assert error_of(lambda: refused(Namespace="AWS/X")) == (
        "InvalidParameterValue", "The value AWS/X for parameter Namespace is invalid.", 400,
    )  # fmt: skip
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        refused(Namespace="AWS/X")
    code, message, status = error_of(lambda: refused(Namespace="App", MetricData=[
        {**row, "Timestamp": at(0)}
    ]))  # fmt: skip
    assert (code, "Timestamp" in message, status) == ("InvalidParameterValue", True, 400)
    assert error_of(client.describe_alarms)[0] == "LakebedNotBuilt"


def test_every_protocol_may_be_compressed(spoken):
    _, client = spoken
    first = minute(3)
    rows = [{"MetricName": f"m-{n}", "Timestamp": at(first), "Value": 1.0} for n in range(600)]
    client.put_metric_data(Namespace="App", MetricData=rows)
    assert len(statistics(client, "m-599", first, first + 60, 60, "Sum")) == 1
