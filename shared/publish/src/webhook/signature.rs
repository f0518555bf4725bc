//! Signatures of Standard Webhooks 1.0.0 (`v1`, HMAC-SHA256), one for each secret: while a secret is replaced by another,
//! receivers can verify with either.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::secret::Secret;

/// What every secret starts with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The most secrets: an old one and a new one, and some to spare.
const MAX_SECRETS: usize = 10;

/// Secrets as the bytes to sign with. `variable` reads the environment.
///
/// # Errors
/// Says which secret is wrong, and never what it is.
pub(super) fn keys(
    secrets: &[Secret<String>],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Secret<Vec<u8>>>, String> {
    if secrets.is_empty() || secrets.len() > MAX_SECRETS {
        return Err(format!("secrets: there must be 1 to {MAX_SECRETS}"));
    }
    let key = |(at, secret): (usize, &Secret<String>)| {
        let Secret(secret) = secret.look_up(variable).map_err(|error| format!("secrets: {error}"))?;
        let bytes = secret.strip_prefix(PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok());
        let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).ok_or_else(|| {
            let (from, to) = (SECRET_BYTES.start(), SECRET_BYTES.end());
            format!("secrets: number {} is not {PREFIX} and the base64 of {from} to {to} random bytes", at + 1)
        })?;
        Ok(Secret(bytes))
    };
    secrets.iter().enumerate().map(key).collect()
}

/// The header `webhook-signature`: a signature by each key, with blanks between them.
///
/// The specification wants no `.` in an id that its sender does not control. Ours has one, and nobody else controls it.
pub(super) fn signatures(keys: &[Secret<Vec<u8>>], id: &str, timestamp: i64, body: &str) -> String {
    let mut header = String::new();
    for Secret(key) in keys {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body.as_bytes());
        let blank = if header.is_empty() { "" } else { " " };
        // A String takes everything.
        let _ = write!(header, "{blank}v1,{}", STANDARD.encode(context.sign()));
    }
    header
}
