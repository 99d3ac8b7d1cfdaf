//! Verifying a request that was received, as a careful receiver does.

use std::{sync::LazyLock, time::Duration};

use clap::{ValueEnum, builder::PossibleValue};
use http::HeaderMap;
use posthaste_domain::{SecretError, SigningSecret, Timestamp};
use posthaste_profile::{
    VerifyError,
    scheme::{Algorithm, HeaderSpec, Scheme, SchemeSpec, Signed},
};

use super::Received;

/// By what a request should be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedScheme {
    /// By Standard Webhooks, with either kind of key, under `webhook-*` or `svix-*` names.
    Standard,
    /// By this scheme and no other.
    Builtin(&'static SchemeSpec),
}

static EXPECTED: LazyLock<Vec<ExpectedScheme>> = LazyLock::new(|| {
    let builtins = SchemeSpec::builtins().iter().map(ExpectedScheme::Builtin);
    std::iter::once(ExpectedScheme::Standard).chain(builtins).collect()
});

/// A secret, and the schemes that it may have signed by: never none.
pub(crate) struct Verifier {
    schemes: Vec<Scheme>,
    secret: SigningSecret,
    tolerance: Duration,
}

/// Why nothing could be verified with a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnfitSecret {
    #[error(transparent)]
    Malformed(#[from] SecretError),
    #[error("the secret makes no key for {0}")]
    NoKey(&'static str),
}

impl ExpectedScheme {
    fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Builtin(spec) => &spec.name,
        }
    }

    /// A secret is what its owner chose, except where there is a form to be held to.
    fn secret(self, text: &str) -> Result<SigningSecret, SecretError> {
        match self {
            Self::Builtin(spec) if spec.algorithm != Algorithm::Ed25519 => {
                SigningSecret::opaque(text)
            }
            Self::Standard | Self::Builtin(_) => SigningSecret::parse(text),
        }
    }

    fn schemes(self) -> Vec<Scheme> {
        let specs = match self {
            Self::Builtin(spec) => vec![spec.clone()],
            Self::Standard => ["standard-v1", "standard-v1a"]
                .into_iter()
                .filter_map(SchemeSpec::builtin)
                .flat_map(|spec| [under_svix_names(spec.clone()), spec])
                .collect(),
        };
        // They all compile, or none would be known by a name.
        specs.iter().filter_map(|spec| spec.compile().ok()).collect()
    }
}

fn under_svix_names(mut spec: SchemeSpec) -> SchemeSpec {
    if let HeaderSpec::Templates(headers) = &mut spec.header {
        for (name, _) in headers {
            *name = name.replace("webhook-", "svix-");
        }
    }
    spec
}

impl ValueEnum for ExpectedScheme {
    fn value_variants<'a>() -> &'a [Self] {
        &EXPECTED
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl Verifier {
    /// Verifies with a secret as its owner writes it, and timestamps no further than `tolerance`
    /// from the moment of receipt.
    ///
    /// # Errors
    /// [`UnfitSecret`] where no request at all could be valid.
    pub(crate) fn new(
        expected: ExpectedScheme,
        secret: &str,
        tolerance: Duration,
    ) -> Result<Self, UnfitSecret> {
        let secret = expected.secret(secret)?;
        let mut schemes = expected.schemes();
        schemes.retain(|scheme| makes_a_key(scheme, &secret));
        if schemes.is_empty() {
            return Err(UnfitSecret::NoKey(expected.name()));
        }
        Ok(Self { schemes, secret, tolerance })
    }

    /// # Errors
    /// [`VerifyError`] says why the request is not to be believed.
    pub(crate) fn verify(&self, received: &Received) -> Result<(), VerifyError> {
        let Received { at, headers, body, .. } = received;
        let mut failure = VerifyError::Missing;
        for scheme in &self.schemes {
            match scheme.verify(&self.secret, headers, body, *at, self.tolerance) {
                Ok(()) => return Ok(()),
                // It may carry another scheme's headers.
                Err(VerifyError::Missing) => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

fn makes_a_key(scheme: &Scheme, secret: &SigningSecret) -> bool {
    let anything = Signed { id: "", at: Timestamp::from_micros(0), event_type: "", body: b"" };
    scheme
        .sign(std::iter::once(secret), &anything, &mut HeaderMap::new())
        .is_ok_and(|made| made > 0)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method};
    use posthaste_profile::TOLERANCE;

    use super::*;

    // The vectors of the Standard Webhooks libraries and of the Svix server.
    const SECONDS: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const WHSK: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const V1A: &str = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    fn received(headers: &[(&str, &str)]) -> Received {
        let header = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        Received {
            at: Timestamp::from_micros(SECONDS * 1_000_000),
            method: Method::POST,
            target: "/".to_owned(),
            headers: headers.iter().map(header).collect(),
            body: Bytes::from_static(BODY),
        }
    }

    fn standard(names: &str, signature: &str) -> Received {
        received(&[
            (&format!("{names}-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            (&format!("{names}-timestamp"), "1614265330"),
            (&format!("{names}-signature"), signature),
        ])
    }

    fn verifier(name: &str, secret: &str) -> Result<Verifier, UnfitSecret> {
        Verifier::new(ExpectedScheme::from_str(name, false).unwrap(), secret, TOLERANCE)
    }

    #[test]
    fn standard_is_either_kind_of_key_under_either_names() {
        for names in ["webhook", "svix"] {
            for (secret, signature, other) in [(WHSEC, V1, V1A), (WHSK, V1A, V1)] {
                let verifier = verifier("standard", secret).unwrap();
                assert_eq!(verifier.verify(&standard(names, signature)), Ok(()));
                let verdict = verifier.verify(&standard(names, other));
                assert_eq!(verdict, Err(VerifyError::NoMatch), "{names}");
                let mut stale = standard(names, signature);
                stale.at = Timestamp::from_micros((SECONDS + 301) * 1_000_000);
                assert_eq!(verifier.verify(&stale), Err(VerifyError::TooOld), "{names}");
            }
        }
        let verdict = verifier("standard", WHSEC).unwrap().verify(&received(&[]));
        assert_eq!(verdict, Err(VerifyError::Missing));
    }

    #[test]
    fn another_scheme_is_held_to_alone_and_takes_any_text() {
        let stripe = verifier("stripe", "whsec_test_a").unwrap();
        let signed = received(&[(
            "stripe-signature",
            "t=1614265330,v1=a12222d34441826eac5b21dbe5e434467b448e27aec4acd58db70b52cc530009",
        )]);
        assert_eq!(stripe.verify(&signed), Ok(()));
        assert_eq!(verifier("stripe", "x").unwrap().verify(&signed), Err(VerifyError::NoMatch));
        assert_eq!(stripe.verify(&standard("webhook", V1)), Err(VerifyError::Missing));
        let svix = verifier("svix", WHSEC).unwrap();
        assert_eq!(svix.verify(&standard("svix", V1)), Ok(()));
        assert_eq!(svix.verify(&standard("webhook", V1)), Err(VerifyError::Missing));
    }

    #[test]
    fn a_secret_with_which_nothing_could_be_valid_is_refused() {
        let refused = |name, secret| verifier(name, secret).err();
        assert_eq!(refused("standard", "text"), Some(SecretError::Prefix.into()));
        assert_eq!(refused("standard-v1a", WHSEC), Some(UnfitSecret::NoKey("standard-v1a")));
        assert_eq!(refused("standard-v1", "text"), Some(UnfitSecret::NoKey("standard-v1")));
        assert_eq!(refused("github", ""), Some(SecretError::Opaque.into()));
    }

    #[test]
    fn every_known_scheme_may_be_expected() {
        assert_eq!(EXPECTED.len(), 1 + SchemeSpec::builtins().len());
        for expected in EXPECTED.iter() {
            assert!([WHSEC, WHSK].iter().any(|secret| verifier(expected.name(), secret).is_ok()));
        }
        assert_eq!(verifier("standard", WHSEC).unwrap().schemes.len(), 2);
    }
}
