"""Many alerts out of a few real ones: the same photometry under new ids."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FILES = Path(__file__).parents[1] / "data" / "files"


def many_alerts(path, count, *, per_group=200, compression="zstd"):
    """Write ``count`` Fink alerts to a Parquet file in row groups; returns their (object_id, alert_id) in order."""
    few = pq.read_table(FILES / "fink_ztf_2022.parquet")
    few = few.select([name for name in few.column_names if not name.startswith("cutout")]).combine_chunks()
    ids = [(f"ZTF22{i:07d}", str(2_000_000_000_000_000_000 + i)) for i in range(count)]
    with pq.ParquetWriter(path, few.schema, compression=compression) as writer:
        for start in range(0, count, per_group):
            numbers = np.arange(start, min(start + per_group, count))
            rows = few.take(pa.array(numbers % len(few)))
            for name, values in (
                ("objectId", [ids[i][0] for i in numbers]),
                ("candid", [int(ids[i][1]) for i in numbers]),
            ):
                at = rows.schema.get_field_index(name)
                rows = rows.set_column(at, rows.schema.field(name), pa.array(values, rows.schema.field(name).type))
            writer.write_table(rows, row_group_size=per_group)
    return ids
