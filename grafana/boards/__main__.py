"""Writes the boards into a folder: `python3 grafana/boards FOLDER`."""

import json
import pathlib
import sys

import billing
import revenue
import sidecar
import venice

BOARDS = {"revenue": revenue, "billing": billing, "venice": venice, "sidecar": sidecar}


def main(folder):
    for name, module in BOARDS.items():
        text = json.dumps(module.BOARD, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
