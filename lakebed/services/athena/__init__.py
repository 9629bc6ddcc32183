"""Amazon Athena. https://docs.aws.amazon.com/athena/latest/APIReference/"""
