"""Kubernetes: services, interactive work and shared quota on each site's cluster."""
