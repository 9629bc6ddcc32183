"""Logs: each built-in classification by a line of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.crawl.local.looking import columns, look

_APACHE = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326'
_APACHE_NAMES = "clientip ident auth timestamp verb request httpversion rawrequest response bytes"


@pytest.mark.parametrize(
    ("line", "classification", "names"),
    [
        (f'{_APACHE} "http://x/" "Mozilla/4.08 [en]"', "combined_apache",
         f"{_APACHE_NAMES} referrer agent"),
        (_APACHE, "apache", _APACHE_NAMES),
        ("Feb  1 06:25:43 host kernel: [12345.678] eth0: link up", "linux_kernel",
         "timestamp logsource program pid message"),
        ("192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SALES1, 172.21.13.45, 4502, 163, 3223, "
         "200, 0, GET, /DeptLogo.gif, -,", "microsoft_log",
         "clientip username date time service server serverip timetaken bytesreceived bytessent "
         "status windowsstatus verb target parameters"),
        ("I, [2024-03-05T09:32:17.123456 #1234]  INFO -- app: started", "ruby_logger",
         "timestamp pid loglevel progname message"),
        ("1286536308.779    180 192.168.0.224 TCP_MISS/200 411 GET http://x/ - DIRECT/10.0.0.1 "
         "text/html", "squid",
         "timestamp elapsed clientip action status bytes verb url ident hierarchy server "
         "contenttype"),
        ('1339518083.107412 [0 127.0.0.1:60866] "keys" "*"', "redismonlog",
         "timestamp database client command parameters"),
        ("[4018] 14 Nov 07:01:22.119 * Background saving terminated", "redislog",
         "pid role timestamp loglevel message"),
        ("1:M 01 Jan 2024 00:00:00.000 # Server started", "redislog",
         "pid role timestamp loglevel message"),
    ],
)  # fmt: skip
def test_a_log(tmp_path: Path, line: str, classification: str, names: str) -> None:
    found = look(tmp_path, f"{line}\n{line}\n")
    assert found.classification == classification
    assert columns(found) == [f"{name} string" for name in names.split()]
    assert found.storage.serde == "com.amazonaws.glue.serde.GrokSerDe"
    assert found.storage.serde_parameters["input.format"] == found.parameters["grokPattern"]
    assert found.records == 2


def test_the_fields_of_an_iis_log_are_those_it_names(tmp_path: Path) -> None:
    text = (
        "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n"
        "#Fields: date time s-ip cs(User-Agent) sc-status\n"
        "2024-01-02 00:00:01 10.0.0.1 curl/8 200\n"
    )
    found = look(tmp_path, text)
    assert found.classification == "microsoft_log"
    assert found.parameters["skip.header.line.count"] == "3"
    assert [column.name for column in found.columns] == [
        "date", "time", "s_ip", "cs_user_agent", "sc_status",
    ]  # fmt: skip


def test_a_log_with_other_lines_in_it_is_none(tmp_path: Path) -> None:
    assert look(tmp_path, f"{_APACHE}\nnothing\nof the kind\n").classification == "UNKNOWN"
