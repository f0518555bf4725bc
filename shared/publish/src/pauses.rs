//! How long a message that could not be sent waits before it is tried again.

use std::time::Duration;

/// The pauses between the attempts to send one message. After the last of them and one more attempt it is a dead letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Pauses(Vec<Duration>);

/// How much a pause is spread, so that those who failed together do not come back together: 20 % to either side.
const SPREAD: f64 = 0.2;
/// The longest pause: SQS hides a message for 12 hours from when it was received, and the attempt took part of them.
pub const MAX_PAUSE: Duration = Duration::from_secs(12 * 3600 - 600);

impl Pauses {
    /// For what answers within milliseconds or is down: half a second, doubled up to five minutes, for about an hour.
    pub fn of_a_service() -> Self {
        Self((0..20).map(|n| Duration::from_millis(500 << n.min(10)).min(Duration::from_secs(300))).collect())
    }

    /// For receivers at other people's: the schedule that the Standard Webhooks specification gives as its example, for
    /// about two and a half days.
    pub fn of_a_webhook() -> Self {
        let hours = |hours: u64| Duration::from_secs(3600 * hours).min(MAX_PAUSE);
        let first = [5, 300, 1800].map(Duration::from_secs);
        Self(first.into_iter().chain([2, 5, 10, 14, 20, 24].map(hours)).collect())
    }

    /// From seconds, as the settings give them.
    ///
    /// # Errors
    /// When one is negative or over [`MAX_PAUSE`], or there are over [`Self::MAX`].
    pub(crate) fn read(seconds: &[f64]) -> Result<Self, String> {
        let limit = MAX_PAUSE.as_secs();
        if seconds.len() > Self::MAX {
            return Err(format!("pauses: at most {} of them", Self::MAX));
        }
        let read = |seconds: &f64| {
            let pause = Duration::try_from_secs_f64(*seconds).ok().filter(|pause| *pause <= MAX_PAUSE);
            pause.ok_or_else(|| format!("pauses: {seconds} is not a number of seconds from 0 to {limit}"))
        };
        seconds.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The most pauses.
    pub const MAX: usize = 100;

    /// How often a message is tried.
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The pause after the attempt of this number, the first being 1: at least what the receiver has asked for
    /// (`Retry-After`). `random` from 0 to 1 spreads it.
    pub fn after(&self, attempt: u32, asked: Option<Duration>, random: f64) -> Duration {
        let at = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = self.0.get(at).or(self.0.last()).copied().unwrap_or_default();
        let spread = pause.mul_f64(1.0 + SPREAD * (2.0 * random.clamp(0.0, 1.0) - 1.0));
        spread.max(asked.unwrap_or_default()).min(MAX_PAUSE)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pauses: &Pauses, attempt: u32, asked: Option<u64>, random: f64, expected: f64) {
        let found = pauses.after(attempt, asked.map(Duration::from_secs), random);
        assert!((found.as_secs_f64() - expected).abs() < 1e-6, "after {attempt}: {found:?}, not {expected} s");
    }

    #[test]
    fn pauses_grow_and_are_spread_and_heed_the_receiver() {
        let webhook = Pauses::of_a_webhook();
        assert_eq!(webhook.attempts(), 10);
        check(&webhook, 1, None, 0.5, 5.0);
        check(&webhook, 1, None, 0.0, 4.0);
        check(&webhook, 1, None, 1.0, 6.0);
        check(&webhook, 2, None, 0.5, 300.0);
        check(&webhook, 1, Some(120), 0.5, 120.0);
        check(&webhook, 3, Some(120), 0.5, 1800.0);
        check(&webhook, 1, Some(1_000_000), 0.5, 42_600.0);
        check(&webhook, 9, None, 1.0, 42_600.0);
        check(&webhook, 99, None, 0.5, 42_600.0);
        let service = Pauses::of_a_service();
        assert_eq!(service.attempts(), 21);
        check(&service, 1, None, 0.5, 0.5);
        check(&service, 3, None, 0.5, 2.0);
        check(&service, 20, None, 0.5, 300.0);
        check(&Pauses::read(&[]).unwrap(), 1, None, 0.5, 0.0);
    }

    #[test]
    fn a_pause_that_cannot_be_is_named() {
        assert_eq!(Pauses::read(&[0.1, 7.0]).unwrap().attempts(), 3);
        for wrong in [-1.0, 42_601.0, f64::NAN] {
            let error = Pauses::read(&[wrong]).unwrap_err();
            assert!(error.starts_with("pauses: "), "{error}");
        }
        assert!(Pauses::read(&[1.0; 101]).is_err());
    }
}
