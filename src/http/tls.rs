//! TLS: the certificate that an address answers with, and its key, from two files.
//!
//! They are read whole before anybody is answered with them, and again when somebody says so: what is wrong then changes
//! nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};
use tokio_rustls::{Accept, TlsAcceptor};

/// See the module.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: ArcSwap<ServerConfig>,
}

/// What is wrong with the files.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A part of one is broken.
    #[error("{path} is no PEM file that can be read to its end")]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: pem::Error,
    },
    /// There is no certificate.
    #[error(
        "{path} holds no certificate: it is a PEM file with the certificate, which begins with -----BEGIN CERTIFICATE-----, and after it those that vouch for it"
    )]
    NoCertificate {
        /// Where not.
        path: PathBuf,
    },
    /// There is no key.
    #[error(
        "{path} holds no private key: it is a PEM file with one that has no password, which begins with -----BEGIN PRIVATE KEY-----"
    )]
    NoKey {
        /// Where not.
        path: PathBuf,
    },
    /// One holds what TLS cannot use.
    #[error("{path} holds what TLS cannot use; keys are RSA, ECDSA or Ed25519")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: rustls::Error,
    },
    /// The key is another's.
    #[error("the key in {key} is not that of the first certificate in {certificate}")]
    AnothersKey {
        /// The one.
        certificate: PathBuf,
        /// The other.
        key: PathBuf,
    },
    /// Nothing can be spoken with it.
    #[error("TLS cannot be spoken")]
    Speechless(#[source] rustls::Error),
}

impl Tls {
    /// What two files in PEM hold: a certificate with those that vouch for it, and its private key.
    pub fn read(certificate: PathBuf, key: PathBuf) -> Result<Tls, TlsError> {
        let config = ArcSwap::from_pointee(config(&certificate, &key)?);
        Ok(Tls { certificate, key, config })
    }

    /// Reads both again: whoever comes from now on is answered with what they hold now.
    pub fn read_again(&self) -> Result<(), TlsError> {
        self.config.store(config(&self.certificate, &self.key)?.into());
        Ok(())
    }

    /// The file with the certificate.
    pub fn path(&self) -> &Path {
        &self.certificate
    }

    /// Shakes hands with who comes.
    pub(super) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        TlsAcceptor::from(self.config.load_full()).accept(stream)
    }
}

fn config(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let chain = chain(certificate)?;
    let private = private(key)?;
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |cause| TlsError::Unusable { path, cause }
    };
    let signing = provider.key_provider.load_private_key(private).map_err(unusable(key))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            return Err(TlsError::AnothersKey { certificate: certificate.to_owned(), key: key.to_owned() });
        }
        Err(cause) => return Err(unusable(certificate)(cause)),
    }
    // TLS 1.2 and 1.3.
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let resolver = Arc::new(SingleCertAndKey::from(certified));
    let mut config = versions.map_err(TlsError::Speechless)?.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = bytes(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|cause| TlsError::Pem { path: path.to_owned(), cause })?;
    if chain.is_empty() { Err(TlsError::NoCertificate { path: path.to_owned() }) } else { Ok(chain) }
}

fn private(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&bytes(path)?).map_err(|cause| match cause {
        pem::Error::NoItemsFound => TlsError::NoKey { path: path.to_owned() },
        cause => TlsError::Pem { path: path.to_owned(), cause },
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|cause| TlsError::File { path: path.to_owned(), cause })
}
