//! What the tasks need from Debian, in one place.

/// A Debian package, and how to tell that it is there.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// A file that it brings; any one of them will do.
    pub brings: &'static [&'static str],
    /// What for.
    pub reason: &'static str,
}

/// What building needs.
pub const BUILD: &[Package] = &[Package {
    name: "gcc",
    brings: &["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"],
    reason: "links the binary, and compiles mimalloc and blake3",
}];

/// What the bench table needs besides.
pub const BENCH: &[Package] = &[
    Package {
        name: "postgresql-15",
        brings: &["/usr/lib/postgresql/15/bin/postgres"],
        reason: "the peer of the bench table",
    },
    Package {
        name: "postgresql-client-15",
        brings: &["/usr/lib/postgresql/15/bin/pgbench"],
        reason: "drives the peer",
    },
];
