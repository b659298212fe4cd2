"""What a change of the specs would do, for its readers: a terminal, a pull request, a program."""
