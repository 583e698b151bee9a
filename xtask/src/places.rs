//! Where things are.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The target folder; where its name is relative, cargo takes it from where it was called.
pub fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").and_then(|folder| std::path::absolute(folder).ok());
    named.unwrap_or_else(|| root().join("target"))
}

/// Tools that only the tasks use, out of the machine's way: `target/tools/bin`.
pub fn tool(name: &str) -> PathBuf {
    target().join("tools/bin").join(name)
}

/// A folder, made where it is missing.
pub fn made(folder: PathBuf) -> Result<PathBuf, String> {
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    Ok(folder)
}
