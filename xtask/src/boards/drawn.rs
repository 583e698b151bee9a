//! The boards as their source in `grafana/boards` draws them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::board::NAMES;
use crate::{Done, places};

/// Draws the committed boards anew.
pub fn write() -> Done {
    draw(&places::made(places::root().join("grafana/dashboards"))?)
}

/// Holds the committed boards against their source.
pub fn check() -> Done {
    let folder = places::made(places::target().join("boards/drawn"))?;
    draw(&folder)?;
    for name in NAMES.map(|name| format!("{name}.json")) {
        let committed = fs::read(places::root().join("grafana/dashboards").join(&name)).unwrap_or_default();
        let drawn = fs::read(folder.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        if committed != drawn {
            return Err(format!(
                "grafana/dashboards/{name} is not what grafana/boards makes; `cargo xtask boards --write` writes it anew"
            ));
        }
    }
    Ok(())
}

fn draw(folder: &Path) -> Done {
    let source = places::root().join("grafana/boards");
    let mut python = Command::new("python3");
    python.arg("-B").arg(source).arg(folder).stdin(Stdio::null());
    match python.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("grafana/boards could not be drawn: {status}")),
        Err(error) => Err(format!("python3 did not start: {error}")),
    }
}
