"""Adds up a file of transactions: those of shadow, of live, and what is held.

Called with the file, and the first and the last day, of which - is any. What is held is told by the rows
that are held, less those that let it go.
"""

import json
import sys

import duckdb


def main(file, first, last):
    # Amounts in CSV are texts to DuckDB until somebody says what they are; floats would lose some.
    source = "read_parquet(?)" if file.endswith(".parquet") else "read_csv(?, all_varchar = true)"
    query = f"""
        with rows as (
            select sort, stage, held::boolean as held, amount::decimal(38, 6) as amount
            from {source}
            where (? = '-' or ? <= booked_on::varchar) and (? = '-' or booked_on::varchar <= ?)
        )
        select
            coalesce(sum(amount) filter (stage = 'shadow' and not held), 0)::varchar,
            coalesce(sum(amount) filter (stage = 'live' and not held), 0)::varchar,
            (coalesce(sum(amount) filter (held), 0) - coalesce(sum(amount) filter (sort = 'release'), 0))::varchar
        from rows
    """
    print(json.dumps(duckdb.execute(query, [file, first, first, last, last]).fetchone()))


if __name__ == "__main__":
    main(*sys.argv[1:])
