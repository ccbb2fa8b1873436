//! Verdicts, as the judge computes them again.

/// `met`, `exceeded`, or `not-judged` when there is no budget or the measured value is no number.
pub fn verdict(measured: &str, relation: &str, budget: &str) -> &'static str {
    let (Ok(measured), Ok(budget)) = (measured.parse::<f64>(), budget.parse::<f64>()) else {
        return "not-judged";
    };
    let is_met = match relation {
        "at-least" => measured >= budget,
        "equal" => measured == budget,
        _ => measured <= budget,
    };
    if is_met { "met" } else { "exceeded" }
}

/// `met` or `exceeded` against an upper bound; see [`verdict`].
pub fn at_most(measured: &str, budget: &str) -> &'static str {
    verdict(measured, "at-most", budget)
}

#[cfg(test)]
mod tests {
    use super::super::folder::ABSENT;
    use super::*;

    #[test]
    fn a_value_is_judged_by_its_relation() {
        assert_eq!(at_most("4", "4"), "met");
        assert_eq!(at_most("4.0001", "4"), "exceeded");
        assert_eq!(verdict("95", "at-least", "95"), "met");
        assert_eq!(verdict("94.9", "at-least", "95"), "exceeded");
        assert_eq!(verdict("0", "equal", "1"), "exceeded");
        assert_eq!(at_most("4", ABSENT), "not-judged");
    }
}
