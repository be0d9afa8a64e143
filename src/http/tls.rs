//! TLS of every connection that the library makes: who is trusted, and what went wrong, in words.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::error::{Error, Result, Status};
use crate::log;

/// The certificate authorities of the system, and those of `ca_file` beside them.
pub(crate) struct Authorities {
    of_file: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads no file but this one.
    ///
    /// # Errors
    /// `CONFIG` if the file cannot be read or holds no certificate.
    pub(crate) fn with_file(ca_file: Option<&str>) -> Result<Authorities> {
        Ok(Authorities {
            of_file: match ca_file {
                Some(path) => read_file(path)?,
                None => Vec::new(),
            },
        })
    }

    /// All of them; reads those of the system.
    pub(crate) async fn roots(&self) -> Result<RootCertStore> {
        let native = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs)
            .await
            .map_err(|_| Error::new(Status::Cancelled, "the call was cancelled"))?;
        for error in &native.errors {
            log::warn("http", &format!("certificate authorities: {error}"));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(native.certs);
        roots.add_parsable_certificates(self.of_file.iter().cloned());
        if roots.is_empty() {
            return Err(Error::new(
                Status::Tls,
                "this machine has no certificate authorities; install the package \
                 ca-certificates, or name a PEM file in the setting ca_file",
            )
            .with_field("ca_file"));
        }
        Ok(roots)
    }
}

/// TLS without a certificate of our own.
pub(crate) fn client_config(roots: RootCertStore) -> Result<ClientConfig> {
    // Given explicitly: a process-wide default would be met by the host's own Rust code.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::new(Status::Internal, "TLS could not be set up"))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Why the handshake failed, and how to mend it.
pub(crate) fn reason(error: &rustls::Error, peer: &impl fmt::Display) -> String {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(CertificateError::UnknownIssuer) => format!(
            "the certificate of {peer} comes from an unknown authority; install the package \
             ca-certificates, or name the authority's PEM file in the setting ca_file"
        ),
        Tls::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => format!("the certificate of {peer} is expired, or this machine's clock is wrong"),
        Tls::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => {
            format!("the certificate of {peer} is not valid yet, or this machine's clock is wrong")
        }
        Tls::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("the certificate of {peer} is for another name"),
        Tls::InvalidMessage(_) => format!("{peer} does not speak TLS on this port"),
        other => format!("the TLS handshake with {peer} failed: {other}"),
    }
}

fn read_file(path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |message: String| {
        Error::new(Status::Config, format!("ca_file: {message}")).with_field("ca_file")
    };
    let pem =
        std::fs::read(path).map_err(|e| wrong(format!("{path} cannot be read: {}", e.kind())))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| wrong(format!("{path} is not a PEM file")))?;
    if RootCertStore::empty()
        .add_parsable_certificates(certificates.iter().cloned())
        .0
        == 0
    {
        return Err(wrong(format!("{path} holds no certificate in PEM form")));
    }
    Ok(certificates)
}
