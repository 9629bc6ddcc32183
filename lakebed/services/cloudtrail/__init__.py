"""CloudTrail: who did what, looked up, and delivered to a bucket."""
