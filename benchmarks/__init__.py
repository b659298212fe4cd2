"""How long the compiler takes, and how much memory. It only measures; nothing fails for being slow.

`python -m benchmarks` prints a table and adds a line to history.jsonl. Start at `__main__.py`.
"""
