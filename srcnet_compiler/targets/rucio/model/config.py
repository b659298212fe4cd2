"""How a value of the server's configuration table reads back."""


def reads_back_as(value: object) -> str:
    """The text that stands for a value, given as written (text) or as the server shows it (typed).

    The server keeps text and shows `yes`, `On` or `TRUE` as true and `1e3` as 1000.0, so that texts
    that it shows alike are one value to us. Source: convert_to_any_type, rucio/common/config.py.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    if value.lower() in ("true", "yes", "on"):
        return "true"
    if value.lower() in ("false", "no", "off"):
        return "false"
    for number in (int, float):
        try:
            return str(number(value))
        except ValueError:
            continue
    return value
