//! Nothing to build until the libjpeg shim is there.
fn main() {}
