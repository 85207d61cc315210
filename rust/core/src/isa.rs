//! The instruction set the kernels use.
//!
//! Each kernel is a plain function, which defines it, and vector twins for some of these levels; all give the
//! same bytes. `TURBOSHARD_ISA` set to `avx512`, `avx2` or `portable` forbids what lies above it, for tests and
//! benchmarks; it is read once. libjpeg-turbo, which is not ours, goes by `JSIMD_FORCENONE` and its kin.

use std::sync::OnceLock;

/// A level of vector instructions; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// What every CPU has.
    Portable,
    /// AVX2, BMI1 and BMI2.
    Avx2,
    /// AVX-512 F, BW, CD, DQ, VL, VBMI, VBMI2 and VNNI, and MOVBE: Ice Lake, Zen 4 and later.
    Avx512,
}

impl Isa {
    /// All levels, least first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Its name: "portable", "avx2" or "avx512".
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The most this CPU has.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::is_x86_feature_detected as has;
            if !(has!("avx2") && has!("bmi1") && has!("bmi2")) {
                return Self::Portable;
            }
            let all = has!("avx512f")
                && has!("avx512bw")
                && has!("avx512cd")
                && has!("avx512dq")
                && has!("avx512vl")
                && has!("avx512vbmi")
                && has!("avx512vbmi2")
                && has!("avx512vnni")
                && has!("movbe");
            if all { Self::Avx512 } else { Self::Avx2 }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Portable
    }

    /// The level kernels are to use: what the CPU has, and `TURBOSHARD_ISA` at most. Another value of
    /// that variable counts as none.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Isa> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let most = std::env::var("TURBOSHARD_ISA").ok().and_then(|name| Self::from_name(&name));
            most.map_or_else(Self::detected, |most| most.min(Self::detected()))
        })
    }

    /// The levels a test can try here, least first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|&level| level <= Self::detected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_names_and_an_order() {
        for level in Isa::ALL {
            assert_eq!(Isa::from_name(level.name()), Some(level));
        }
        assert_eq!(Isa::from_name("sse9"), None);
        assert!(Isa::ALL.is_sorted());
        assert!(Isa::available().eq(Isa::ALL.into_iter().take(Isa::available().count())));
        assert!(Isa::current() <= Isa::detected());
    }
}
