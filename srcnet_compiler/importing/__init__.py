"""What exists elsewhere to specs: read with its places, judged by rules, written or merged.

`writing.py` is what all imports write with; each source has a folder of its own.
"""
