"""The release check: everything a release needs, measured anew, and the summary of the version.

`steps` lists what runs; `packages`, `public_api` and `licences` are the checks that only a release needs; `summary` writes `release/VERSION.md`.
Python's standard library only.
"""
