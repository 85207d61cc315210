//! Tar shards of images: verify, index, decode, reshard.
//!
//! ```text
//! file ─shard(pread)─► bytes ─tar::read─► entry ─index─► member, sample
//!      ─codec: jpeg::Decoder (reduce) ─ resize─► pixels ┬─batch──► N×F×H×W×3               loaders
//!                                                       └─jpeg::Encoder─► bytes ─writer─► shard ─► manifest   reshard
//! file ─digest─► verify(manifest) ─► report
//! ```
//!
//! Pure Rust over libjpeg-turbo: no Python, no printing, no global state. Each arrow is a module and no
//! arrow goes back; `ARCHITECTURE.md` says why.

mod disk;
pub mod error;
pub mod fault;
pub mod image;
pub mod isa;
pub mod pool;
pub mod progress;
pub mod random;
pub mod sha256;
mod stamp;

pub mod batch;
pub mod codec;
pub mod jpeg;
pub mod mesh;
pub mod resize;

pub mod index;
pub mod key;
pub mod load;
pub mod loader;
pub mod shard;
pub mod tar;

pub mod about;
pub mod archive;
pub mod audit;
pub mod begun;
pub mod bundle;
pub mod card;
pub mod catalog;
pub mod croissant;
pub mod datasets;
pub mod digest;
pub mod manifest;
pub mod pack;
pub mod publish;
pub mod reghead;
pub mod release;
pub mod reshard;
pub mod samples;
pub mod scan;
pub mod source;
pub mod spec;
pub mod sums;
pub mod synth;
pub mod verify;
pub mod writer;
