"""Files by their names: the response log that goes by a request log, a name that is free, the size of a file."""

from pathlib import Path


def size_of(path: Path) -> int | None:
    """The size of a file; None where there is none, or where a name cannot be one, which its use will tell."""
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):
        return None


def response_log_for(requests: str) -> str | None:
    """The response log that goes by a request log's name, where there is one."""
    path = Path(requests)
    for one, other in (("requests", "responses"), ("request", "response"), ("req", "resp"), ("req", "res")):
        if one in path.name:
            there = path.with_name(path.name.replace(one, other))
            if size_of(there) is not None:
                return str(there)
    return None


def unused_name(path: Path) -> Path:
    """The path, or with a number where it is taken."""
    number = 2
    there = path
    while there.exists():
        there = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return there
