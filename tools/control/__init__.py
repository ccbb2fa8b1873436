"""Native memory control: what is held against the repository after the allocator gate has passed.

`cli` is the command line, `steps` the list of checks, `codes` the answers. Each check is a file: `dependencies`, `pass_budgets`,
`shutdown`, `sanitizers`, `documentation`. Python's standard library only.
"""
