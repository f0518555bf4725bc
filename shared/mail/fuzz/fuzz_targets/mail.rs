//! Whole mails: the bytes as they are.

#![no_main]

libfuzzer_sys::fuzz_target!(|raw: &[u8]| noticeboard_mail_fuzz::read(raw));
