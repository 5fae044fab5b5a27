"""What lies on the desks on the demo's first morning, and who may come in."""
from mensa.demo.plan import Step


def steps() -> list[Step]:
    return []
