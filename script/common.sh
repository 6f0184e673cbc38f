# Sourced by the other scripts, which have changed to the top folder of the repository.
# shellcheck shell=bash

# say WORDS…: talk goes to stderr, so that stdout is only what a script is asked for.
say() { printf '%s\n' "$*" >&2; }

# need_swift: ends the script when there is no Swift that can build this.
need_swift() {
    local version
    if ! command -v swift >/dev/null; then
        say "swift is not on PATH. Version 6.2 or later is needed: https://www.swift.org/install/linux/"
        exit 1
    fi
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    case $version in
    '' | [0-5].* | 6.[01])
        say "Swift ${version:-of this machine} is too old: 6.2 or later is needed"
        exit 1
        ;;
    esac
}

# scratch_path: the build folder. `.build`, unless it is not ours to write: somebody else's clone, or a build
# made by root before. Then one under the user's cache, of its own for every clone.
scratch_path() {
    if { test -d .build && test -O .build && test -w .build; } || { test ! -e .build && test -w .; }; then
        printf '%s\n' "$PWD/.build"
    else
        printf '%s/runbook/build-%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$(printf %s "$PWD" | cksum | cut -d ' ' -f 1)"
    fi
}
