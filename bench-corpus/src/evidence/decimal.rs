//! Numbers as cells: at most four decimals, rounded half away from zero, no trailing zeros. The judge rounds the same way.

/// `numerator / denominator` as a cell. Exact up to the rounding.
///
/// # Panics
/// When `denominator` is not positive.
pub fn ratio(numerator: i64, denominator: i64) -> String {
    assert!(denominator > 0, "a ratio over {denominator}");
    let scaled = (i128::from(numerator.unsigned_abs()) * 20_000 + i128::from(denominator))
        / (2 * i128::from(denominator));
    spell(numerator < 0, scaled as u128)
}

/// A measured number as a cell.
pub fn of(value: f64) -> String {
    spell(value < 0.0, (value.abs() * 10_000.0).round() as u128)
}

fn spell(is_negative: bool, ten_thousandths: u128) -> String {
    let (whole, part) = (ten_thousandths / 10_000, ten_thousandths % 10_000);
    let sign = if is_negative && ten_thousandths > 0 { "-" } else { "" };
    if part == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{part:04}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_rounded_half_away_from_zero() {
        assert_eq!(ratio(4, 1), "4");
        assert_eq!(ratio(85, 2), "42.5");
        assert_eq!(ratio(1, 3), "0.3333");
        assert_eq!(ratio(2, 3), "0.6667");
        assert_eq!(ratio(1, 20_000), "0.0001");
        assert_eq!(ratio(-1, 8), "-0.125");
        assert_eq!(ratio(0, 7), "0");
    }

    #[test]
    fn measured_numbers_lose_what_no_one_reads() {
        assert_eq!(of(1.02), "1.02");
        assert_eq!(of(12_000.0), "12000");
        assert_eq!(of(0.00004), "0");
    }
}
