//! Computes the discount from terms and amounts, in whole fen and without floating point.

use super::terms::{Benefit, Terms};
use serde::Serialize;

/// How a percentage is rounded to whole fen. WeChat Pay's documentation does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Down: never more off than the rule says.
    #[default]
    Down,
    /// To the nearest fen. Half a fen is rounded up.
    HalfUp,
    /// Up: never less off than the rule says.
    Up,
}

/// Which amount must reach the threshold of a coupon for some products. For other coupons it is the basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThresholdOn {
    /// Those products. This is the cautious reading.
    Product,
    /// The whole basket.
    Basket,
}

/// What is taken off, and how it was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// In fen. Never more than the amount that it is taken off.
    pub fen: u64,
    /// English.
    pub calculation: String,
}

/// What these terms take off an amount.
pub fn discount(terms: &Terms, amount: u64, rounding: Rounding) -> Discount {
    match terms.benefit {
        Benefit::Normal { discount_amount } => {
            let capped = if discount_amount > amount { ", but there are no more" } else { "" };
            Discount {
                fen: discount_amount.min(amount),
                calculation: format!("{discount_amount} fen off {amount} fen{capped}"),
            }
        }
        Benefit::Discount { percent_off } => percentage(percent_off, amount, rounding),
        Benefit::Exchange { exchange_price } => Discount {
            fen: amount.saturating_sub(exchange_price),
            calculation: format!("{exchange_price} fen in place of {amount} fen"),
        },
    }
}

fn percentage(percent_off: u64, amount: u64, rounding: Rounding) -> Discount {
    // In hundredths of a fen. Both factors have 64 bits, so every product fits into 128 bits.
    let exact = u128::from(amount) * u128::from(percent_off);
    let (whole, rest) = (exact / 100, exact % 100);
    let (rounded, how) = match rounding {
        _ if rest == 0 => (whole, "exactly"),
        Rounding::Down => (whole, "rounded down"),
        Rounding::HalfUp => (if rest >= 50 { whole + 1 } else { whole }, "rounded half up"),
        Rounding::Up => (whole + 1, "rounded up"),
    };
    Discount {
        // Less than a hundred percent of the amount, even if rounded up, so it always fits.
        fen: u64::try_from(rounded).unwrap_or(amount).min(amount),
        calculation: format!("{percent_off} % of {amount} fen is {whole}.{rest:02} fen, {how} {rounded} fen"),
    }
}

/// Fen as a cashier reads them: `25.60`.
pub fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(percent_off: u64, amount: u64) -> [u64; 3] {
        [Rounding::Down, Rounding::HalfUp, Rounding::Up]
            .map(|rounding| percentage(percent_off, amount, rounding).fen)
    }

    #[test]
    fn percentages_are_rounded_as_asked() {
        assert_eq!(percent(20, 12_800), [2560, 2560, 2560]);
        assert_eq!(percent(15, 333), [49, 50, 50]);
        assert_eq!(percent(15, 330), [49, 50, 50]);
        assert_eq!(percent(1, 49), [0, 0, 1]);
        assert_eq!(percent(1, 50), [0, 1, 1]);
        assert_eq!(percent(99, 1), [0, 1, 1]);
        assert_eq!(percent(33, 0), [0, 0, 0]);
        let most = u64::MAX;
        assert_eq!(percent(99, most)[0], most / 100 * 99 + (most % 100) * 99 / 100);
        assert!(
            percentage(15, 333, Rounding::Down).calculation.contains("is 49.95 fen, rounded down 49 fen")
        );
    }

    #[test]
    fn yuan_have_two_decimals() {
        assert_eq!([0, 5, 50, 12_345].map(yuan), ["0.00", "0.05", "0.50", "123.45"]);
    }
}
