//! Small statistics: quantiles of samples, and the spread of a few runs.

use std::time::Duration;

/// The quantile `q` of sorted samples, by nearest rank.
pub fn quantile<T: Copy + Default>(sorted: &[T], q: f64) -> T {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

/// The median and the 99th percentile of samples, in microseconds.
pub fn p50_p99_us(samples: &mut [Duration]) -> (f64, f64) {
    samples.sort_unstable();
    (micros(quantile(samples, 0.50)), micros(quantile(samples, 0.99)))
}

/// In microseconds.
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The least, the median and the greatest of a few runs.
pub fn spread(runs: &[f64]) -> Option<[f64; 3]> {
    let mut runs = runs.to_vec();
    runs.sort_unstable_by(f64::total_cmp);
    let median = *runs.get(runs.len().saturating_sub(1) / 2)?;
    Some([*runs.first()?, median, *runs.last()?])
}
