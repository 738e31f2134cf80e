"""File names: the response log that goes with a request log, an unused name, the size of a named file."""

from pathlib import Path


def size_of(path: Path) -> int | None:
    """The size of a file. None where there is no file, or where the name cannot be a file name."""
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):
        return None


def response_log_for(requests: str) -> str | None:
    """The response log that goes with a request log by its name. None where there is no file of this name."""
    path = Path(requests)
    for one, other in (("requests", "responses"), ("request", "response"), ("req", "resp"), ("req", "res")):
        if one in path.name:
            there = path.with_name(path.name.replace(one, other))
            if size_of(there) is not None:
                return str(there)
    return None


def unused_name(path: Path) -> Path:
    """The path, with a number where the path exists."""
    number = 2
    there = path
    while there.exists():
        there = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return there
