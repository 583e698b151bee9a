//! What code sees of the processor: crates such as blake3 and crc32fast choose by it while they run.
//!
//! Under valgrind it is one that valgrind makes up: it has AVX2 where the host has it, and nothing newer whatever
//! the host has. Where it is another one, other code runs, and the counts are no longer comparable.

/// The features that decide which code runs; one that the whole program was compiled for has a plus.
pub fn features() -> String {
    let shown = |(name, is_compiled)| if is_compiled { format!("+{name}") } else { String::from(name) };
    found().into_iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[cfg(target_arch = "x86_64")]
fn found() -> Vec<(&'static str, bool)> {
    macro_rules! look {
        ($($name:tt)*) => {
            [$(($name, is_x86_feature_detected!($name), cfg!(target_feature = $name))),*]
        };
    }
    let all = look!(
        "sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "pclmulqdq" "aes" "bmi1" "bmi2" "lzcnt" "fma"
        "avx" "avx2" "vpclmulqdq" "avx512f" "avx512vl" "avx512bw"
    );
    all.into_iter().filter(|(_, is_found, _)| *is_found).map(|(name, _, is_compiled)| (name, is_compiled)).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn found() -> Vec<(&'static str, bool)> {
    Vec::new()
}
