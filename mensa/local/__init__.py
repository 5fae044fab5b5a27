"""What a fresh machine needs: the environment, the embedded servers, the supervisor. Standard library only, no Django: it runs before .venv exists."""
