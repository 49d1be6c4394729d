"""
Which returners an option or a publication names.
"""


def names_in(value: object) -> list[str]:
    """List the returners that are named by text with commas, or by a list."""
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        return []
    return [name for each in listed if (name := str(each).strip())]
