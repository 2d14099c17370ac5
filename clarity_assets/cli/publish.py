"""clarity-assets publish: the warehouse in, the read-only copy and Parquet files for readers out."""

import click

from clarity_assets.settings import load_settings


@click.command()
def publish() -> None:
    """Publish the warehouse for notebooks, Power BI and other readers: a read-only copy, and Parquet files."""
    from clarity_assets.warehouse.publish import publish as publish_warehouse

    made = publish_warehouse(load_settings())
    manifest = made.manifest
    click.echo(f"{made.copy}  {manifest.copy_bytes / 1e6:,.1f} MB, for DuckDB {manifest.duckdb_version}")
    click.echo(f"{made.parquet}  {len(manifest.files)} files, {sum(made.rows.values()):,} rows")
    for table, rows in made.rows.items():
        click.echo(f"  {table.partition('.')[2]:<24}{rows:>12,}")
    newest = f"known to {made.newest_date}" if made.newest_date else "no day known yet"
    state = "published" if made.is_new else f"unchanged since {manifest.made_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{newest}; {state}; {made.took_s:.1f} s, the warehouse was held for {made.held_s:.2f} s")
