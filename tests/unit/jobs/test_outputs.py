"""Outputs have their names only once all of them, and the run, are complete."""

from pathlib import Path

import pytest

from logcorr.jobs.correlate import correlate
from logcorr.model.errors import OutputError
from logcorr.model.options import CorrelateOptions, Output
from logcorr.runs import write_csv_json_parquet
from tests.support.helpers import write_pair


def test_no_output_has_its_name_before_all_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pair(tmp_path)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("old")
    real = write_csv_json_parquet.write

    def write(records: object, path: str, *given: object, **more: object) -> None:
        if path == str(second):
            raise OutputError("the disk is full.")
        real(records, path, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(write_csv_json_parquet, "write", write)
    options = CorrelateOptions(
        requests=(str(tmp_path / "requests.log"),),
        responses=(str(tmp_path / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(tmp_path / "store"),
        outputs=tuple(Output(view="exchanges", path=str(path)) for path in (first, second)),
        force=True,
    )
    with pytest.raises(OutputError):
        correlate(options)
    assert first.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.csv", "requests.log", "responses.log", "store"]
