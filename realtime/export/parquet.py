"""Parquet: the same tables as CSV with types, at full precision, and with how the session was made."""

import json
from itertools import islice
from pathlib import Path

from realtime.export.material import ExportError, Material
from realtime.export.tables import TABLES, Table, tables

ROWS_AT_A_TIME = 50_000
"""So that hours of frames need not fit in memory."""


def write_parquet(material: Material, *paths: Path) -> None:
    """Write each table to its own file. The session's own account is JSON under the metadata key `medn`."""
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError:
        raise ExportError("Parquet needs the package pyarrow: pip install 'medn[export]'.") from None
    info = material.info
    account = {
        "source": info.source,
        "video": info.video,
        "parameters": dict(info.parameters),
        "versions": dict(info.versions),
        "weights_sha256": info.weights_sha256,
        "created_utc": info.created_utc,
        "closed_utc": info.closed_utc,
        "summary": info.summary,
    }
    for name, table, path in zip(TABLES, tables(material), paths, strict=True):
        _write(table, path, json.dumps(account | {"table": name}))


def _write(table: Table, path: Path, account: str) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    fields = [(name, kinds[kind]) for name, kind in table.columns.items()]
    schema = pa.schema(fields, metadata={"medn": account})
    rows = iter(table.rows)
    with ParquetWriter(path, schema) as file:
        while some := list(islice(rows, ROWS_AT_A_TIME)):
            columns = zip(*some, strict=True)
            arrays = [pa.array(column, kind) for column, (_, kind) in zip(columns, fields, strict=True)]
            file.write_table(pa.Table.from_arrays(arrays, schema=schema))
