"""A course of messages between lanes, from top to bottom:

    sequence TITLE
    lane NAME KIND FIRST LINE | SECOND LINE
    part TEXT                 a heading across all lanes
    NAME -> NAME: TEXT | MORE TEXT
    NAME --> NAME: TEXT       an answer
    NAME: TEXT | MORE TEXT    something that happens in one lane

Messages are numbered, answers and what happens in a lane are not.
"""

import re

from svg import FAINT, Picture, width

GAP, TOP, MARGIN = 250, 70, 120


def draw(title, lines):
    lanes, steps = {}, []
    for line in lines:
        if line.startswith("lane "):
            _, name, kind, text = line.split(" ", 3)
            lanes[name] = (MARGIN + GAP * len(lanes), kind, text.split(" | "))
        else:
            steps.append(line)
    picture, number, y = Picture(title), 0, TOP + 30
    drawn = []
    for step in steps:
        part = re.fullmatch(r"part (.*)", step)
        message = re.fullmatch(r"(\w+) (--?>) (\w+): (.*)", step)
        inside = re.fullmatch(r"(\w+): (.*)", step)
        if part:
            y += 16
            drawn.append(("part", y, part[1]))
            y += 34
        elif message:
            texts = message[4].split(" | ")
            y += 17 * len(texts)
            asks = message[2] == "->"
            number += asks
            drawn.append(("message", y, lanes[message[1]][0], lanes[message[3]][0], texts, number if asks else None))
            y += 26
        elif inside:
            texts = inside[2].split(" | ")
            drawn.append(("inside", y - 4, lanes[inside[1]][0], texts))
            y += 18 * len(texts) + 26
        else:
            raise SystemExit(f"not understood: {step}")
    for x, kind, texts in lanes.values():
        picture.line(x, TOP, x, y, dashed=True)
        picture.box(x - 100, 16, 200, 54, kind)
        for at, text in enumerate(texts):
            size, color = (16, "#1f2933") if at == 0 else (12, FAINT)
            picture.text(x, (39 if len(texts) > 1 else 48) + 19 * at, text, size, color=color, weight="bold" if at == 0 else "normal")
    right = max(x for x, _, _ in lanes.values()) + 100
    for step in drawn:
        place(picture, right, *step)
    return picture.svg()


def place(picture, right, kind, y, *rest):
    if kind == "part":
        picture.line(20, y + 8, right, y + 8, color="#cbd2d9")
        picture.text(20, y + 2, rest[0], 15, "start", weight="bold", halo=True)
    elif kind == "message":
        start, end, texts, number = rest
        step = 14 if end > start else -14
        for at, text in enumerate(reversed(texts)):
            picture.text((start + end) / 2, y - 7 - 17 * at, text, 13, halo=True)
        picture.arrow(f"M{start + (step if number else 0):g} {y:g} L{end:g} {y:g}", dashed=number is None)
        if number:
            picture.badge(start + step / 14 * 4, y, number)
    else:
        x, texts = rest
        wide = max(width(text, 13) for text in texts) + 24
        picture.box(x - wide / 2, y, wide, 18 * len(texts) + 12, "doubt", 6)
        for at, text in enumerate(texts):
            picture.text(x, y + 20 + 18 * at, text, 13)
