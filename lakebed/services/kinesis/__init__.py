"""Kinesis Data Streams: streams, their shards and consumers, and the records in them."""
