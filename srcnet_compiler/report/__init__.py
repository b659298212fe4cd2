"""One set of findings, many readers: a terminal, people on the web, machines that run checks."""
