"""Every bound in one place, with its reason: AWS's published quota where there is one."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# --- HTTP (the gateway) ---
REQUEST_HEAD_BYTES_MAX: Final = 64 * KIB
"""Request line and headers. S3 allows 8 KB of headers; presigned URLs and sessions need more."""
REQUEST_BODY_BYTES_MAX: Final = 16 * MIB
"""A body parsed in memory (JSON, XML, forms). DeleteObjects of 1,000 long keys is 1.1 MB."""
EXPANDED_BODY_BYTES_MAX: Final = MIB
"""Of a body that its client compressed: what CloudWatch takes of metrics in a request."""
LARGE_REQUEST_BYTES: Final = 256 * KIB
"""A body of JSON above it is parsed, and its operation called, in a thread: 5 ms at most before."""
CONNECTIONS_MAX: Final = 10_000
"""Open client connections; one more is closed at once."""
CONNECTION_IDLE_SECONDS_MAX: Final = 120.0
"""A connection without a byte in either direction for so long is closed."""
HTTP2_STREAMS_MAX: Final = 256
"""Requests at a time on one connection of HTTP/2."""
HTTP2_RESETS_MAX: Final = 500
"""More requests given up than answered on one connection, and it is ended (CVE-2023-44487)."""
HTTP2_BACKLOG_BYTES_MAX: Final = 16 * MIB
"""What a client of HTTP/2 may leave unread; its streams wait long before."""
SMALL_BODY_BYTES_MAX: Final = 64 * KIB
"""A streamed body up to this size is digested on the loop; above it, in threads."""
SPOOL_QUEUE_BYTES_MAX: Final = 4 * MIB
"""Received and not yet written bytes of one upload; the socket is not read above it."""

# --- S3 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html) ---
OBJECT_BYTES_MAX: Final = 5 * 1024 * GIB
PUT_BYTES_MAX: Final = 5 * GIB
PART_BYTES_MIN: Final = 5 * MIB
PARTS_MAX: Final = 10_000
KEY_BYTES_MAX: Final = 1024
USER_METADATA_BYTES_MAX: Final = 2 * KIB
LIST_KEYS_MAX: Final = 1000
DELETE_KEYS_MAX: Final = 1000
OBJECT_TAGS_MAX: Final = 10
BUCKET_TAGS_MAX: Final = 50
BUCKET_POLICY_BYTES_MAX: Final = 20 * KIB
ACL_GRANTS_MAX: Final = 100
CORS_RULES_MAX: Final = 100
WEBSITE_RULES_MAX: Final = 50
ACCESS_POINTS_MAX: Final = 10_000
"""Of one account and region."""
ACCESS_POINTS_PAGE_MAX: Final = 1000
ACCESS_RECORDS_MAX: Final = 20_000
"""Ours: requests that wait to be written into access logs, about 20 MB; others are lost."""
FORM_FIELDS_BYTES_MAX: Final = 20 * KIB
"""Of a POST form, all before its file."""
CORS_RULE_ID_CHARACTERS_MAX: Final = 255
SELECT_EXPRESSION_BYTES_MAX: Final = 256 * KIB
SELECTS_MAX: Final = 8
"""Ours: S3 Selects at a time; one more is told to try again."""
SELECT_SECONDS_MAX: Final = 300.0
SELECT_BYTES_MAX: Final = GIB
"""Ours: the memory of one, and so what it may answer."""
BUCKET_RULES_REMEMBERED_MAX: Final = 1000
"""Buckets whose policies and access lists are kept ready; ours."""
SEALING_PLACES_REMEMBERED_MAX: Final = 1000
"""Buckets of which it is remembered that they encrypt what is put into them; ours."""
TAG_KEY_CHARACTERS_MAX: Final = 128
TAG_VALUE_CHARACTERS_MAX: Final = 256
"""Counted in UTF-16, as S3 keeps them."""
COMPLETED_UPLOAD_SECONDS: Final = 86_400.0
"""So long the same completion of a multipart upload is answered as it was before."""
LIFECYCLE_RULES_MAX: Final = 1000
LIFECYCLE_ID_CHARACTERS_MAX: Final = 255
LIFECYCLE_NEWER_VERSIONS_MAX: Final = 100

# --- Streams: the engine's, ours ---
STREAM_SEGMENT_BYTES: Final = 64 * MIB
"""A file of a log; the next begins behind it."""
STREAM_SEGMENT_SECONDS: Final = 3600.0
"""So much time at most is in one file: what is too old is given back by the file."""
STREAM_MARK_BYTES: Final = 64 * KIB
"""Between two marks: what is read to find a line."""
STREAM_PENDING_BYTES_MAX: Final = 128 * MIB
"""Appended and not yet durable; more is refused."""
STREAM_FILES_OPEN_MAX: Final = 256
"""Files of logs that are kept open for writing."""
STREAM_SYNCS_AT_ONCE: Final = 8
STREAM_QUICK_BYTES_MAX: Final = 64 * KIB
"""What is written at once, on the loop, where nothing is synced: a thread would cost more."""
STREAM_JOURNAL_BYTES: Final = 8 * MIB
"""What small flushes write before the logs' own files are synced."""
STREAM_JOURNAL_FLUSH_BYTES_MAX: Final = 256 * KIB
"""A larger flush syncs the files themselves: to write it twice would cost more."""

# --- Glue (https://docs.aws.amazon.com/general/latest/gr/glue.html) ---
GLUE_PAGE_MAX: Final = 100
GLUE_PARTITION_PAGE_MAX: Final = 1000
GLUE_PARTITION_PAGE_COLUMNS_MAX: Final = 20_000
"""Columns of all partitions of a page, about 1 MB; a page of wider ones holds fewer partitions."""
GLUE_POLICY_BYTES_MAX: Final = 10 * KIB
GLUE_PARTITION_SLICE_ROWS: Final = 500
"""Partitions read, or deleted, before others have their turn: about 2 ms."""
GLUE_PARTITION_TEMPLATES_MAX: Final = 1000
"""Different kinds of partitions a table keeps apart; a partition past it is kept whole."""
GLUE_PARTITION_INDEXES_MAX: Final = 3
"""Of one table."""
GLUE_DATABASES_MAX: Final = 10_000
GLUE_FUNCTIONS_MAX: Final = 100
"""Of one database."""
GLUE_CONNECTIONS_MAX: Final = 1000
GLUE_TAGS_MAX: Final = 50
GLUE_SECURITY_CONFIGURATIONS_MAX: Final = 250
GLUE_CRAWLERS_MAX: Final = 1000
GLUE_CLASSIFIERS_MAX: Final = 1000
"""Ours: the quotas page names none."""
GLUE_SAMPLE_FILES_MAX: Final = 249
"""Files of each folder that a crawler looks into, if SampleSize is given."""
GLUE_SCHEDULE_MINUTES_MIN: Final = 5
"""Between two times of a schedule."""
GLUE_SCHEDULE_CHARACTERS_MAX: Final = 256
CRAWL_HISTORY_DAYS: Final = 366
"""Twelve months, as ListCrawls says."""
CRAWL_HISTORY_MAX: Final = 10_000
"""Crawls of one crawler that are kept."""
CRAWLS_PAGE: Final = 20
CRAWLS_PAGE_MAX: Final = 100
CRAWLS_RUNNING_MAX: Final = 2
"""At a time, of all accounts; others wait for their turn."""
CRAWLS_MEASURED_MAX: Final = 100
"""The last crawls that the median of GetCrawlerMetrics is of."""
TABLE_VERSIONS_MAX: Final = 100_000
"""Of one table."""
CRAWL_SCHEMA_KINDS_MAX: Final = 5
"""Different schemas of one table: https://repost.aws/knowledge-center/glue-crawler-detect-schema"""
CRAWL_BATCH_FILES: Final = 500
"""Files looked into by one call of the engine; a run holds two calls' at a time."""
CRAWL_NAMES_MAX: Final = 10_000
"""Files of one folder that may become tables of their own."""
CRAWL_TRAVERSAL_DEPTH: Final = 10
"""Folders below a path in which a crawler looks for Iceberg and Hudi tables (as remembered)."""
CRAWL_TRAVERSAL_DEPTH_MAX: Final = 20
JDBC_CONNECT_SECONDS: Final = 15.0
"""Ours: of one attempt to connect to a database."""
CRAWL_UNSTRUCTURED_FILES_MAX: Final = 500_000
"""Ours: files in one table of images, audio, video and documents."""
CERTIFICATE_BYTES_MAX: Final = 256 * KIB
"""Ours: of a connection's CUSTOM_JDBC_CERT."""
JDBC_TEST_SECONDS: Final = 8.0
"""Ours: of TestConnection, less than a server has to stop."""
JDBC_STATEMENT_SECONDS: Final = 120
"""Ours: of one statement that asks a database for its tables."""

# --- Athena (https://docs.aws.amazon.com/athena/latest/ug/service-limits.html) ---
QUERY_STRING_BYTES_MAX: Final = 262_144
QUERY_HISTORY_DAYS: Final = 45
QUERY_RESULT_ROWS_PAGE_MAX: Final = 1000
ATHENA_LIST_MAX: Final = 50
ATHENA_TAGS_MAX: Final = 50
ATHENA_TAGS_PAGE_MAX: Final = 75
WORK_GROUPS_MAX: Final = 1000
DATA_CATALOGS_MAX: Final = 1000
"""Ours: AWS publishes no quota."""
PREPARED_STATEMENTS_MAX: Final = 1000
"""In one workgroup."""
RESULT_REUSE_MINUTES: Final = 60
MANAGED_RESULT_HOURS: Final = 24
QUERIES_RUNNING_MAX: Final = 4
"""Queries that run at once; more are QUEUED. Two a core keeps both cores of a laptop busy."""
QUERIES_QUEUED_MAX: Final = 1000

# --- CloudWatch Logs (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html)
LOG_GROUPS_MAX: Final = 1_000_000
"""Of one account and region."""
LOG_GROUPS_SCANNED_MAX: Final = 200
"""Log groups (or queries) read at once while a listing looks for those that fit."""
LOGS_LIST_MAX: Final = 50
LOGS_TAGS_MAX: Final = 50
LOG_BATCH_BYTES_MAX: Final = 1_048_576
"""Of PutLogEvents: the messages in UTF-8 and 26 bytes for each."""
LOG_EVENT_BYTES_MAX: Final = 1_048_576
LOG_EVENT_OVERHEAD_BYTES: Final = 26
LOG_BATCH_HOURS_MAX: Final = 24
LOG_PAST_DAYS_MAX: Final = 14
LOG_FUTURE_HOURS_MAX: Final = 2
LOG_PAGE_BYTES_MAX: Final = 1_048_576
LOG_PAGE_EVENTS_MAX: Final = 10_000
LOG_SCANNED_BYTES_MAX: Final = 64 * MIB
"""What FilterLogEvents reads for one page, which may be empty and name the next one."""
LOG_BLOCK_BYTES_MAX: Final = 256 * KIB
"""Events kept together: one message may be longer."""
LOG_TAILS_MAX: Final = 16
"""Short blocks at the end of a stream, each at least twice as long as the next."""
LOG_BLOCKS_SLICE: Final = 20
"""Blocks deleted before others have their turn."""
LOG_FIELDS_MAX: Final = 200
"""Discovered in one message of JSON."""
LOG_QUERY_GROUPS_MAX: Final = 50
LOG_QUERY_ROWS: Final = 10_000
"""Of a query's result, unless its caller says otherwise."""
LOG_QUERY_PAGE_ROWS: Final = 500
"""Rows of a result that are kept, and read, together."""
LOG_QUERY_SCANNED_BYTES_MAX: Final = 8 * GIB
"""Ours: a query that would read more fails, because its events wait in a file."""
LOG_QUERY_DAYS: Final = 7
"""For so long results of queries can be had."""
LOG_QUERIES_RUNNING_MAX: Final = 30
LOG_QUERY_DEFINITIONS_MAX: Final = 1000
LIVE_TAIL_SESSIONS_MAX: Final = 15
LIVE_TAIL_EVENTS_MAX: Final = 500
"""In one update, once a second; of more some are left out, and it is said."""
LIVE_TAIL_UPDATES_WAITING_MAX: Final = 10
LIVE_TAIL_SECONDS_MAX: Final = 3 * 3600
EXPORT_TASK_DAYS: Final = 60
"""Ours: for so long an export task can be looked up."""
EXPORT_FILE_BYTES: Final = 64 * MIB
"""Of lines before they are compressed; a longer stream has several files."""
LOG_STORED_BYTES_MAX: Final = 20 * GIB
"""Ours, of all groups of a server: above it the oldest events of the largest group go."""

RUN_LOG_BYTES_MAX: Final = 8 * MIB
"""Lines of one run that wait to be written to its log stream; what comes above is counted."""

# --- CloudTrail (docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html)
TRAILS_MAX: Final = 5
"""Of one region."""
CLOUDTRAIL_TAGS_MAX: Final = 50
EVENTS_LOOKED_UP_MAX: Final = 50
"""Events of one page."""
EVENTS_LOOKED_UP_DAYS: Final = 90
EVENTS_LOOKED_THROUGH_BYTES: Final = 64 * MIB
"""Read for one page, which may then be empty and name the next one."""
TRAIL_FILE_BYTES: Final = 32 * MIB
"""Of events in one delivered file before they are compressed."""

# --- Store and audit ---
AUDIT_FILE_BYTES_MAX: Final = 32 * MIB
AUDIT_FILES_MAX: Final = 8
DECISIONS_FILE_BYTES_MAX: Final = 8 * MIB
DECISIONS_FILES_MAX: Final = 4
"""What `lakebed why` looks through: refusals, and what `open` mode let through."""
LET_THROUGH_SECONDS: Final = 60.0
LET_THROUGH_REMEMBERED_MAX: Final = 10_000
"""What `open` mode lets through is written down once in so long for each caller and resource."""
ROWS_REMEMBERED_MAX: Final = 2048
"""Rows of a table, or read by the loop, that are kept in memory where a table says so."""
WRITE_AHEAD_LOG_BYTES_MAX: Final = 16 * MIB
RESERVE_BYTES: Final = 512 * KIB
"""Kept back for deletes on a full disk."""
LEASE_SECONDS: Final = 30.0

# --- Care of the lake's folder ---
WATCHED_DIRECTORIES_MAX: Final = 262_144
"""The kernel keeps about 1 KB for each, so never more than 256 MB; see also `watches_max`."""
HAND_CHANGES_MAX: Final = 10_000
"""Changes made by hand that wait to be taken in; a survey pauses above it."""
BACKUP_LEASE_SECONDS: Final = 60.0
"""A backup that its server has not heard of for so long is over: nothing is pinned for it."""
SCRUB_BYTES_PER_SECOND: Final = 8 * MIB
"""A terabyte takes a day and a half; a disk that gives 200 MB/s hardly notices."""
SCRUB_FILES_PER_SECOND: Final = 50
SCRUB_DAYS: Final = 7
"""A pass begins at most so often."""

# --- Reading stored files ---
LINE_BYTES_MAX: Final = 200 * MIB
"""A line of text of a table. Athena's own limit: a row of text or JSON may have 200 MB (32 MB by
the service limits page of older days)."""
PARTITIONS_PROJECTED_MAX: Final = 1_000_000
"""Partitions that one query may make of a projection: a range without a filter is refused above."""

# --- Crawlers' classifiers ---
CRAWL_WORKERS_MAX: Final = 2
"""Processes that look into files."""
CRAWL_WORKER_IDLE_SECONDS: Final = 30.0
"""A process that has had nothing to do for so long ends."""
CRAWL_WORKER_BYTES: Final = GIB
"""Of data that such a process may hold."""
CRAWL_FILE_SECONDS: Final = 20.0
"""For so long one file may be looked into."""
CRAWL_RECORDS_MAX: Final = 1000
"""Records of a file that are looked at: the first 1,000, or the first MB."""
CRAWL_SAMPLE_BYTES: Final = MIB
CRAWL_SAMPLE_BYTES_MAX: Final = 10 * MIB
"""Of JSON, twice as many at each step, until a whole record was read."""

# --- IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html) ---
IAM_USERS_MAX: Final = 5000
IAM_GROUPS_MAX: Final = 300
IAM_ROLES_MAX: Final = 1000
IAM_POLICIES_MAX: Final = 1500
IAM_INSTANCE_PROFILES_MAX: Final = 1000
IAM_WEB_PROVIDERS_MAX: Final = 100
IAM_POLICY_VERSIONS_MAX: Final = 5
IAM_ATTACHED_MAX: Final = 10
IAM_GROUPS_OF_USER_MAX: Final = 10
IAM_ACCESS_KEYS_MAX: Final = 2
IAM_SSH_PUBLIC_KEYS_MAX: Final = 5
IAM_MFA_DEVICES_MAX: Final = 8
IAM_WEB_CLIENTS_MAX: Final = 100
IAM_WEB_THUMBPRINTS_MAX: Final = 5
IAM_TAGS_MAX: Final = 50
IAM_POLICY_CHARACTERS_MAX: Final = 6144
IAM_TRUST_CHARACTERS_MAX: Final = 2048
IAM_USER_INLINE_CHARACTERS_MAX: Final = 2048
IAM_GROUP_INLINE_CHARACTERS_MAX: Final = 5120
IAM_ROLE_INLINE_CHARACTERS_MAX: Final = 10_240
"""White space does not count in any of them; those of inline policies are for all of an entity."""
IAM_LIST_ITEMS: Final = 100
IAM_SCAN_ROWS: Final = 200
"""Ours: rows of a listing that are read at a time."""
IAM_VIRTUAL_DEVICES_MAX: Final = 10_000
"""Ours: AWS allows as many virtual devices as users."""
ACCESS_KEY_USE_SECONDS: Final = 60.0
"""Ours: at most so often it is written when and where an access key was used."""
WEB_TOKEN_SKEW_SECONDS: Final = 300.0
"""So much past its time, or before it, a token of an OpenID Connect provider is taken."""
WEB_KEYS_KEPT_SECONDS: Final = 3600.0
WEB_KEYS_ASKED_SECONDS: Final = 15.0
WEB_KEYS_SECONDS_MAX: Final = 5.0
WEB_KEYS_BYTES_MAX: Final = MIB
WEB_KEYS_MAX: Final = 100
"""Ours: how long a provider's keys are kept, how often it is asked again if none of them fits, how
long one of its documents may take, how large it and how many keys may be."""
CREDENTIALS_REMEMBERED_MAX: Final = 10_000
"""Ours: access keys whose secrets are kept unsealed in memory."""
SESSION_POLICIES_MAX: Final = 10
SESSION_POLICY_CHARACTERS_MAX: Final = 2048
SESSION_TAGS_MAX: Final = 50
SESSIONS_KEPT_SECONDS: Final = 86_400.0
"""Ours: temporary credentials are known for so long after they expired, to be called expired."""

# --- KMS (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html) ---
KMS_KEYS_MAX: Final = 100_000
KMS_ALIASES_MAX: Final = 50
"""Of one key."""
KMS_GRANTS_MAX: Final = 50_000
"""Of one key."""
KMS_TAGS_MAX: Final = 50
KMS_ROTATIONS_ON_DEMAND_MAX: Final = 25
"""Of one key: https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html"""

# --- Secrets Manager (docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html)
SECRETS_MAX: Final = 500_000
SECRET_VERSIONS_MAX: Final = 100
"""Of one secret, those without labels among them, which are removed from the oldest on."""
SECRET_LABELS_MAX: Final = 20
"""Of all versions of a secret."""
SECRET_TAGS_MAX: Final = 50
SECRET_POLICY_CHARACTERS_MAX: Final = 20_480
SECRET_BYTES_MAX: Final = 64 * KIB
"""Of one value: 65,536 bytes."""

# --- Parameter Store (https://docs.aws.amazon.com/general/latest/gr/ssm.html) ---
PARAMETERS_STANDARD_MAX: Final = 10_000
PARAMETERS_MAX: Final = 100_000
PARAMETER_VERSIONS_MAX: Final = 100
PARAMETER_LABELS_MAX: Final = 10
"""Of one version."""
PARAMETER_LEVELS_MAX: Final = 15
PARAMETER_STANDARD_BYTES_MAX: Final = 4 * KIB
PARAMETER_ADVANCED_BYTES_MAX: Final = 8 * KIB
PARAMETER_POLICIES_MAX: Final = 10
PARAMETER_TAGS_MAX: Final = 50

# --- Subscriptions (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html)
LOG_SUBSCRIPTIONS_MAX: Final = 2
"""Of one log group."""
LOG_SUBSCRIBED_BYTES_MAX: Final = 900_000
"""Of one message before it is compressed: a record of Firehose has 1,000 KiB at most."""

# --- Kinesis Data Streams (docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html)
KINESIS_SHARDS_MAX: Final = 20_000
"""Open shards of an account in a region, of its provisioned streams: as in US East (N. Virginia)"""
KINESIS_STREAM_SHARDS_MAX: Final = 10_000
"""Of one stream, by CreateStream and UpdateShardCount."""
KINESIS_ON_DEMAND_SHARDS_MAX: Final = 200
"""Of one on-demand stream; AWS raises it when asked."""
KINESIS_ON_DEMAND_STREAMS_MAX: Final = 50
KINESIS_RETENTION_HOURS_MIN: Final = 24
KINESIS_RETENTION_HOURS_MAX: Final = 8760
KINESIS_RESHARDS_MAX: Final = 10
"""UpdateShardCount of one stream in 24 hours."""
KINESIS_MODE_CHANGES_MAX: Final = 2
"""UpdateStreamMode of one stream in 24 hours."""
KINESIS_ENCRYPTION_CHANGES_MAX: Final = 25
"""StartStreamEncryption, and StopStreamEncryption, of one stream in 24 hours."""
KINESIS_CONSUMERS_MAX: Final = 20
"""Registered with one stream; 50 where the account has On-demand Advantage."""
KINESIS_ADVANTAGE_CONSUMERS_MAX: Final = 50
KINESIS_WARM_MIBPS_MAX: Final = 10_240
KINESIS_TAGS_MAX: Final = 50
KINESIS_DESCRIBED_SHARDS_MAX: Final = 100
KINESIS_LISTED_SHARDS_MAX: Final = 1000
KINESIS_LISTED_STREAMS_MAX: Final = 100
KINESIS_LISTED_CONSUMERS_MAX: Final = 100
KINESIS_LISTED_TAGS_MAX: Final = 50
KINESIS_TOKEN_SECONDS: Final = 300.0
"""So long a NextToken can be used."""
KINESIS_PUT_BYTES_MAX: Final = 10 * MIB
"""Of one PutRecords, partition keys included."""
KINESIS_GET_BYTES_MAX: Final = 10 * MIB
"""Of one GetRecords, as they are kept: data in base64."""
KINESIS_SHARD_WRITE_RECORDS: Final = 1000
"""A second."""
KINESIS_SHARD_WRITE_BYTES: Final = MIB
"""A second."""
KINESIS_SHARD_READS: Final = 5
"""A second."""
KINESIS_SHARD_READ_BYTES: Final = 2 * MIB
"""A second."""
KINESIS_SHARDS_METERED_MAX: Final = 20_000
"""Ours: shards whose use is remembered, where it is limited."""
KINESIS_ROUTES_REMEMBERED_MAX: Final = 1000
"""Ours: streams whose shards are kept ready for puts."""
KINESIS_SUBSCRIPTION_SECONDS_MAX: Final = 300.0
KINESIS_SUBSCRIPTIONS_MAX: Final = 1000
"""Ours: at a time."""
KINESIS_EVENT_BYTES_MAX: Final = MIB
"""Ours: records of one event of a subscription, as they are kept."""
KINESIS_EVENTS_WAITING_MAX: Final = 2
"""Ours: events that wait for a slow subscriber; its shard is not read meanwhile."""
KINESIS_DATA_KEYS_REMEMBERED_MAX: Final = 1000
"""Ours: data keys of encrypted streams, and who may use them, for five minutes."""
KINESIS_DATA_KEY_SECONDS: Final = 300.0
KINESIS_POLICY_BYTES_MAX: Final = 20 * KIB
KINESIS_POLICIES_REMEMBERED_MAX: Final = 1000
"""Ours: policies of streams and consumers that are kept read."""
KINESIS_SHARDS_CHANGED_SLICE: Final = 25
"""So many shards are made, or changed, before other requests have their turn."""
KINESIS_SHARDS_READ: Final = 250
"""So many are read, before a reshard, until others have their turn."""
KINESIS_SHARDS_SLICE: Final = 100
"""Ours: expired shards removed before others have their turn."""

# --- Firehose (https://docs.aws.amazon.com/firehose/latest/dev/limits.html) ---
DELIVERY_STREAMS_MAX: Final = 5_000
"""Of an account in a region."""
DELIVERY_RECORD_BYTES_MAX: Final = 1_024_000
"""Of one record before it is base64: 1,000 KiB."""
DELIVERY_BATCH_BYTES_MAX: Final = 4 * MIB
"""Of one PutRecordBatch."""
DELIVERY_PARTITIONS_MAX: Final = 500
"""Active partitions of a stream; records of more go below the error prefix."""
DELIVERY_PREFIX_CHARACTERS_MAX: Final = 512
"""Of an evaluated prefix."""
DELIVERY_TAGS_MAX: Final = 50
DELIVERY_RECORD_EXPANDED_MAX: Final = 64 * MIB
"""What a compressed record may hold: ours, so that no record fills the memory."""
DELIVERY_CHILD_SECONDS_MAX: Final = 120.0
"""How long the processing of one buffer may take: a JQ program may have no end."""
DELIVERY_CHILD_BYTES_MAX: Final = 2 * GIB
DELIVERY_RETRY_SECONDS_MAX: Final = 300.0
"""Between two attempts at what cannot be delivered."""
DELIVERY_KEPT_SECONDS: Final = 86_400
"""How long what no bucket takes is kept; of a Kinesis stream as long as that keeps it."""
DELIVERY_SLICE_BYTES: Final = 2 * MIB
"""Delivered records deleted before others have their turn."""
DELIVERY_SOURCE_BYTES: Final = 8 * MIB
"""Read of one shard before others have their turn."""
DELIVERY_SOURCE_SECONDS_MAX: Final = 60.0
"""How seldom a source is looked at that nothing rings for."""
DELIVERY_SOURCES_AT_ONCE: Final = 100
"""Kinesis streams that are read at a time."""
DELIVERIES_AT_ONCE: Final = 8
"""Buffers on their way at a time: each may hold 128 MiB in memory."""

# Jobs: Glue's quotas are an account's, the others this machine's.
# https://docs.aws.amazon.com/general/latest/gr/glue.html
GLUE_JOBS_MAX: Final = 2000
GLUE_CONCURRENT_RUNS_MAX: Final = 1000
GLUE_TRIGGERS_MAX: Final = 1000
GLUE_TRIGGER_CRAWLERS_MAX: Final = 2
"""https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html"""
GLUE_TRIGGER_PAGE_MAX: Final = 200
GLUE_WORKFLOWS_MAX: Final = 250
GLUE_WORKFLOW_PAGE_MAX: Final = 25
GLUE_JOB_ARGUMENTS_BYTES_MAX: Final = 256 * KIB
JOB_RUNS_AT_ONCE: Final = 3
"""Further runs wait for their turn."""
JOB_MEMORY_PARTS: Final = 4
"""A driver's heap is at most this part of the machine's memory."""
JOB_HEAP_BYTES_MIN: Final = GIB
JOB_HEAP_BYTES_MAX: Final = 10 * GIB
JOB_SPARE_SECONDS: Final = 600.0
"""A driver that was started ahead waits so long for a job."""
JOB_LINE_BYTES_MAX: Final = 128 * KIB
JOB_RUN_HISTORY_DAYS: Final = 90
JOB_FILE_BYTES_MAX: Final = 2 * GIB
"""Of a script, or of a library that a job names."""
JOB_ERROR_CHARACTERS_MAX: Final = 4000
JOB_BOOKMARK_BYTES_MAX: Final = 16 * MIB

# The catalog as Spark's metastore: one listener a run.
METASTORE_CONNECTIONS_MAX: Final = 64
METASTORE_MESSAGE_BYTES_MAX: Final = 64 * MIB
METASTORE_PEER_SECONDS_MAX: Final = 30.0
"""A connection waits so long for its run to have begun."""
