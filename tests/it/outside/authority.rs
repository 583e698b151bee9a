//! An authority that a test makes up: the certificates that it vouches for, and clients that trust nobody else.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version,
};

use crate::sidecar::{Answer, connect, read_answer};

pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let signed = params.self_signed(&key).unwrap();
        let (certificate, pem) = (signed.der().clone(), signed.pem());
        Authority { certificate, pem, issuer: Issuer::new(params, key) }
    }

    /// Its own certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate of localhost, and its key, in PEM.
    pub fn vouch(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// The same as files of a folder.
    pub fn vouch_in(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let vouched = self.vouch();
        std::fs::write(&certificate, vouched.0).unwrap();
        std::fs::write(&key, vouched.1).unwrap();
        (certificate, key)
    }

    /// What a client is answered that trusts this authority alone.
    pub fn ask(&self, address: SocketAddr, request: &str) -> Answer {
        read_answer(self.line(address, &version::TLS13), request.as_bytes(), true)
    }

    /// The same, in the older version of TLS.
    pub fn ask_in_tls_1_2(&self, address: SocketAddr, request: &str) -> Answer {
        read_answer(self.line(address, &version::TLS12), request.as_bytes(), true)
    }

    /// Whether who answers there is one whom it vouches for.
    pub fn knows(&self, address: SocketAddr) -> bool {
        let mut line = self.line(address, &version::TLS13);
        line.conn.complete_io(&mut line.sock).is_ok()
    }

    fn line(&self, address: SocketAddr, version: &'static SupportedProtocolVersion) -> Line {
        let mut trusted = RootCertStore::empty();
        trusted.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let config = config.with_root_certificates(trusted).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), connect(address))
    }
}

type Line = StreamOwned<ClientConnection, std::net::TcpStream>;
