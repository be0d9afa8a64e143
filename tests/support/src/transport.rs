//! HTTP of the tests themselves.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// A client that follows no redirect, keeps no cookie and knows no certificate.
///
/// It brings its own cryptography: a default installed for the process would hide that the library lacks one.
pub fn http_client() -> reqwest::Client {
    http_client_trusting(None)
}

/// Like [`http_client`], with one trusted certificate.
pub fn http_client_trusting(certificate: Option<CertificateDer<'static>>) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    if let Some(certificate) = certificate {
        roots.add(certificate).expect("a certificate");
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("an HTTP client")
}
