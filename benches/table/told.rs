//! What the peers' tools tell: `pgbench` its rate, `psql` its answers with their times, and the brief's
//! script what it held up.

use std::error::Error;

use serde::Deserialize;

/// How many transactions a second `pgbench` tells.
pub fn rate(told: &str) -> Result<f64, Box<dyn Error>> {
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench told no rate: {told}").into())
}

/// How many milliseconds each query took that `psql` was given, with its timing on. One that found
/// nothing is an error: it would be a quick one for the wrong reason.
pub fn times_ms(told: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let (mut times, mut is_answered) = (Vec::new(), false);
    for line in told.lines() {
        let Some(time) = line.strip_prefix("Time: ") else {
            is_answered |= !line.is_empty();
            continue;
        };
        if !std::mem::take(&mut is_answered) {
            return Err(format!("query {} found nothing", times.len() + 1).into());
        }
        let ms = time.split(' ').next().and_then(|text| text.parse().ok());
        times.push(ms.ok_or_else(|| format!("psql told no time: {line}"))?);
    }
    Ok(times)
}

/// What the brief's script tells.
#[derive(Deserialize)]
pub struct Script {
    /// How long it ran.
    pub took_s: f64,
    /// How long each activity was held up.
    pub held_up_us: Vec<f64>,
}

/// Reads it; a script that did nothing is an error.
pub fn script(told: &str) -> Result<Script, Box<dyn Error>> {
    let script: Script = serde_json::from_str(told)?;
    if script.held_up_us.is_empty() {
        return Err("the brief's script processed no activity".into());
    }
    Ok(script)
}
