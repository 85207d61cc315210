//! Arrays in the files of data sets: torch's `.pt`, read without torch and without running what a pickle asks for, and
//! numpy's `.npy`.

pub mod npy;
mod pickle;
pub mod torch;

/// What the values of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    I8,
    /// 16 bits.
    I16,
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
    /// A byte that is 0 or 1.
    Bool,
}

impl Dtype {
    /// Bytes of a value.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::F16 | Self::I16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// As numpy writes it, little-endian.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F16 => "<f2",
            Self::F32 => "<f4",
            Self::F64 => "<f8",
            Self::U8 => "|u1",
            Self::I8 => "|i1",
            Self::I16 => "<i2",
            Self::I32 => "<i4",
            Self::I64 => "<i8",
            Self::Bool => "|b1",
        }
    }
}

/// An array: its values little-endian, the last axis running fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// What a value is.
    pub dtype: Dtype,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The values.
    pub bytes: Vec<u8>,
}
