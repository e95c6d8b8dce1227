#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what says the same as the programs: manual pages, shell completion, and the JSON Schema of agent.yaml.

Its sources are `describe` (the tables of agent.yaml and of the flow language) and the programs' own --help, so that a new
property, verb or option is documented once, in the code.

    documents.py --programs build/bin --describe build/tool/describe --version 1.2.3 --output build/doc
"""
import argparse
import json
import os
import subprocess
import time
from pathlib import Path

import completion
import manual

HERE = Path(__file__).resolve().parent


# --- the JSON Schema of agent.yaml ----------------------------------------------------------------------------------------

def schema_of(p):
    kind = p["kind"]
    if kind == "map":
        schema = schema_of_map(p["children"])
    elif kind == "list":
        schema = {"type": "array", "items": schema_of_map(p["children"])}
    elif kind == "texts":
        schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    elif kind == "choices":
        schema = {"type": "array", "items": {"enum": p["choices"]}, "uniqueItems": True}
    elif kind == "choice":
        schema = {"enum": p["choices"]}
    elif kind == "boolean":
        schema = {"type": "boolean"}
    elif kind == "whole":
        schema = {"type": "integer", "minimum": p["min"], "maximum": p["max"]}
    elif kind == "size":
        schema = {"anyOf": [{"type": "string", "pattern": "^[0-9]+ ?([KMGT]iB|[kMGT]?B)?$"},
                            {"type": "integer", "minimum": p["min"], "maximum": p["max"]}]}
    elif kind == "number":
        schema = {"type": "number", "exclusiveMinimum": p["min"], "maximum": p["max"]}
    elif kind == "duration":
        schema = {"type": "string", "pattern": "^P"}
    elif kind == "seconds":
        schema = {"anyOf": [{"type": "string", "pattern": "^P"},
                            {"type": "integer", "minimum": p["min"], "maximum": p["max"]}]}
    else:
        schema = {"type": ["string", "number", "boolean"]}
    if p.get("description"):
        schema["description"] = p["description"]
    if "default" in p:
        schema["description"] = (schema.get("description", "") + f" Default: {p['default']}.").strip()
    return schema


def schema_of_map(properties):
    required = [p["name"] for p in properties if p.get("required")]
    return {"type": "object", "additionalProperties": False, **({"required": required} if required else {}),
            "properties": {p["name"]: schema_of(p) for p in properties}}


def agent_schema(tables):
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "sqsflow-agent.yaml",
            "description": "The configuration of sqsflow-agent.", **schema_of_map(tables["config"])}


# --- all of it ---------------------------------------------------------------------------------------------------------------

def changelog_date():
    """The day of the newest entry, so that the pages are the same whenever they are made."""
    lines = (HERE / "debian" / "changelog").read_text().splitlines()
    day = next(line.split(">  ")[1] for line in lines if line.startswith(" -- "))
    return time.strftime("%Y-%m-%d", time.strptime(day, "%a, %d %b %Y %H:%M:%S %z"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("programs", "describe", "version", "output"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    out = Path(options.output)

    def run(*command):
        env = {**os.environ, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout

    def help_of(program, verb=None):
        return run(f"{options.programs}/{program}", *([verb] if verb else []), "--help")

    tables = json.loads(run(options.describe))
    for folder in ("man", "completion"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    (out / "agent.schema.json").write_text(json.dumps(agent_schema(tables), indent=2, ensure_ascii=False) + "\n")
    for source in sorted((HERE / "man").glob("*.in")):
        text = manual.page(source.read_text(), options.version, changelog_date(), tables, help_of)
        (out / "man" / source.name.removesuffix(".in")).write_text(text)
    verbs = completion.read_verbs(help_of)
    for name, write in (("sqsflow.bash", completion.bash), ("_sqsflow", completion.zsh), ("sqsflow.fish", completion.fish)):
        (out / "completion" / name).write_text(write(verbs))


if __name__ == "__main__":
    main()
