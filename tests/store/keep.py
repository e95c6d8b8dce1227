#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""keep.py STORE: keeps a store as SQL text beside this file, as vN.sql, N being its schema version. One that is kept
already is never replaced: it stands for the stores that are out there."""
import sqlite3
import sys
from pathlib import Path


def main():
    store = sqlite3.connect(sys.argv[1])
    pragmas = {name: store.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")}
    path = Path(__file__).with_name(f"v{pragmas['user_version']}.sql")
    with open(path, "x", encoding="utf-8") as file:
        file.writelines(f"PRAGMA {name} = {value};\n" for name, value in pragmas.items())
        file.writelines(f"{line}\n" for line in store.iterdump())
    print(path)


if __name__ == "__main__":
    main()
