"""States on a grid, and the ways between them:

    states TITLE
    state NAME COLUMN ROW KIND FIRST LINE | SECOND LINE
    NAME SIDE -> NAME SIDE [BY X]: TEXT | MORE TEXT

SIDE is left, right, top or bottom. BY says how far a way that starts and ends on the same side swings out.
"""

import re

from svg import FAINT, Picture

WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 210, 66, 370, 140, 24
NORMAL = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


def draw(title, lines):
    picture, places = Picture(title), {}
    arrows = []
    for line in lines:
        if line.startswith("state "):
            _, name, column, row, kind, text = line.split(" ", 5)
            x, y = MARGIN + float(column) * ACROSS, MARGIN + float(row) * DOWN
            places[name] = (x, y)
            picture.box(x, y, WIDTH, HEIGHT, kind)
            texts = text.split(" | ")
            for at, said in enumerate(texts):
                size, color, weight = (16, "#1f2933", "bold") if at == 0 else (13, FAINT, "normal")
                picture.text(x + WIDTH / 2, y + (39 if len(texts) == 1 else 29) + 21 * at, said, size, color=color, weight=weight)
        else:
            arrows.append(line)
    for line in arrows:
        way = re.fullmatch(r"(\w+) (\w+)(?:@(\S+))? -> (\w+) (\w+)(?:@(\S+))?(?: by (\S+))?: ?(.*)", line)
        if not way:
            raise SystemExit(f"not understood: {line}")
        start, leave, along, end, arrive, whither, by, text = way.groups()
        connect(picture, point(places[start], leave, along), leave, point(places[end], arrive, whither), arrive, by, text)
    return picture.svg()


def point(place, side, along):
    """The middle of a side, or a share of the way along it."""
    x, y = place
    share = float(along or 0.5)
    return {
        "left": (x, y + HEIGHT * share),
        "right": (x + WIDTH, y + HEIGHT * share),
        "top": (x + WIDTH * share, y),
        "bottom": (x + WIDTH * share, y + HEIGHT),
    }[side]


def connect(picture, start, leave, end, arrive, by, text):
    reach = float(by) if by else max(abs(end[0] - start[0]), abs(end[1] - start[1])) * 0.4
    near = tuple(at + reach * way for at, way in zip(start, NORMAL[leave]))
    far = tuple(at + reach * way for at, way in zip(end, NORMAL[arrive]))
    picture.arrow("M{:g} {:g} C{:g} {:g} {:g} {:g} {:g} {:g}".format(*start, *near, *far, *end))
    middle = [(a + 3 * b + 3 * c + d) / 8 for a, b, c, d in zip(start, near, far, end)]
    picture.left = min(picture.left, (start[0] + 3 * near[0] + 3 * far[0] + end[0]) / 8)
    picture.right = max(picture.right, middle[0])
    picture.bottom = max(picture.bottom, near[1] - 20, far[1] - 20)
    texts = text.split(" | ") if text else []
    for at, said in enumerate(texts):
        picture.text(middle[0], middle[1] + 4 + 17 * (at - (len(texts) - 1) / 2), said, 13, halo=True)
