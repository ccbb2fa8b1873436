//! Numbers for people. What is compared stays as it was read; only what is shown is grouped or scaled.

/// `raw` of `unit`: bytes by powers of two, whole numbers in groups of three digits, the unit behind.
pub fn shown(raw: &str, unit: &str) -> String {
    let number = match (unit, raw.parse::<u64>()) {
        ("bytes", Ok(bytes)) => return bytes_shown(bytes),
        (_, Ok(whole)) => grouped(whole),
        ("percent", Err(_)) => rounded(raw),
        _ => raw.to_owned(),
    };
    match unit {
        "" | "ratio" => number,
        "percent" => format!("{number}\u{a0}%"),
        unit => format!("{number}\u{a0}{}", if raw == "1" { singular(unit) } else { unit }),
    }
}

/// The unit of one thing.
fn singular(unit: &str) -> &str {
    match unit {
        "branches" => "branch",
        "batches" => "batch",
        unit => unit.strip_suffix('s').unwrap_or(unit),
    }
}

/// Bytes in the largest binary unit that leaves at least one before the point; exact numbers without a point.
fn bytes_shown(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((name, shift)) = units.into_iter().find(|(_, shift)| bytes >> shift > 0) else {
        return format!("{bytes}\u{a0}{}", if bytes == 1 { "byte" } else { "bytes" });
    };
    let value = bytes as f64 / (1_u64 << shift) as f64;
    if bytes.trailing_zeros() >= shift {
        format!("{}\u{a0}{name}", grouped(bytes >> shift))
    } else {
        format!("{value:.1}\u{a0}{name}")
    }
}

/// A number with one digit after the point, or none if that is a zero; text that is no number as it is.
fn rounded(raw: &str) -> String {
    let Ok(number) = raw.parse::<f64>() else { return raw.to_owned() };
    let text = format!("{number:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_scaled_and_exact_ones_have_no_point() {
        let cases = [
            ("0", "0\u{a0}bytes"),
            ("1", "1\u{a0}byte"),
            ("1023", "1023\u{a0}bytes"),
            ("65536", "64\u{a0}KiB"),
            ("1536", "1.5\u{a0}KiB"),
            ("109977504", "104.9\u{a0}MiB"),
            ("11219398656", "10.4\u{a0}GiB"),
        ];
        for (raw, expected) in cases {
            assert_eq!(shown(raw, "bytes"), expected);
        }
    }

    #[test]
    fn other_numbers_keep_every_digit_and_whole_ones_are_grouped() {
        assert_eq!(shown("1234567", "faults"), "1,234,567\u{a0}faults");
        assert_eq!(shown("37.625", "instructions"), "37.625\u{a0}instructions");
        assert_eq!(shown("1", "branches"), "1\u{a0}branch");
        assert_eq!(shown("0.2638", "ratio"), "0.2638");
        assert_eq!(shown("97", "percent"), "97\u{a0}%");
        assert_eq!(shown("19.9951", "percent"), "20\u{a0}%");
        assert_eq!(shown("12.25", "percent"), "12.2\u{a0}%");
        assert_eq!(shown("999", ""), "999");
    }
}
