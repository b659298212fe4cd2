"""Slurm: shares, queues and windows of the federation on clusters that belong to others.

Not registered yet: there are no specs to lower. `live` is imported when a system is met.
"""
