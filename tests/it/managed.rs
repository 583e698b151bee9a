//! What a service manager is told: a socket that stands in for systemd's hears it.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::sidecar::{Sidecar, path, rialto};

#[test]
fn the_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let hear = || {
        let mut bytes = [0; 256];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let data = folder.path().join("data");
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "400000");
    let sidecar = Sidecar::start(command);
    assert_eq!(hear().trim_end(), "READY=1");
    // Again and again.
    for _ in 0..3 {
        assert_eq!(hear().trim_end(), "WATCHDOG=1");
    }
    sidecar.ask_to_stop();
    let last = std::iter::repeat_with(hear).find(|heard| heard.trim_end() != "WATCHDOG=1").unwrap();
    assert_eq!(last.trim_end(), "STOPPING=1");
}
