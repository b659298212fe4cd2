"""Why a server over HTTP cannot be reached, in words."""


def why_unreachable(trouble: Exception) -> str:
    """What went wrong, to stand behind the server's name.

    The text of the library that asked is a chain of class names.
    """
    text = str(trouble)
    for sign, words in _SIGNS:
        if sign in text:
            return words
    if "timed out" in text or "Timeout" in type(trouble).__name__:
        return "does not answer in time"
    return f"cannot be reached: {shortened(text.rpartition(': ')[2].strip(' )(') or text)}"


_SIGNS = (
    ("CERTIFICATE_VERIFY_FAILED", "has a certificate that is not signed by whom we trust"),
    ("Connection refused", "cannot be reached: connection refused"),
    ("Name or service not known", "cannot be reached: nobody knows its name"),
    ("nodename nor servname", "cannot be reached: nobody knows its name"),
    ("Temporary failure in name resolution", "cannot be reached: nobody knows its name"),
    ("WRONG_VERSION_NUMBER", "does not speak TLS"),
    ("IncompleteRead", "breaks off in the middle of an answer"),
    ("Connection broken", "breaks off in the middle of an answer"),
    ("RemoteDisconnected", "hangs up instead of answering"),
    ("Connection aborted", "hangs up instead of answering"),
    ("Connection reset", "hangs up instead of answering"),
)


def shortened(text: str) -> str:
    """A server's own words, on one line."""
    return " ".join(text.split())[:300]
