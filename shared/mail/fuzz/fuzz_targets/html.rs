//! HTML bodies: the bytes are one.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    noticeboard_mail_fuzz::read(&noticeboard_mail_fuzz::mail_of("Content-Type: text/html; charset=utf-8", body));
});
