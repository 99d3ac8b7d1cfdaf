//! `posthaste token`: a token for the API, made with the secret of the environment.

use std::{str::FromStr, time::Duration};

use clap::Subcommand;
use posthaste_api::{Signer, TokenSecret};
use posthaste_domain::{AppId, OrgId, Timestamp};
use posthaste_service::clock;

use crate::{
    failure::{Failure, Outcome},
    output::say,
    settings,
};

/// The organisation where none is named: enough for whoever has only one. `posthaste dev` uses it
/// too.
pub(crate) const DEFAULT_ORG: &str = "org_000000000000000000posthaste";

/// How long a token lives unless said otherwise.
const DEFAULT_LIFETIME: &str = "30d";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    whom: Whom,
}

#[derive(Debug, Subcommand)]
enum Whom {
    /// For an organisation: everything of its own
    Org {
        /// The organisation; any id makes one
        #[arg(default_value = DEFAULT_ORG)]
        org: OrgId,
        /// How long the token is good: a number and s, m, h or d
        #[arg(long, default_value = DEFAULT_LIFETIME)]
        lifetime: Lifetime,
    },
    /// For one application: its endpoints and messages only
    App {
        /// The application
        app: AppId,
        /// The organisation that the application belongs to
        #[arg(long, default_value = DEFAULT_ORG)]
        org: OrgId,
        /// How long the token is good: a number and s, m, h or d
        #[arg(long, default_value = DEFAULT_LIFETIME)]
        lifetime: Lifetime,
    },
}

pub(crate) fn run(args: &Args) -> Outcome {
    let signer = signer_from_environment()?;
    say!("{}", make(&args.whom, &signer, Timestamp::from(clock::now())));
    Ok(())
}

fn make(whom: &Whom, signer: &Signer, now: Timestamp) -> String {
    match whom {
        Whom::Org { org, lifetime } => signer.organisation_token(org, now, lifetime.0),
        Whom::App { app, org, lifetime } => signer.application_token(org, app, now, lifetime.0),
    }
}

/// A signer with the secret of the environment.
///
/// # Errors
/// Where there is none, or it is no good.
pub(crate) fn signer_from_environment() -> Result<Signer, Failure> {
    let secret = settings::read(TokenSecret::read)?;
    // The reader has noted a fault where there is none, so it cannot be missing here.
    secret.as_ref().map(Signer::new).ok_or_else(|| Failure::config(Default::default()))
}

/// A duration as people write it: `90s`, `15m`, `12h`, `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(Duration);

/// The longest lifetime: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Not a lifetime.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("wants a number and s, m, h or d, such as 30d, at most ten years")]
pub(crate) struct LifetimeError;

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let unit = text.chars().next_back().ok_or(LifetimeError)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(LifetimeError),
        };
        let number = &text[..text.len() - 1];
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| digits).ok_or(LifetimeError)?;
        let lifetime = Duration::from_secs(number.checked_mul(seconds).ok_or(LifetimeError)?);
        if lifetime.is_zero() || lifetime > LONGEST {
            Err(LifetimeError)
        } else {
            Ok(Self(lifetime))
        }
    }
}

#[cfg(test)]
mod tests {
    use posthaste_api::{Portal, Principal, Verifier};

    use super::*;

    #[test]
    fn lifetimes_are_read_as_people_write_them() {
        let seconds = |text: &str| text.parse::<Lifetime>().map(|lifetime| lifetime.0.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("12h"), Ok(43_200));
        assert_eq!(seconds(DEFAULT_LIFETIME), Ok(2_592_000));
        for bad in [
            "",
            "d",
            "30",
            "0s",
            "-1d",
            "+1d",
            "1.5h",
            "30w",
            "4000d",
            "18446744073709551615d",
            "1é",
        ] {
            assert_eq!(seconds(bad), Err(LifetimeError), "{bad:?}");
        }
    }

    #[test]
    fn tokens_say_what_was_asked_for() {
        let secret = TokenSecret::new("a secret of thirty-two bytes or more").unwrap();
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let org: OrgId = DEFAULT_ORG.parse().unwrap();
        let app: AppId = "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        let lifetime = Lifetime(Duration::from_secs(60));
        let read = |whom| {
            let token = make(&whom, &Signer::new(&secret), now);
            Verifier::new(&secret).verify(Some(&format!("Bearer {token}")), now).unwrap()
        };
        let organisation = read(Whom::Org { org: org.clone(), lifetime });
        assert_eq!(organisation, Principal::Organisation(org.clone()));
        match read(Whom::App { app: app.clone(), org: org.clone(), lifetime }) {
            Principal::Application(portal) => {
                let Portal { org: found_org, app: found_app, .. } = *portal;
                assert_eq!((found_org, found_app), (org, app));
            }
            other @ Principal::Organisation(_) => panic!("{other:?}"),
        }
    }
}
