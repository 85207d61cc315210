//! JPEG through libjpeg-turbo, linked statically; all that touches C is in this folder.

/// Decodes JPEG. One a worker; as good as new after any error.
#[derive(Default)]
pub struct Decoder;
