"""Print the Dockerfile that docker-compose.yml holds, for the linter."""

import sys

from ruamel.yaml import YAML

with open(sys.argv[1], encoding="utf-8") as file:
    print(YAML(typ="safe").load(file)["services"]["web"]["build"]["dockerfile_inline"])
