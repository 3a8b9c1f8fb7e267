"""Stage 2: ledger and folders to images.parquet and splits."""
