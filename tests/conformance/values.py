"""What the generated expressions are made of: literals of every type, texts that functions read."""

from __future__ import annotations

from collections.abc import Sequence

Texts = Sequence[str]

NULL_CHANCE = 0.05
DAYS = ("2020-02-29", "1969-12-31", "1970-01-01", "2001-08-22", "2021-10-31", "0001-01-01",
        "1999-12-31", "2024-03-30", "1582-10-15", "9999-12-31")  # fmt: skip
CLOCKS = ("12:34:56", "00:00:00", "23:59:59", "01:30:00", "03:04:05")
FRACTIONS = ("", "7", "78", "789", "123456", "999999", "123456789", "999999999999", "000001")
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "+05:30", "-08:00", "Asia/Kolkata",
         "Australia/Lord_Howe", "+00:00")  # fmt: skip
OFFSETS = ("+05:30", "-08:00", "+00:00", "+14:00", "-00:15")
WORDS = ("'abc'", "''", "'Ünï çode'", "'123'", "'a,b,c'", "' pad '", "'2020-02-29'",
         "'Hello World'", "'x'", "'aaa'", "'The quick brown fox'", "'ABC'", "'%_\\'", "'日本語'",
         "'😀é'", "'it''s'", "'a=1;b=2'", "'b'", "'a'")  # fmt: skip

LITERALS: dict[str, Texts] = {
    "boolean": ("true", "false"),
    "tinyint": ("TINYINT '7'", "TINYINT '-128'", "TINYINT '0'", "TINYINT '127'", "TINYINT '1'"),
    "smallint": ("SMALLINT '300'", "SMALLINT '-1'", "SMALLINT '32767'", "SMALLINT '2'"),
    "integer": ("0", "1", "-7", "42", "2147483647", "2", "3", "5", "10", "-1", "100"),
    "bigint": ("BIGINT '5'", "9223372036854775807", "BIGINT '-3'", "10000000000", "BIGINT '1'",
               "BIGINT '0'", "BIGINT '64'", "BIGINT '2'", "-9223372036854775807"),
    "real": ("REAL '1.5'", "REAL '-0.0'", "REAL '3.4e38'", "CAST(nan() AS real)", "REAL '0.1'",
             "REAL '-7.25'", "REAL '100'", "REAL '1e-10'", "REAL '16777217'"),
    "double": ("1e0", "-2.5e0", "0e0", "1e300", "nan()", "infinity()", "12345.678e0", "0.5e0",
               "1e-5", "-infinity()", "3.7e0", "1e7", "0.1e0", "-1e0", "2e0"),
    "varchar": WORDS,
    "varbinary": ("X'00FF'", "X''", "X'616263'", "X'DEADBEEF'", "X'0102030405060708'", "X'C3BC'",
                  "X'80'", "to_utf8('Ünï')"),
    "interval day to second": (
        "INTERVAL '1' DAY", "INTERVAL '-2 03:04:05.678' DAY TO SECOND", "INTERVAL '90' MINUTE",
        "INTERVAL '0.001' SECOND", "INTERVAL '1 12' DAY TO HOUR", "INTERVAL '-1' SECOND",
        "INTERVAL '36' HOUR"),
    "interval year to month": (
        "INTERVAL '1-2' YEAR TO MONTH", "INTERVAL '-5' MONTH", "INTERVAL '1' YEAR",
        "INTERVAL '13' MONTH", "INTERVAL '-3-1' YEAR TO MONTH"),
    "json": (
        """JSON '{"a": [1, 2.5, null], "b": "x"}'""", "JSON '[1, \"a\", true]'", "JSON '3'",
        "JSON '\"text\"'", "JSON 'null'", "JSON '{}'", "JSON '[]'", "JSON 'true'",
        "JSON '{\"a\": {\"b\": [1, 2, 3]}}'", "JSON '[1, 2, 3]'", "JSON '-1.5e3'"),
    "uuid": ("UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'",
             "UUID '00000000-0000-0000-0000-000000000000'",
             "UUID 'ffffffff-ffff-4fff-bfff-ffffffffffff'"),
    "ipaddress": ("IPADDRESS '10.0.0.1'", "IPADDRESS '2001:db8::1'", "IPADDRESS '255.255.255.255'",
                  "IPADDRESS '::ffff:1.2.3.4'"),
    "color": ("color('red')", "rgb(1, 2, 3)", "color('#0af')"),
}  # fmt: skip

COMPARATORS = (
    "0",
    "CASE WHEN x IS NULL AND y IS NULL THEN 0 WHEN x IS NULL THEN 1 WHEN y IS NULL THEN -1 "
    "WHEN x < y THEN -1 WHEN x > y THEN 1 ELSE 0 END",
    "CASE WHEN x IS NULL AND y IS NULL THEN 0 WHEN x IS NULL THEN 1 WHEN y IS NULL THEN -1 "
    "WHEN x > y THEN -1 WHEN x < y THEN 1 ELSE 0 END",
)
EXTREME = frozenset({"1e300", "REAL '3.4e38'", "9223372036854775807", "-9223372036854775807"})
"""Numbers whose sums and squares overflow: not in aggregates, see `oracle.LEFT_OUT`."""
SCALARS = (
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar",
    "varchar", "integer", "bigint", "double", "decimal", "char", "varbinary", "date", "timestamp",
    "timestamp with time zone", "time", "time with time zone", "interval day to second",
    "interval year to month", "json", "uuid", "ipaddress",
)  # fmt: skip
NUMBERS = ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")
MOMENTS = ("date", "timestamp", "timestamp with time zone")
INTERVALS = ("interval day to second", "interval year to month")
DECIMALS = ((1, 0), (3, 1), (3, 2), (5, 2), (10, 2), (12, 4), (18, 0), (18, 9), (19, 3), (25, 10),
            (38, 0), (38, 10), (38, 20), (9, 9))  # fmt: skip

# What can be converted to what: https://trino.io/docs/current/language/types.html
_TEXT_OF = (*NUMBERS, "boolean", "varchar", "char", "date", "timestamp", "json", "uuid",
            "timestamp with time zone", "time", "time with time zone", "ipaddress",
            *INTERVALS)  # fmt: skip
_NUMBER_OF = (*NUMBERS, "boolean", "varchar", "json")
SOURCES: dict[str, Texts] = {
    "varchar": _TEXT_OF,
    "char": ("varchar", "char"),
    "boolean": (*NUMBERS, "varchar", "json"),
    **dict.fromkeys(NUMBERS, _NUMBER_OF),
    "date": ("varchar", "timestamp", "timestamp with time zone", "date"),
    "timestamp": ("varchar", "date", "timestamp", "timestamp with time zone", "time"),
    "timestamp with time zone": ("varchar", "date", "timestamp", "timestamp with time zone"),
    "time": ("varchar", "timestamp", "timestamp with time zone", "time", "time with time zone"),
    "time with time zone": ("varchar", "time", "time with time zone", "timestamp with time zone"),
    "json": ("boolean", *NUMBERS, "varchar", "date", "timestamp", "array", "map", "row"),
    "uuid": ("varchar", "varbinary"),
    "ipaddress": ("varchar", "varbinary"),
    "varbinary": ("uuid", "ipaddress"),
    "array": ("array", "json"),
    "map": ("map", "json"),
    "row": ("row", "json"),
}

TEXT_OF: dict[str, Texts] = {
    "boolean": ("'true'", "'F'", "'1'", "'tRuE'", "'yes'", "' true'", "'0'"),
    "integer": ("'12'", "'-7'", "'+5'", "' 3 '", "'1.5'", "''", "'1e3'", "'007'",
                "'99999999999'"),
    "double": ("'1.5'", "'-1e10'", "'NaN'", "'Infinity'", "'-Infinity'", "' 2 '", "'0x1'",
               "'1e400'", "'.5'", "'5.'", "'1d'", "'-0'"),
    "decimal": ("'1.5'", "'-0.005'", "'12345.678'", "'1e2'", "' 1'", "'.5'", "'5.'", "'+1.25'",
                "'abc'"),
    "date": ("'2020-02-29'", "'2020-2-9'", "'1969-12-31'", "' 2020-01-01 '", "'2021-02-29'",
             "'20200101'", "'+12020-01-01'", "'0000-01-01'"),
    "timestamp": ("'2020-02-29 12:34:56.789'", "'2020-02-29'", "'2020-02-29 1:2'",
                  "'2020-02-29T12:34:56'", "'2020-02-29 12:34:56.123456789 Europe/Berlin'",
                  "'2020-02-29 24:00:00'", "'1969-12-31 23:59:59.9999999'"),
    "timestamp with time zone": (
        "'2020-02-29 12:34:56.789 Europe/Berlin'", "'2020-02-29 12:34 +05:30'", "'2020-02-29'",
        "'2020-10-25 02:30:00 Europe/Berlin'", "'2020-02-29 12:34:56 UTC'",
        "'2020-02-29 00:00:00 Nowhere/City'"),
    "time": ("'12:34:56.789'", "'1:2'", "'23:59:59.9999999'", "'24:00'", "'12:34:56.123456789012'"),
    "time with time zone": ("'12:34:56.789+05:30'", "'12:34 -08:00'", "'12:34'",
                            "'00:00:00+14:00'"),
    "json": ("'3'", "'{\"a\": 1}'", "'[1, 2]'", "'a'"),
    "uuid": ("'12151fd2-7586-11e9-8f9e-2a86e4085a59'", "'12151FD2758611e98f9e2a86e4085a59'", "'x'"),
    "ipaddress": ("'10.0.0.1'", "'::1'", "'1.2.3'", "'2001:DB8::1'"),
}  # fmt: skip
for _name in ("tinyint", "smallint", "bigint"):
    TEXT_OF[_name] = TEXT_OF["integer"]
TEXT_OF["real"] = TEXT_OF["double"]
JSON_OF: dict[str, Texts] = {
    "boolean": ("true", '"true"', "1", "null", "0.0"),
    "integer": ("1", '"7"', "1.5", "-2.5", "true", "null", "1e2"),
    "double": ("1.5", '"1.5"', "1e400", "true", "null"),
    "decimal": ("1.5", '"2.25"', "1e2", "123456.789", "null"),
    "varchar": ("1", '"x"', "true", "1.50", "null", "1e2", "10000000000000000000000"),
    "array": ("[1, 2, null]", "[]", "null", '["1", true]'),
    "map": ('{"a": 1, "b": null}', "{}", "null", '{"1": 2, "3": 4}'),
    "row": ('[1, "x"]', '{"a": 1, "b": 2}', "null", "[]", '{"B": 3}'),
}

UNITS = ("'second'", "'minute'", "'hour'", "'day'", "'month'", "'week'", "'quarter'", "'year'",
         "'millisecond'", "'DAY'")  # fmt: skip
_MYSQL = ("'%Y-%m-%d'", "'%H:%i:%s'", "'%a %b %e %Y'", "'%W %M %D'", "'%y%j'", "'%h:%i %p'",
          "'%f %% x'", "'%v %x'", "'%c/%d'")  # fmt: skip
_JODA = ("'yyyy-MM-dd'", "'HH:mm:ss.SSS'", "'EEE, d MMM yyyy'", "'yyyyMMdd ZZ'", "'hh:mm a'",
         "'w x e D'", "'EEEE MMMM'", "'''T'' yy'", "'ZZZ'", "'z'", "'k K'", "'G YYYY'")  # fmt: skip
_URLS = ("'https://user@example.com:8080/a/b%20c?x=1&y=&z#frag'", "'http://example.com'", "'ftp://h/'",
         "'not a url'", "'https://example.com/p?a=b%26c&a=d'", "''",
         "'mailto:a@b.c'",
         "'http://[::1]:80/x'")  # fmt: skip
_JSON_TEXTS = ("'{\"a\": [1, 2.5, null], \"b\": \"x\"}'", "'[1, \"a\", true]'", "'3'", "'[]'",
               "'{'", "'\"t\"'", "'[1, 2, 3]'", "'{\"a\": {\"b\": \"c\"}}'")  # fmt: skip
_SMALL = ("0", "1", "2", "3", "5", "-1", "10")
_SHIFTS = ("0", "1", "3", "7", "31", "64", "-1")
_UNIT_RANGE = ("0.5e0", "0e0", "1e0", "0.25e0", "0.9e0", "1e-3", "1.5e0")
_POSITIVE = ("1e0", "2e0", "0.5e0", "10e0", "3.5e0", "0e0")
_COUNTED = ("1", "2", "3", "0", "5")
_DIGITS = ("0", "1", "2", "-1", "3", "10", "-3")
_BASE64 = ("'YWJj'", "'YQ=='", "'YQ'", "''", "'AP8='", "'-_8='", "'+/8='")
_PARTS = ("'a'", "'b'", "','", "' '", "'o'", "''", "'='", "';'", "'A'", "'l'", "'ab'")
_EMPTY_VECTORS = ("ARRAY[1e0, 2e0]", "ARRAY[3e0, -4e0]", "ARRAY[0e0, 1e0]", "ARRAY[1e0]",
                  "ARRAY[0e0, 0e0]")  # fmt: skip
REGEXPS = ("'[a-c]+'", "'(\\d+)'", "'(\\w)(\\w*)'", "'\\s+'", "'o'", "'(?i)the|HELLO'", "'^.'",
           "'(a)|(b)'", "','", "'x*'", "'(?<n>[a-z])b'", "'.$'", "'\\bq'", "'[^a]'", "'(.)\\1'",
           "'['")  # fmt: skip
PATHS = ("'$.a'", "'$.a[0]'", "'$[1]'", "'$'", "'$.b'", "'$[\"a\"]'", "'$.a.b[2]'", "'$[5]'",
         "'$.*'", "'$[*]'", "'a'")  # fmt: skip
CODEPOINTS = ("' '", "'a'", "'abc'", "'x,'", "''", "'é '")
SQL_PATHS = ("'lax $'", "'lax $.a'", "'strict $.a'", "'lax $[0]'", "'strict $[1]'", "'lax $[*]'",
             "'lax $.a[*]'", "'lax $.b'", "'lax $.a[last]'", "'lax $[*] ? (@ > 1)'",
             "'lax $.size()'", "'lax $.type()'", "'lax $.a.size() + 1'", "'strict $[5]'",
             "'lax $.a[0 to 1]'", "'lax exists($.a)'", "'lax $.*'", "'lax -$'",
             "'lax $.keyvalue().name'", "'lax $.a[*] ? (@ == 1 || @ == 2)'",
             "'lax $ ? (@ starts with \"x\")'", "'lax $[0].floor()'",
             "'lax $.double()'")  # fmt: skip
FORMATS = (("'%d|%5d'", ("integer", "bigint")), ("'%s and %s'", ("varchar", "double")),
           ("'%.2f %e'", ("double", "double")), ("'%08.3f|%,d'", ("decimal", "bigint")),
           ("'%-8s|%8s'", ("varchar", "boolean")), ("'%x %o'", ("integer", "bigint")),
           ("'%b %c'", ("boolean", "integer")), ("'%2$s %1$s'", ("date", "varchar")),
           ("'%tY-%1$tm-%1$td'", ("timestamp",)), ("'%+d %(d'", ("bigint", "integer")),
           ("'%S %%'", ("varchar",)), ("'%s %s'", ("timestamp", "uuid")),
           ("'%g'", ("double",)), ("'%,.1f'", ("double",)), ("'%10.3s|'", ("varchar",)),
           ("'%d'", ("double",)), ("'%tH:%1$tM'", ("time",)))  # fmt: skip
LIKES = ("'a%'", "'%b%'", "'_'", "'%'", "''", "'%o_ld'", "'abc'", "'%,%'", "'Ü%'")
ESCAPED = ("'a#%' ESCAPE '#'", "'%#_%' ESCAPE '#'", "'##%' ESCAPE '#'", "'#a' ESCAPE '#'")
FIELDS: dict[str, Texts] = {
    "date": ("YEAR", "MONTH", "DAY", "QUARTER", "WEEK", "DOW", "DOY", "YOW"),
    "time": ("HOUR", "MINUTE", "SECOND"),
    "timestamp": ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "DAY_OF_WEEK", "WEEK"),
    "timestamp with time zone": ("YEAR", "DAY", "HOUR", "SECOND", "TIMEZONE_HOUR",
                                 "TIMEZONE_MINUTE"),
    "time with time zone": ("HOUR", "MINUTE", "TIMEZONE_HOUR"),
    "interval day to second": ("DAY", "HOUR", "MINUTE", "SECOND"),
    "interval year to month": ("YEAR", "MONTH"),
}  # fmt: skip
GEOMETRIES = ("ST_GeometryFromText('POINT (1 2)')", "ST_Point(3, 4)",
              "ST_GeometryFromText('LINESTRING (0 0, 1 1, 2 0)')",
              "ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')",
              "ST_GeometryFromText('MULTIPOINT (0 0, 3 3)')")  # fmt: skip

HINTS: dict[tuple[str, int], Texts] = {
    **{(name, 0): UNITS for name in ("date_trunc", "date_add", "date_diff")},
    ("date_add", 1): ("1", "-1", "12", "100", "0", "-13"),
    ("date_format", 1): _MYSQL, ("date_parse", 1): _MYSQL,
    ("date_parse", 0): ("'2020-02-29'", "'12:34:56'", "'Sat Feb 29 2020'", "'03:04 PM'"),
    ("format_datetime", 1): _JODA, ("parse_datetime", 1): _JODA,
    ("parse_datetime", 0): ("'2020-02-29'", "'12:34:56.789'", "'Sat, 29 Feb 2020'", "'11:30 AM'"),
    ("from_iso8601_date", 0): ("'2020-02-29'", "'2020-W09-6'", "'2020-060'", "'2020'", "'x'"),
    ("at_timezone", 1): tuple(f"'{zone}'" for zone in ZONES),
    ("with_timezone", 1): tuple(f"'{zone}'" for zone in ZONES),
    ("from_unixtime", 0): ("0e0", "1.5e9", "-2.5e0", "1582934096.789e0", "1e10", "0.9995e0"),
    ("from_unixtime", 1): (*(f"'{zone}'" for zone in ZONES), "5", "-8"),
    ("from_unixtime", 2): _SMALL,
    ("from_unixtime_nanos", 0): ("1582934096123456789", "BIGINT '-1'", "DECIMAL '1234567890123'"),
    ("parse_duration", 0): ("'1.5d'", "'10ms'", "'3h'", "'7us'", "'5 m'", "'1x'", "'42.9 s'"),
    ("human_readable_seconds", 0): ("96e0", "3762.3e0", "56363463e0", "0e0", "-5e0"),
    ("parse_data_size", 0): ("'1B'", "'2.3MB'", "'10kB'", "'1.5GB'", "'x'"),
    ("parse_presto_data_size", 0): ("'1B'", "'2.3MB'", "'10kB'", "'1.5GB'"),
    ("chr", 0): ("65", "8364", "128512", "0", "-1"),
    ("codepoint", 0): ("'a'", "'é'", "'😀'", "' '"),
    ("from_base", 0): ("'101'", "'ff'", "'-7f'", "'zz'", "'9'", "''"),
    ("from_base", 1): ("2", "16", "36", "8", "10", "1"),
    ("to_base", 1): ("2", "16", "36", "8", "10", "37"),
    ("to_base", 0): ("255", "-255", "0", "9223372036854775807"),
    ("width_bucket", 1): ("ARRAY[0e0, 2e0, 4e0]", "ARRAY[1e0]", "0e0", "-5e0"),
    ("width_bucket", 2): ("10e0", "1e0", "-3e0"), ("width_bucket", 3): ("1", "4", "10", "0"),
    ("round", 1): _DIGITS, ("truncate", 1): _DIGITS, ("log", 0): ("2e0", "10e0", "0.5e0", "1e0"),
    **{(name, 1): _SHIFTS for name in ("bitwise_left_shift", "bitwise_right_shift",
                                       "bitwise_right_shift_arithmetic")},
    ("bit_count", 1): ("64", "8", "32", "2", "1", "65"),
    ("bit_count", 0): ("9", "-7", "0", "127", "1"),
    **{(name, at): _POSITIVE for name in ("beta_cdf", "inverse_beta_cdf") for at in (0, 1)},
    **{(name, 2): _UNIT_RANGE for name in ("beta_cdf", "inverse_beta_cdf", "inverse_normal_cdf")},
    **{(name, 1): _POSITIVE for name in ("normal_cdf", "inverse_normal_cdf", "t_cdf", "t_pdf")},
    ("normal_cdf", 0): ("0e0", "1e0", "-3e0"), ("inverse_normal_cdf", 0): ("0e0", "1e0"),
    **{(f"wilson_interval_{side}", 0): ("0", "1", "5", "50") for side in ("lower", "upper")},
    **{(f"wilson_interval_{side}", 1): ("100", "5", "50", "1") for side in ("lower", "upper")},
    **{(f"wilson_interval_{side}", 2): ("1.96e0", "2.575e0", "0e0") for side in ("lower", "upper")},
    **{(name, 1): ("5", "2", "0", "12", "30") for name in ("lpad", "rpad")},
    **{(name, 2): ("'xy'", "' '", "'é'", "X'2A'") for name in ("lpad", "rpad")},
    **{(name, 1): ("1", "2", "-2", "0", "4", "100") for name in ("substr", "substring")},
    **{(name, 2): ("1", "2", "0", "50", "-1") for name in ("substr", "substring")},
    **{(name, 1): _PARTS for name in ("split", "split_part", "split_to_map", "replace", "strpos",
                                      "split_to_multimap", "starts_with", "translate")},
    ("split", 2): _COUNTED, ("split_part", 2): _COUNTED, ("strpos", 2): ("1", "2", "-1", "0"),
    ("split_to_map", 0): ("'a=1;b=2'", "'a=1'", "''", "'a=1;a=2'", "'x'"),
    ("split_to_map", 1): ("';'", "','"), ("split_to_map", 2): ("'='",),
    ("split_to_multimap", 0): ("'a=1;b=2;a=3'", "''"), ("split_to_multimap", 1): ("';'",),
    ("split_to_multimap", 2): ("'='",), ("translate", 2): ("'xyz'", "''", "'A'"),
    ("normalize", 1): ("'NFC'", "'NFD'", "'NFKC'", "'NFKD'"),
    ("word_stem", 1): ("'en'",),
    ("luhn_check", 0): ("'79927398713'", "'123'", "'0'", "'abc'"),
    ("hamming_distance", 1): ("'abd'", "'xyz'", "''"),
    ("hamming_distance", 0): ("'abc'", "'xbz'", "''"),
    ("from_utf8", 1): ("'?'", "''", "65", "'xx'"), ("repeat", 1): _COUNTED,
    ("sequence", 0): ("1", "5", "-3", "DATE '2020-01-30'", "TIMESTAMP '2020-01-30 00:00:00'"),
    ("sequence", 1): ("5", "1", "DATE '2020-02-03'", "TIMESTAMP '2020-02-03 12:00:00'"),
    ("sequence", 2): ("1", "2", "-2", "INTERVAL '1' DAY", "INTERVAL '1' MONTH", "0"),
    ("slice", 1): ("1", "2", "-2", "0", "9"), ("slice", 2): ("1", "2", "0", "9", "-1"),
    ("combinations", 1): _COUNTED, ("ngrams", 1): ("1", "2", "3", "0"),
    ("trim_array", 1): ("0", "1", "2"),
    ("element_at", 1): _SMALL, ("concat_ws", 0): ("','", "''", "' - '"),
    ("array_join", 1): ("','", "''", "' | '"), ("array_join", 2): ("'?'", "''"),
    **{(name, at): _EMPTY_VECTORS for at in (0, 1) for name in (
        "cosine_distance", "dot_product", "euclidean_distance", "cosine_similarity")},
    **{(name, 0): _BASE64 for name in ("from_base64", "from_base64url")},
    ("from_base32", 0): ("'MFRGG==='", "'ME======'", "''", "'MFRGG'", "'1'"),
    ("from_hex", 0): ("'616263'", "'00fF'", "''", "'ABC'", "'zz'"),
    ("from_big_endian_32", 0): ("X'00000001'", "X'FFFFFFFF'", "X'01'"),
    ("from_big_endian_64", 0): ("X'0000000000000001'", "X'FFFFFFFFFFFFFFFF'", "X'01'"),
    ("from_ieee754_32", 0): ("X'3F800000'", "X'7FC00000'", "X'3F80'"),
    ("from_ieee754_64", 0): ("X'3FF0000000000000'", "X'C004000000000000'", "X'3F'"),
    **{(f"url_extract_{part}", 0): _URLS for part in (
        "fragment", "host", "parameter", "path", "port", "protocol", "query")},
    ("url_extract_parameter", 1): ("'x'", "'y'", "'a'", "'zz'"),
    ("url_decode", 0): ("'a%20b'", "'%C3%BC+x'", "'plain'", "'%zz'"),
    ("contains", 0): ("'10.0.0.0/8'", "'::/0'", "'2001:db8::/32'"),
    **{(name, 0): _JSON_TEXTS for name in (
        "json_parse", "json_extract", "json_extract_scalar", "json_size", "json_array_length",
        "json_array_get", "json_array_contains", "is_json_scalar")},
    ("json_array_get", 1): ("0", "1", "-1", "5"),
    ("regexp_replace", 2): ("'<$1>'", "'x'", "''", "'$0$0'", "'\\$'", "'$9'"),
    ("regexp_extract", 2): ("0", "1", "2"), ("regexp_extract_all", 2): ("0", "1"),
    ("regexp_position", 2): ("1", "2", "5"), ("regexp_position", 3): ("1", "2"),
    ("bar", 0): ("0.5e0", "0e0", "1e0"), ("bar", 1): ("10", "1", "4"),
    ("color", 0): ("'red'", "'#fff'", "0.5e0", "'x'"), ("rgb", 0): ("0", "255", "7"),
    ("rgb", 1): ("0", "255"), ("rgb", 2): ("0", "255", "256"),
    ("approx_percentile", 1): ("0.5e0", "0.1e0", "1e0", "0e0", "ARRAY[0.5e0, 1e0]", "2e0"),
    ("approx_percentile", 2): ("0.5e0", "0.9e0", "ARRAY[0.25e0, 0.75e0]"),
    ("approx_most_frequent", 0): ("3", "2", "10"), ("approx_most_frequent", 2): ("10", "100"),
    ("nth_value", 1): ("1", "2", "5"), ("ntile", 0): ("1", "2", "3"),
    **{(name, 1): ("1", "2", "0") for name in ("lag", "lead", "max", "min")},
    ("max_by", 2): ("1", "2"), ("min_by", 2): ("1", "2"),
    ("numeric_histogram", 0): ("2", "3", "10"),
}  # fmt: skip
"""Arguments that mean something to a function, by its name and their place."""
