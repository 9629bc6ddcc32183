"""Secrets Manager: passwords and the like, in versions, encrypted under keys of KMS."""
