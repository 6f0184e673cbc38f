#pragma once

// SwiftPM links C products with swiftc, which asks for libswiftCore before any flag that Package.swift can
// give; a node has no Swift libraries, and every program started there would load them. swiftc puts what it
// finds in this section in front of its own libraries, and so none of them is needed.
#define LINK_ONLY_WHAT_IS_NEEDED                                             \
    __attribute__((section(".swift1_autolink_entries"), used, aligned(1))) \
    static const char only_needed_libraries[] = "-Wl,--as-needed";
