"""What `bench-corpus report` writes, read again and held against the evidence it was made from."""
