//! A sidecar with a folder of its own, and its operator, who runs the program's commands.

use serde_json::Value;

use super::sidecar::{JSON, Ran, Sidecar, path, ran, rialto};

/// A sidecar with a folder of its own, and its operator.
pub struct House {
    pub folder: tempfile::TempDir,
    pub sidecar: Sidecar,
}

impl House {
    pub fn open() -> House {
        House::with(&[])
    }

    /// One with these in its environment.
    pub fn with(environment: &[(&str, &str)]) -> House {
        House::at(tempfile::tempdir().unwrap(), environment)
    }

    /// The same house, after its sidecar was stopped and started again.
    pub fn restarted(self) -> House {
        self.restarted_with(&[])
    }

    /// The same, with these in its environment.
    pub fn restarted_with(self, environment: &[(&str, &str)]) -> House {
        let House { folder, sidecar } = self;
        sidecar.stop();
        House::at(folder, environment)
    }

    pub fn at(folder: tempfile::TempDir, environment: &[(&str, &str)]) -> House {
        let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(folder.path())]);
        command.envs(environment.iter().copied());
        House { sidecar: Sidecar::start(command), folder }
    }

    /// Runs a command as the operator does.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let token = std::fs::read_to_string(self.folder.path().join("admin.token")).unwrap();
        let mut command = rialto(arguments);
        command.env("RIALTO_URL", self.sidecar.url()).env("RIALTO_TOKEN", token.trim());
        ran(command)
    }

    /// Runs a command that is to succeed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Hands an event in, and returns its result.
    pub fn take(&self, event: &Value) -> Value {
        let (status, answer) = self.sidecar.post("/v1/activities", JSON, &event.to_string());
        assert_eq!(status, 200, "{answer}");
        answer["results"][0].clone()
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, answer) = self.sidecar.get(path);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}
