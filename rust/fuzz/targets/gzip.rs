#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| turboshard_fuzz::gzip(data));
