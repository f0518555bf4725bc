//! Topics, and which of them a broker wants.

use glob::Pattern;
use serde::Deserialize;

/// Which topics a broker is told of: globs in which `*` stands for any text, dots included, `?` for one character and
/// `[…]` for one of some, as in the Nautobot contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// `topics` in the settings of a broker.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TopicSettings {
    include: Vec<String>,
    exclude: Vec<String>,
}

fn patterns(field: &str, globs: &[String]) -> Result<Vec<Pattern>, String> {
    let read = |glob: &String| {
        // Two stars say no more than one; the library would take them for path components.
        let mut single = glob.clone();
        while single.contains("**") {
            single = single.replace("**", "*");
        }
        Pattern::new(&single).map_err(|error| format!("topics.{field}: '{glob}' is not a glob: {}", error.msg))
    };
    globs.iter().map(read).collect()
}

impl Topics {
    /// Reads the globs.
    ///
    /// # Errors
    /// Names the field and the glob that is wrong.
    pub(crate) fn read(settings: &TopicSettings) -> Result<Self, String> {
        Ok(Self { include: patterns("include", &settings.include)?, exclude: patterns("exclude", &settings.exclude)? })
    }

    /// Whether a topic is included, or nothing is said of what is, and it is not excluded.
    pub fn wants(&self, topic: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(topic));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(include: &[&str], exclude: &[&str], topic: &str, expected: bool) {
        let texts = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        let settings = TopicSettings { include: texts(include), exclude: texts(exclude) };
        assert_eq!(Topics::read(&settings).unwrap().wants(topic), expected, "{include:?} {exclude:?} {topic}");
    }

    #[test]
    fn what_is_included_and_not_excluded_is_wanted() {
        let topic = "noticeboard.update.notices.outage";
        check(&[], &[], topic, true);
        check(&["*"], &[], topic, true);
        check(&["noticeboard.*"], &[], topic, true);
        check(&["noticeboard.**"], &[], topic, true);
        check(&["noticeboard.*.outage"], &[], topic, true);
        check(&["noticeboard.update.notices.?utage"], &[], topic, true);
        check(&["noticeboard.[cu]*.notices.*"], &[], topic, true);
        check(&["noticeboard.[!u]*.notices.*"], &[], topic, false);
        check(&["noticeboard.status.*"], &[], topic, false);
        check(&["noticeboard.status.*", "*.outage"], &[], topic, true);
        check(&["outage"], &[], topic, false);
        check(&["NOTICEBOARD.*"], &[], topic, false);
        check(&[], &["*.notices.outage"], topic, false);
        check(&["*"], &["*.delete.*"], topic, true);
        check(&["noticeboard.*"], &["noticeboard.update.*"], topic, false);
    }

    #[test]
    fn a_bad_glob_is_named() {
        let settings = TopicSettings { include: vec!["noticeboard.[".into()], exclude: Vec::new() };
        let error = Topics::read(&settings).unwrap_err();
        assert!(error.starts_with("topics.include: 'noticeboard.[' is not a glob: "), "{error}");
    }
}
