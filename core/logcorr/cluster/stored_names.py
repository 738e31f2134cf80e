"""Names of files in a store, whatever its kind: relative paths with `/` between their parts."""

# Work files have names that begin so. A lost work file is made again, so nobody waits until it is on disk.
WORK = ".work/"


def checked(name: str, *, unfinished: bool = False) -> str:
    """The name of a file in a store, if it is one. Raises ValueError where it could lead anywhere else.

    A name whose last part begins with a dot is that of a file that is still being written.
    """
    parts = name.split("/")
    hidden = parts[-1].startswith(".") and not unfinished
    if hidden or any(part in ("", ".", "..") for part in parts) or "\\" in name or "\0" in name:
        raise ValueError(f"not the name of a file in a store: {name!r}")
    return name
