"""The judge behind `make allocator-fast-path-check`. Python standard library only.

Reading order: finding, column, schema, tsv, tree, then `checks/`, then verdict, cli.
"""
