"""Two versions of a text as a unified diff."""


def difference(name: str, before: str, after: str) -> str:
    """What `diff -u` would print; empty where both are the same."""
    from difflib import unified_diff

    rows = unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(row if row.endswith("\n") else f"{row}\n" for row in rows)
