//! Medians over several rounds: one round that was disturbed does not change them.

/// The middle of the values, or the mean of the two in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => values[middle],
        (_, middle) => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The median of the ratios `of / than` of each round, with the least and the greatest.
pub(crate) fn ratio(of: &[f64], than: &[f64]) -> String {
    let ratios: Vec<f64> = of.iter().zip(than).map(|(of, than)| of / than).collect();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    format!("{:.2} ({least:.2} to {most:.2})", median(ratios))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_odd_and_even_counts() {
        assert!((median([3.0, 1.0, 100.0]) - 3.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert_eq!(ratio(&[10.0, 20.0, 30.0], &[10.0, 10.0, 10.0]), "2.00 (1.00 to 3.00)");
    }
}
