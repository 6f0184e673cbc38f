// Calls that open or create files. Their C library versions call each other inside the library, where a
// preloaded function is not seen: hence all of them.
#define _GNU_SOURCE
#include "next.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// The mode argument is there only when a file may be created.
#define READ_MODE(flags, mode)                          \
    mode_t mode = 0;                                    \
    if ((flags) & (O_CREAT | O_TMPFILE)) {              \
        va_list arguments;                              \
        va_start(arguments, flags);                     \
        mode = va_arg(arguments, mode_t);               \
        va_end(arguments);                              \
    }

// The mode of a new file, for the calls that make one.
static mode_t new_mode(int folder, const char *path, int flags, mode_t mode) {
    return flags & O_CREAT ? tree_mode(folder, path, mode, 0) : mode;
}

#define OPEN(name)                                                    \
    int name(const char *path, int flags, ...) {                      \
        READ_MODE(flags, mode)                                        \
        NEXT(name);                                                   \
        mode = new_mode(AT_FDCWD, path, flags, mode);                 \
        return denied(next(path, flags, mode), AT_FDCWD, path);       \
    }

#define OPENAT(name)                                                  \
    int name(int folder, const char *path, int flags, ...) {          \
        READ_MODE(flags, mode)                                        \
        NEXT(name);                                                   \
        mode = new_mode(folder, path, flags, mode);                   \
        return denied(next(folder, path, flags, mode), folder, path); \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

// What open() becomes in programs built with _FORTIFY_SOURCE.
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat64(folder, path, flags); }

int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open64(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

#define FOPEN(name)                                            \
    FILE *name(const char *path, const char *mode) {           \
        NEXT(name);                                            \
        FILE *file = next(path, mode);                         \
        if (!file) denied(-1, AT_FDCWD, path);                 \
        return file;                                           \
    }

FOPEN(fopen)
FOPEN(fopen64)

#define FREOPEN(name)                                                  \
    FILE *name(const char *path, const char *mode, FILE *old) {        \
        NEXT(name);                                                    \
        FILE *file = next(path, mode, old);                            \
        if (!file) denied(-1, AT_FDCWD, path);                         \
        return file;                                                   \
    }

FREOPEN(freopen)
FREOPEN(freopen64)

#define MAKE_TEMPORARY(name, parameters, arguments)             \
    int name parameters {                                       \
        NEXT(name);                                             \
        return denied(next arguments, AT_FDCWD, path);          \
    }

MAKE_TEMPORARY(mkstemp, (char *path), (path))
MAKE_TEMPORARY(mkstemp64, (char *path), (path))
MAKE_TEMPORARY(mkostemp, (char *path, int flags), (path, flags))
MAKE_TEMPORARY(mkostemp64, (char *path, int flags), (path, flags))
MAKE_TEMPORARY(mkstemps, (char *path, int suffix), (path, suffix))
MAKE_TEMPORARY(mkstemps64, (char *path, int suffix), (path, suffix))
MAKE_TEMPORARY(mkostemps, (char *path, int suffix, int flags), (path, suffix, flags))
MAKE_TEMPORARY(mkostemps64, (char *path, int suffix, int flags), (path, suffix, flags))

char *mkdtemp(char *path) {
    NEXT(mkdtemp);
    char *made = next(path);
    if (!made) denied(-1, AT_FDCWD, path);
    return made;
}
