"""AWS Glue: the Data Catalog. https://docs.aws.amazon.com/glue/latest/webapi/"""
