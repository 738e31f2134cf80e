"""One run driven from its start to its publishing."""
