//! What the data folder keeps to its owner.

use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::token;
use crate::sidecar::{Sidecar, path, ran, rialto};

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_folder_is_its_owners_alone_and_so_is_every_file_that_opens_anything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("some").join("data");
    let sidecar = Sidecar::serve(&data);
    token(&data, "board", "read", &[]);
    assert_eq!(mode(&data), 0o700);
    assert_eq!(["admin.token", "tokens.toml"].map(|file| mode(&data.join(file))), [0o600; 2]);
    sidecar.stop();
    let known = std::fs::read_to_string(data.join("tokens.known.toml")).unwrap();
    assert_eq!(mode(&data.join("tokens.known.toml")), 0o600, "{known}");
    // What somebody shared on purpose stays so, and others' reading is told of.
    set_permissions(&data, Permissions::from_mode(0o750)).unwrap();
    set_permissions(data.join("tokens.toml"), Permissions::from_mode(0o644)).unwrap();
    let sidecar = Sidecar::serve(&data);
    assert_eq!(mode(&data), 0o750);
    sidecar.stop();
    let listing = ran(rialto(&["token", "--data", path(&data), "list"]));
    assert_eq!((listing.code, listing.out.as_str()), (Some(0), "board\tread\n"), "{listing:?}");
}

#[test]
fn a_file_of_tokens_that_everybody_may_write_to_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    Sidecar::serve(folder.path()).stop();
    token(folder.path(), "board", "read", &[]);
    for file in ["tokens.toml", "admin.token"] {
        let file = folder.path().join(file);
        set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        let mut command = rialto(&["serve", "--data", path(folder.path())]);
        let refused = ran({
            command.env("RIALTO_LISTEN", "127.0.0.1:0");
            command
        });
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            refused.err.contains("everybody on this machine may write") && refused.err.contains("chmod 600"),
            "{refused:?}"
        );
        set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    }
    Sidecar::serve(folder.path()).stop();
}
