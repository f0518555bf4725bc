//! Called by SES for every mail that it has received, checked and stored: takes it in.
//!
//! **Must not know**: how a mail is read, and what becomes of it.

use aws_lambda_events::ses::{SimpleEmailEvent, SimpleEmailReceipt, SimpleEmailRecord, SimpleEmailVerdict};
use noticeboard_app::{App, Trust, Verdict, Verdicts};
use noticeboard_domain::Error;

/// Where SES stores what it receives (`template.yaml`): this, and then its own message id.
pub const INBOUND_PREFIX: &str = "inbound/";

/// Handles one call of SES.
///
/// # Errors
/// When a mail could not be taken in whole. Lambda calls again, then gives it to the dead-letter queue; the mail itself
/// stays in the bucket.
pub async fn handle(app: &App, event: SimpleEmailEvent) -> Result<(), Error> {
    for record in &event.records {
        take_in(app, record).await?;
    }
    Ok(())
}

async fn take_in(app: &App, record: &SimpleEmailRecord) -> Result<(), Error> {
    let (mail, receipt) = (&record.ses.mail, &record.ses.receipt);
    let id = mail.message_id.as_deref().ok_or_else(|| Error::internal("SES names no message id"))?;
    // The id becomes part of a key: it is letters and digits.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(Error::internal(format!("SES names a message id of other characters than its own: {id:?}")));
    }
    let raw = app.raw_mail(&format!("{INBOUND_PREFIX}{id}")).await?;
    let done =
        app.ingest(id, raw, Some(mail.timestamp), Trust::Received(verdicts(receipt, mail.source.clone()))).await?;
    let outcome = done.outcome.as_str();
    tracing::info!(ses_message_id = id, message_id = done.message_id, outcome, "mail taken in");
    Ok(())
}

fn verdicts(receipt: &SimpleEmailReceipt, envelope_from: Option<String>) -> Verdicts {
    Verdicts {
        spam: verdict(&receipt.spam_verdict),
        virus: verdict(&receipt.virus_verdict),
        spf: verdict(&receipt.spf_verdict),
        dmarc: verdict(&receipt.dmarc_verdict),
        envelope_from,
    }
}

fn verdict(verdict: &SimpleEmailVerdict) -> Verdict {
    match verdict.status.as_deref() {
        Some("PASS") => Verdict::Pass,
        Some("FAIL") => Verdict::Fail,
        // GRAY, PROCESSING_FAILED, DISABLED.
        _ => Verdict::Unknown,
    }
}
