"""What people may create: the rules, the quotas, and submitting each request at most once."""
