# Sourced by the scripts beside it: finds what only the system's package manager can give, and installs it where
# that is allowed without asking. Where it is not, the error names the exact command.
# shellcheck shell=bash

say() {
    if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
        printf '\033[2m·\033[0m %s\n' "$*" >&2
    else
        printf '· %s\n' "$*" >&2
    fi
}
die() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 3
}

wanted=()  # package names, as this system calls them
reasons=() # what each is needed for, in people's words

manager() {
    local tool
    for tool in apt-get dnf apk pacman brew; do
        if command -v "$tool" >/dev/null; then
            echo "$tool"
            return
        fi
    done
}

# want WHAT APT [DNF [APK [PACMAN [BREW]]]]: queue packages (a name left out is the one before it).
want() {
    local what=$1 apt=$2
    local dnf=${3:-$apt}
    local apk=${4:-$dnf}
    local pacman=${5:-$apk}
    local brew=${6:-$pacman}
    local name
    case $(manager) in
        apt-get) name=$apt ;;
        dnf) name=$dnf ;;
        apk) name=$apk ;;
        pacman) name=$pacman ;;
        brew) name=$brew ;;
        *) die "$what is missing, and no known package manager was found" "install $what, then run this again" ;;
    esac
    reasons+=("$what")
    # shellcheck disable=SC2206  # one entry may be several packages
    wanted+=($name)
}

install_wanted() {
    [ ${#wanted[@]} -gt 0 ] || return 0
    local command
    case $(manager) in
        apt-get) command="apt-get install -y --no-install-recommends ${wanted[*]}" ;;
        dnf) command="dnf install -y ${wanted[*]}" ;;
        apk) command="apk add ${wanted[*]}" ;;
        pacman) command="pacman -S --noconfirm --needed ${wanted[*]}" ;;
        brew) command="brew install ${wanted[*]}" ;;
    esac
    local list
    list=$(printf '%s, ' "${reasons[@]}")
    list=${list%, }
    local -a root=() # expanded as below because the bash of macOS calls an empty array unset
    if [ "$(manager)" != brew ] && [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "missing: $list; this user may not install it" "run: sudo $command"
        root=(sudo -n)
    fi
    say "missing: $list; running: ${root[*]:+${root[*]} }$command"
    local log
    log=$(mktemp)
    if [ "$(manager)" = apt-get ]; then
        export DEBIAN_FRONTEND=noninteractive
        [ ${#root[@]} -eq 0 ] || root+=(env DEBIAN_FRONTEND=noninteractive)
        ${root[@]+"${root[@]}"} apt-get update >"$log" 2>&1 || say "apt-get update failed; trying with the lists as they are"
    fi
    # shellcheck disable=SC2086  # a command line made above, of words without spaces
    if ! ${root[@]+"${root[@]}"} $command >>"$log" 2>&1; then
        cat "$log" >&2
        die "could not install: $list" "run: ${root[*]:+sudo }$command"
    fi
    rm -f "$log"
    say "installed: ${wanted[*]}"
    wanted=()
    reasons=()
    hash -r
}

require_rust() {
    command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
    command -v cargo >/dev/null || die "Rust is missing" "install it from https://rustup.rs (see rust-version in Cargo.toml)"
}

require_system_tools() {
    command -v cc >/dev/null || want "a C compiler" "gcc libc6-dev" "gcc glibc-devel" "gcc musl-dev" gcc gcc
    command -v make >/dev/null || want make make
    local python
    if ! python=$(newest_python); then
        want "Python 3.11 or later" "python3 python3-venv" "python3" "python3" python python@3.13
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        want "Python's venv module" "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" python3 python3 python python@3.13
    fi
}

newest_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

find_python() {
    newest_python || die "no Python 3.11 or later on PATH" "install one, or name it: PYTHON=/path/to/python3"
}
