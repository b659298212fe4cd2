"""Slurm: shares, queues and windows of the federation on clusters that belong to others.

Not registered yet: nothing carries its changes out. `live` is imported when a system is met.
"""
