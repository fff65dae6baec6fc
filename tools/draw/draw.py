#!/usr/bin/env python3
"""Draws the pictures of the pages: each text in docs/images becomes the SVG of its name.

    tools/draw/draw.py           draws all
    tools/draw/draw.py --check   says which are not what their text says

A text is either a course of messages between lanes, or states and the ways between them; sequence.py and states.py say how they are
written. Nothing but Python is needed.
"""

import pathlib
import sys

import sequence
import states

IMAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "images"


def draw(text):
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    kind, title = lines[0].split(" ", 1)
    return {"sequence": sequence, "states": states}[kind].draw(title, lines[1:])


def main(arguments):
    wrong = []
    for source in sorted(IMAGES.glob("*.txt")):
        target = source.with_suffix(".svg")
        svg = draw(source.read_text(encoding="utf-8"))
        if arguments != ["--check"]:
            target.write_text(svg, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != svg:
            wrong.append(target.name)
    if wrong:
        sys.exit("not what their text says: " + ", ".join(wrong) + "; run tools/draw/draw.py")


if __name__ == "__main__":
    main(sys.argv[1:])
