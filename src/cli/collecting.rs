//! How money is collected, from the configuration and two secrets of the environment.

use crate::billing::signature::Secrets;
use crate::chain::Chain;
use crate::config::Config;
use crate::domain::money::{Money, Sum};
use crate::stripe::gateway::{self, Limits, STRIPE, Settings};
use crate::stripe::key::Key;
use crate::wiring::Collecting;

/// The variable that holds the key,
const KEY: &str = "STRIPE_SECRET_KEY";
/// and the one that holds the webhook's secret, or several joined by commas while they are exchanged.
const SECRET: &str = "STRIPE_WEBHOOK_SECRET";
/// What the sandbox takes where nobody says otherwise. They open nothing but a stand-in.
const SANDBOX_KEY: &str = "sk_test_sandbox";
/// The same of what it signs with.
pub(super) const SANDBOX_SECRET: &str = "whsec_sandbox";

/// How money is collected, if it is; `variable` reads the environment.
pub(super) fn collecting(
    config: &Config,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Collecting>, String> {
    let mode = config.stripe_mode.as_str();
    let set = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let (base, key, secret) = match mode {
        "off" => return Ok(None),
        "sandbox" => (
            config.stripe_url.clone(),
            set(KEY).unwrap_or_else(|| SANDBOX_KEY.to_owned()),
            set(SECRET).unwrap_or_else(|| SANDBOX_SECRET.to_owned()),
        ),
        _ => {
            let missing = |name: &str, what: &str| {
                format!("stripe_mode is {mode}, and {name} is not in the environment: it is {what}")
            };
            let key = set(KEY).ok_or_else(|| missing(KEY, "the secret key of the account, sk_… or rk_…"))?;
            let secret = set(SECRET).ok_or_else(|| missing(SECRET, "the signing secret of the webhook, whsec_…"))?;
            (STRIPE.to_owned(), key, secret)
        }
    };
    gateway::check(&base).map_err(|error| format!("stripe_url is {base:?}: {}", Chain(&error)))?;
    let key = Key::parse(key.trim()).map_err(|error| format!("{KEY}: {error}"))?;
    if key.is_live() != (mode == "live") {
        let (is, wants) = if key.is_live() { ("live", "a test key") } else { ("a test key", "a live key") };
        return Err(format!("{KEY} is {is}, and stripe_mode is {mode}, which takes {wants}"));
    }
    let secrets = Secrets::new(secret.split(',').map(str::trim)).map_err(|error| format!("{SECRET}: {error}"))?;
    Ok(Some(collected(config, base, key, secrets)))
}

/// How money is collected at a stand-in at `base` that signs with `secret`, whatever the environment says.
pub(super) fn at_a_stand_in(config: &Config, base: String, secret: &str) -> Result<Collecting, String> {
    let key = Key::parse(SANDBOX_KEY).map_err(|error| error.to_string())?;
    let secrets = Secrets::new([secret]).map_err(|error| error.to_string())?;
    Ok(collected(config, base, key, secrets))
}

fn collected(config: &Config, base: String, key: Key, secrets: Secrets) -> Collecting {
    let threshold = Sum::parse(&config.bill_threshold).and_then(|sum| i64::try_from(sum.0).ok());
    Collecting {
        gateway: Settings { base, key, limits: Limits::default() },
        secrets,
        hour: u32::try_from(config.bill_hour).unwrap_or_default(),
        threshold: Money::from_millionths(threshold.unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_called_is_refused() {
        for (url, part) in [
            ("http://stripe.example:12111", "stripe.example is only called over https"),
            ("http://localhost:12111", "plain http is for 127.0.0.1 and ::1"),
            ("http://:1:2", "stripe_url is \"http://:1:2\": the address of Stripe is"),
        ] {
            let stripe_url = url.to_owned();
            let config = Config { stripe_mode: "sandbox".to_owned(), stripe_url, ..Config::default() };
            let refused = collecting(&config, |_| None).unwrap_err();
            assert!(refused.contains(part), "{url}: {refused}");
        }
    }

    #[test]
    fn a_key_has_to_be_of_the_mode_and_a_secret_has_to_be_there() {
        let found = |mode: &str, variables: &[(&str, &str)]| {
            let config = Config { stripe_mode: mode.to_owned(), ..Config::default() };
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).into());
            collecting(&config, variable).map(|found| found.map(|found| found.gateway.key.is_live()))
        };
        let (test, live, secret) = ((KEY, "sk_test_abc123"), (KEY, "sk_live_abc123"), (SECRET, "whsec_abc"));
        assert_eq!(found("off", &[live]), Ok(None));
        assert_eq!(found("sandbox", &[]), Ok(Some(false)));
        assert_eq!(found("test", &[test, secret]), Ok(Some(false)));
        assert_eq!(found("live", &[live, (SECRET, "whsec_new, whsec_old")]), Ok(Some(true)));
        for (mode, variables, part) in [
            ("test", &[secret][..], KEY),
            ("test", &[test], SECRET),
            ("test", &[test, (SECRET, " ")], SECRET),
            ("test", &[live, secret], "takes a test key"),
            ("live", &[test, secret], "takes a live key"),
            ("sandbox", &[live], "takes a test key"),
            ("live", &[(KEY, "pk_live_abc123"), secret], KEY),
            ("live", &[live, (SECRET, "abc")], SECRET),
        ] {
            let refused = found(mode, variables).unwrap_err();
            assert!(refused.contains(part), "{mode} {variables:?}: {refused}");
        }
    }
}
