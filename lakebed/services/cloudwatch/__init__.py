"""CloudWatch: metrics, by number and time. (Logs are a service of their own.)"""
