//! What the tasks need from Debian, in one place.

use std::path::Path;

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

impl Package {
    /// The file that tells it is there.
    pub fn found(&self) -> Option<&'static Path> {
        self.brings.iter().map(Path::new).find(|file| file.exists())
    }
}

/// What building needs.
pub const BUILD: &[Package] = &[Package {
    name: "gcc",
    brings: &["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"],
    reason: "links the binary, and compiles mimalloc and blake3",
}];

/// What looking at a demo needs besides.
pub const LIVE: &[Package] = &[
    Package { name: "curl", brings: &["/usr/bin/curl"], reason: "tries the commands of the README" },
    Package { name: "chromium", brings: &["/usr/bin/chromium"], reason: "looks at the revenue page" },
    Package { name: "chromium-driver", brings: &["/usr/bin/chromedriver"], reason: "tells it where to look" },
    Package { name: "python3", brings: &["/usr/bin/python3"], reason: "says what has to be seen there" },
    Package {
        name: "npm",
        brings: &["/usr/bin/npm"],
        reason: "fetches axe-core, which says whether everybody can use it",
    },
];

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
    Package {
        name: "python3-psycopg2",
        brings: &["/usr/lib/python3/dist-packages/psycopg2/__init__.py"],
        reason: "the brief's own way, the other peer",
    },
];

/// What reading exports as others do needs besides.
pub const EXPORTS: &[Package] = &[Package {
    name: "hledger",
    brings: &["/usr/bin/hledger"],
    reason: "reads the exported journal, checks it, and says what is on each account",
}];

/// What asking libraries for Python needs besides: Stripe's official one, and DuckDB.
pub const PYTHON: &[Package] = &[
    Package { name: "python3", brings: &["/usr/bin/python3"], reason: "runs the libraries that tests ask" },
    Package {
        name: "python3-venv",
        brings: &["/usr/lib/python3.11/ensurepip/__init__.py", "/usr/lib/python3.13/ensurepip/__init__.py"],
        reason: "keeps those libraries out of the machine's way",
    },
];

/// What trying the boards needs besides.
pub const BOARDS: &[Package] = &[
    Package { name: "python3", brings: &["/usr/bin/python3"], reason: "draws the boards from their source" },
    Package {
        name: "nodejs",
        brings: &["/usr/bin/node", "/usr/local/bin/node"],
        reason: "holds the boards against Grafana's schema",
    },
    Package { name: "npm", brings: &["/usr/bin/npm", "/usr/local/bin/npm"], reason: "fetches that schema" },
];

/// What breaking things on purpose needs besides.
pub const FAULTS: &[Package] = &[
    Package {
        name: "xfsprogs",
        brings: &["/usr/sbin/xfs_io"],
        reason: "shuts file systems down without a sync, as a power cut does",
    },
    Package { name: "e2fsprogs", brings: &["/usr/sbin/mkfs.ext4"], reason: "makes the file systems that lose power" },
    Package { name: "mount", brings: &["/usr/bin/mount"], reason: "mounts them" },
    Package { name: "strace", brings: &["/usr/bin/strace"], reason: "makes writes and syncs fail" },
    Package { name: "faketime", brings: &["/usr/bin/faketime"], reason: "makes clocks jump" },
];

/// What the regression guard needs besides.
pub const GUARD: &[Package] = &[Package {
    name: "valgrind",
    brings: &["/usr/bin/valgrind"],
    reason: "its callgrind counts instructions for the regression guard",
}];
