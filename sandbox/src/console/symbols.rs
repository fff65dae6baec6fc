//! QR codes and Code 128 as SVG.

use std::fmt::Write as _;

use barcoders::sym::code128::Code128;
use qrcode::{Color, QrCode};

/// Light modules around a QR code, as its standard has it.
const QR_MARGIN: usize = 4;
/// Light modules before and after a Code 128.
const BAR_MARGIN: usize = 10;
/// Height of the bars, in modules.
const BAR_HEIGHT: usize = 50;

/// A QR code; `None` when the text is too long for one.
pub(crate) fn qr(text: &str) -> Option<String> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let width = code.width();
    let colors = code.into_colors();
    let mut path = String::new();
    for (row, line) in colors.chunks(width).enumerate() {
        add_row(&mut path, line.iter().map(|color| *color == Color::Dark), QR_MARGIN, row + QR_MARGIN, 1);
    }
    let side = width + 2 * QR_MARGIN;
    Some(svg(side, side, 6, &path))
}

/// A Code 128; `None` where a letter is not in its sets.
pub(crate) fn code128(text: &str) -> Option<String> {
    // Set C has two digits a symbol, set B the visible letters of ASCII.
    let only_digits =
        text.len() >= 4 && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_digit());
    let visible = !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let start = if only_digits { 'Ć' } else { 'Ɓ' };
    let modules = visible.then(|| Code128::new(format!("{start}{text}")).ok())??.encode();
    let mut path = String::new();
    add_row(&mut path, modules.iter().map(|module| *module == 1), BAR_MARGIN, 0, BAR_HEIGHT);
    Some(svg(modules.len() + 2 * BAR_MARGIN, BAR_HEIGHT, 2, &path))
}

/// Adds a rectangle for each run of dark modules.
fn add_row(path: &mut String, dark: impl Iterator<Item = bool>, left: usize, top: usize, height: usize) {
    let mut run = 0;
    for (at, is_dark) in dark.chain([false]).enumerate() {
        if is_dark {
            run += 1;
        } else if run > 0 {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {top}h{run}v{height}h-{run}z", left + at - run);
            run = 0;
        }
    }
}

fn svg(width: usize, height: usize, scale: usize, path: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{width}v{height}H0z\"/>\
         <path d=\"{path}\"/></svg>\n",
        width * scale,
        height * scale
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_none() {
        assert!(code128("券码").is_none() && code128("").is_none());
        assert!(qr(&"x".repeat(5000)).is_none());
        assert!(code128("SBX_EFFECTIVE_1").is_some() && qr("券码").is_some());
    }

    #[test]
    fn digits_are_drawn_two_a_symbol() {
        let width = |text: &str| {
            let svg = code128(text).unwrap();
            let (_, rest) = svg.split_once("viewBox=\"0 0 ").unwrap();
            rest.split_once(' ').unwrap().0.parse::<usize>().unwrap()
        };
        // Start, symbols, check symbol of 11 modules each; stop of 13.
        assert_eq!(width("101234567890123456"), (1 + 9 + 1) * 11 + 13 + 20);
        assert_eq!(width("ABC"), (1 + 3 + 1) * 11 + 13 + 20);
    }
}
