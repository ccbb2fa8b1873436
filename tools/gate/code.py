"""A code that a check answers with: its name, what it means, and what mends it, in one place."""


class Code(str):
    """The name, which is the value; `meaning` and `remedy` are sentences."""

    meaning: str
    remedy: str

    def __new__(cls, name: str, meaning: str = "", remedy: str = ""):
        code = super().__new__(cls, name)
        code.meaning, code.remedy = meaning, remedy
        return code

    def explained(self) -> str:
        return f"{self}\n  {self.meaning}\n  to mend it: {self.remedy}"


def codes_of(module: dict) -> dict[str, Code]:
    """The codes among the names of a module, in their order."""
    return {code: code for code in module.values() if isinstance(code, Code)}
