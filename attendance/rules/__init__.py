"""What the regulation says, without Django, clock or database."""
