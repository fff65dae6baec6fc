"""Boxes, arrows and lines of text in SVG."""

import html
import unicodedata

FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', sans-serif"
INK, FAINT, LINE = "#1f2933", "#52606d", "#7b8794"
# Fill and border of each kind of box.
KINDS = {
    "plain": ("#f5f7fa", "#9aa5b1"),
    "ours": ("#e3f8ff", "#2bb0ed"),
    "good": ("#e3f9e5", "#31b237"),
    "bad": ("#ffe3e3", "#e66a6a"),
    "doubt": ("#fffbea", "#f0b429"),
    "wait": ("#f0f4f8", "#829ab1"),
}


def width(text, size):
    """About how wide a text is: Chinese is as wide as it is high."""
    wide = sum(1 if unicodedata.east_asian_width(letter) in "WF" else 0.52 for letter in text)
    return wide * size


class Picture:
    def __init__(self, title):
        self.title, self.parts, self.left, self.right, self.bottom = title, [], 0, 0, 0

    def _grow(self, x, y):
        self.right, self.bottom = max(self.right, x), max(self.bottom, y)

    def text(self, x, y, text, size=14, anchor="middle", color=INK, weight="normal", halo=False):
        left = x - width(text, size) * {"start": 0, "middle": 0.5, "end": 1}[anchor]
        if halo:
            wide = width(text, size) + 8
            self.parts.append(f'<rect x="{left - 4:g}" y="{y - size:g}" width="{wide:g}" height="{size + 5:g}" fill="#ffffff"/>')
        self.left = min(self.left, left)
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{color}" '
            f'font-weight="{weight}">{html.escape(text)}</text>'
        )
        self._grow(x + width(text, size) * {"start": 1, "middle": 0.5, "end": 0}[anchor], y)

    def box(self, x, y, w, h, kind, radius=8):
        fill, border = KINDS[kind]
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{radius}" fill="{fill}" '
            f'stroke="{border}" stroke-width="1.5"/>'
        )
        self._grow(x + w, y + h)

    def line(self, x1, y1, x2, y2, dashed=False, color=LINE):
        dash = ' stroke-dasharray="4 5"' if dashed else ""
        self.parts.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{color}" stroke-width="1.2"{dash}/>'
        )
        self._grow(max(x1, x2), max(y1, y2))

    def arrow(self, path, dashed=False):
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self.parts.append(
            f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.6"{dash} marker-end="url(#head)"/>'
        )

    def badge(self, x, y, number):
        self.parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="10" fill="{INK}"/>')
        self.parts.append(
            f'<text x="{x:g}" y="{y + 4:g}" font-size="12" text-anchor="middle" fill="#ffffff" '
            f'font-weight="bold">{number}</text>'
        )

    def svg(self):
        left = round(self.left - 16) if self.left < 0 else 0
        w, h = round(self.right + 16) - left, round(self.bottom + 16)
        head = (
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="{INK}"/></marker></defs>'
        )
        parts = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} 0 {w} {h}" width="{w}" height="{h}" role="img" '
            f'font-family="{FONT}">\n<title>{html.escape(self.title)}</title>\n{head}\n'
            f'<rect x="{left}" width="{w}" height="{h}" fill="#ffffff"/>\n{parts}\n</svg>\n'
        )
