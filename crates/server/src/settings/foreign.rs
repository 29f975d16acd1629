//! Variables of Kubernetes and docker that have our prefix. They set some in every container beside a service that is
//! called `clientele` or `clientele-…`.

const SERVICE: &str = "CLIENTELE";

/// Whether a variable is one of these. For a service `X` that is `X_SERVICE_HOST`, `X_SERVICE_PORT[_NAME]`, `X_PORT`
/// and `X_PORT_<n>_<TCP|UDP|SCTP>[_ADDR|_PORT|_PROTO]`
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>). Their `X_PORT` is a URL
/// such as `tcp://10.3.104.46:8080`. Any other value is a mistake of the operator, which is reported.
pub(super) fn is_foreign(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix(SERVICE) else { return false };
    let words: Vec<_> = rest.split('_').collect();
    // Names of services have no two hyphens together, and settings have two underscores between their words.
    let [first, words @ ..] = words.as_slice() else { return false };
    let is_name = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    first.is_empty() && words.iter().all(is_name) && (0..words.len()).any(|start| is_of_service(&words[start..], value))
}

/// What follows the name of the service.
fn is_of_service(words: &[&str], value: &str) -> bool {
    match words {
        ["SERVICE", "HOST"] | ["SERVICE", "PORT", ..] => true,
        ["PORT"] => ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme)),
        ["PORT", number, "TCP" | "UDP" | "SCTP", what @ ..] => {
            number.parse::<u16>().is_ok() && matches!(what, [] | ["ADDR" | "PORT" | "PROTO"])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn variables_of_kubernetes_and_docker_are_not_ours() {
        for rest in [
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_HTTP",
            "SERVICE_PORT_HTTP_METRICS",
            "PORT",
            "PORT_8080_TCP",
            "PORT_8080_TCP_ADDR",
            "PORT_8080_TCP_PORT",
            "PORT_8080_TCP_PROTO",
            "PORT_53_UDP_ADDR",
            "PORT_9_SCTP",
        ] {
            for service in ["CLIENTELE", "CLIENTELE_API", "CLIENTELE_SERVICE", "CLIENTELE_API_2"] {
                assert!(is_foreign(&format!("{service}_{rest}"), "tcp://10.3.104.46:8080"), "{service}_{rest}");
            }
        }
    }

    #[test]
    fn every_other_name_is_ours() {
        for name in [
            "CLIENTELE",
            "CLIENTELE_",
            "CLIENTELEPORT",
            "CLIENTELE_NO__SUCH_KEY",
            "CLIENTELE_HTTP__PORT",
            "CLIENTELE_HTTP__SERVICE_HOST",
            "CLIENTELE__PORT",
            "CLIENTELE_PORTS",
            "CLIENTELE_PORT_FILE",
            "CLIENTELE_PORT_X_TCP",
            "CLIENTELE_PORT_80_HTTP",
            "CLIENTELE_PORT_80_TCP_HOST",
            "CLIENTELE_PORT_80_TCP_ADDR_X",
            "CLIENTELE_PORT_99999_TCP",
            "CLIENTELE_SERVICE",
            "CLIENTELE_SERVICE_HOST_X",
            "CLIENTELE_service_host",
            "OTHER_SERVICE_HOST",
        ] {
            assert!(!is_foreign(name, "tcp://10.3.104.46:8080"), "{name}");
        }
        for name in ["CLIENTELE_PORT", "CLIENTELE_HTTP_PORT"] {
            assert!(!is_foreign(name, "8080"), "{name}: somebody would like to listen there");
        }
        for (key, _) in Settings::default().shown() {
            let name = format!("CLIENTELE_{}", key.replace('.', "__").to_uppercase());
            assert!(!is_foreign(&name, "x") && !is_foreign(&format!("{name}_FILE"), "x"), "{name}");
        }
    }
}
