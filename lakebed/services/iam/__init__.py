"""IAM: users, groups, roles and policies of an account. https://docs.aws.amazon.com/IAM/"""
