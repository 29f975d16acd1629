//! TLS by the rules of `sqlx`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Whose certificates are taken.
pub(super) enum Trust {
    /// Anybody's: only who listens is kept out.
    Anybody,
    /// Those of the server's name, from an authority that everybody trusts or that the URL names.
    Authorities(Option<Authority>),
}

/// An authority of one's own.
pub(super) enum Authority {
    File(PathBuf),
    Pem(String),
}

impl Trust {
    pub(super) async fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
        Ok(Arc::new(match self {
            Self::Anybody => {
                let verifier = Arc::new(AnyCertificate(provider));
                builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
            }
            Self::Authorities(own) => builder.with_root_certificates(roots(own.as_ref()).await?).with_no_client_auth(),
        }))
    }
}

async fn roots(own: Option<&Authority>) -> io::Result<RootCertStore> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let pem = match own {
        None => return Ok(roots),
        Some(Authority::Pem(text)) => text.clone().into_bytes(),
        Some(Authority::File(path)) => {
            let path = path.clone();
            tokio::task::spawn_blocking(|| std::fs::read(path)).await??
        }
    };
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    Ok(roots)
}

/// Asks only that the server has the key of the certificate that it shows, as `sslmode=require` means.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
