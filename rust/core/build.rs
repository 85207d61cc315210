//! Compiles the C shim over libjpeg and finds out whether libjpeg-turbo was built with its SIMD code.

use std::{env, fs, path::Path, process::ExitCode};

const SHIM: &[&str] = &["src/jpeg/shim_decoder.c", "src/jpeg/shim_encoder.c", "src/jpeg/shim_errors.c"];
const HEADERS: &[&str] = &["src/jpeg/shim.h", "src/jpeg/shim_errors.h"];

fn main() -> ExitCode {
    for file in SHIM.iter().chain(HEADERS) {
        println!("cargo:rerun-if-changed={file}");
    }
    println!("cargo:rustc-check-cfg=cfg(jpeg_simd)");
    // turbojpeg-sys says where it installed the headers of the very library it links.
    let Ok(include) = env::var("DEP_TURBOJPEG_INCLUDE") else {
        println!("cargo:warning=turbojpeg-sys did not say where jpeglib.h is (DEP_TURBOJPEG_INCLUDE)");
        return ExitCode::FAILURE;
    };
    let mut build = cc::Build::new();
    build.files(SHIM).warnings(true).extra_warnings(true);
    let mut configured = String::new();
    for folder in include.split(',').map(Path::new) {
        build.include(folder);
        configured += &fs::read_to_string(folder.join("jconfig.h")).unwrap_or_default();
    }
    // jconfig.h is written by the library's own build, so it knows what was really compiled.
    if configured.lines().any(|line| line.split_whitespace().eq(["#define", "WITH_SIMD", "1"])) {
        println!("cargo:rustc-cfg=jpeg_simd");
    }
    let version = configured.lines().find_map(|line| line.strip_prefix("#define LIBJPEG_TURBO_VERSION "));
    println!("cargo:rustc-env=TURBOSHARD_LIBJPEG_TURBO={}", version.map_or("unknown", str::trim));
    build.compile("turboshard_jpeg_shim");
    ExitCode::SUCCESS
}
