"""One file a command; `vestiary.cli` puts them together. What is heavy is imported when the command runs."""
