"""Health checks and Prometheus metrics for an operator's tools, over HTTP."""
