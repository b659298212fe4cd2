"""Kubernetes: services, interactive work and shared quota on each site's cluster.

Of a cluster that others use too, only what has our label is touched. `live` is imported when a
system is met.
"""
