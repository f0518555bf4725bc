//! Bounded text fields, checked once at the edge.

use serde::{Deserialize, Serialize};

/// Longest free text (`comments`, `impact`), in bytes. An item of the table is limited to 400 KB.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Longest text of a received mail, in bytes. The mail's other fields and JSON's escapes must fit beside it (the store's
/// `MAX_OBJECT_BYTES`).
pub const MAX_MAIL_TEXT_BYTES: usize = 150 * 1024;

/// Text of at most `max` characters without NUL.
///
/// # Errors
/// Says which rule it breaks.
pub fn bounded(text: &str, max: usize) -> Result<String, String> {
    if text.contains('\0') {
        return Err("Null characters are not allowed.".into());
    }
    if text.chars().count() > max {
        return Err(format!("Ensure this field has no more than {max} characters."));
    }
    Ok(text.to_owned())
}

/// Text of one line, which may be blank: at most `max` characters, none of them a control character.
///
/// # Errors
/// Says which rule it breaks.
pub fn one_line(text: &str, max: usize) -> Result<String, String> {
    if text.contains(char::is_control) {
        return Err("Control characters are not allowed.".into());
    }
    bounded(text, max)
}

/// Free text without control characters other than line ends and tabs, limited by [`MAX_TEXT_BYTES`].
///
/// # Errors
/// Says which rule it breaks.
pub fn free_text(text: &str) -> Result<String, String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("Ensure this field has no more than {MAX_TEXT_BYTES} bytes."));
    }
    without_control(text).map(str::to_owned)
}

/// Text without control characters other than line ends and tabs.
///
/// # Errors
/// Says that there are some.
pub fn without_control(text: &str) -> Result<&str, String> {
    if text.contains(|c: char| c.is_control() && !"\t\n\r".contains(c)) {
        return Err("Control characters other than line ends and tabs are not allowed.".into());
    }
    Ok(text)
}

/// The text of a mail, which is kept as it came, limited by [`MAX_MAIL_TEXT_BYTES`].
///
/// # Errors
/// Says which rule it breaks.
pub fn mail_text(text: &str) -> Result<String, String> {
    if text.len() > MAX_MAIL_TEXT_BYTES {
        return Err(format!("Ensure this field has no more than {MAX_MAIL_TEXT_BYTES} bytes (MAX_MAIL_TEXT_BYTES)."));
    }
    bounded(text, MAX_MAIL_TEXT_BYTES)
}

/// A line of text that is not blank, of at most `MAX` characters. Blanks around it are cut.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    /// Takes text as it came from a client.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("This field may not be blank.".into());
        }
        if text.contains(char::is_control) {
            return Err("Control characters are not allowed.".into());
        }
        bounded(text, MAX).map(Self)
    }

    /// Takes text from a mail: control characters become blanks, runs of blanks one, and what is too long is cut and
    /// marked. Blank text becomes `fallback`.
    pub fn clipped(text: &str, fallback: &str) -> Self {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = fallback.to_owned();
        }
        if line.chars().count() > MAX {
            line = line.chars().take(MAX - 1).chain(['…']).collect();
        }
        Self(line)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> std::fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's id of an event (`name` on the wire).
pub type Name = Line<100>;
/// One line that says what an event is.
pub type Summary = Line<200>;
