"""S3 Control: what holds for all buckets of an account, and access points to them."""
