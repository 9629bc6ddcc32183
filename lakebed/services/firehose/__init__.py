"""Amazon Data Firehose: streams of records delivered to buckets, tables and endpoints."""
