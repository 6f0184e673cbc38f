// Block devices that are none.
//
// An ordinary user cannot make a device, and no device of this machine is ever shown in a node. So the lab
// puts an empty regular file with mode 01000 (sticky, and nobody may open it) at the device's place in the
// node's /dev, with the device number as its time of change, and these calls report it as a block device.
#define _GNU_SOURCE
#include "next.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// Device number: (major << 8) | minor, minors up to 255 as in /dev/sd*.
#define MASQUERADE(status)                                                          \
    if (((status)->st_mode & 07777777) == (S_IFREG | S_ISVTX)) {                    \
        (status)->st_mode = S_IFBLK | 0660;                                         \
        (status)->st_rdev = makedev((unsigned)(status)->st_mtime >> 8, (unsigned)(status)->st_mtime & 255); \
        (status)->st_mtime = (status)->st_ctime;                                    \
    }

#define STAT(name, type, parameters, arguments)          \
    int name parameters {                                \
        NEXT(name);                                      \
        int result = next arguments;                     \
        if (result == 0) MASQUERADE(status)              \
        return result;                                   \
    }

STAT(stat, struct stat, (const char *path, struct stat *status), (path, status))
STAT(stat64, struct stat64, (const char *path, struct stat64 *status), (path, status))
STAT(lstat, struct stat, (const char *path, struct stat *status), (path, status))
STAT(lstat64, struct stat64, (const char *path, struct stat64 *status), (path, status))
STAT(fstat, struct stat, (int fd, struct stat *status), (fd, status))
STAT(fstat64, struct stat64, (int fd, struct stat64 *status), (fd, status))
STAT(fstatat, struct stat, (int folder, const char *path, struct stat *status, int flags),
     (folder, path, status, flags))
STAT(fstatat64, struct stat64, (int folder, const char *path, struct stat64 *status, int flags),
     (folder, path, status, flags))

// What stat() is in programs built against a C library older than 2.33.
int __xstat(int version, const char *path, struct stat *status);
int __xstat64(int version, const char *path, struct stat64 *status);
int __lxstat(int version, const char *path, struct stat *status);
int __lxstat64(int version, const char *path, struct stat64 *status);
int __fxstatat(int version, int folder, const char *path, struct stat *status, int flags);
int __fxstatat64(int version, int folder, const char *path, struct stat64 *status, int flags);
STAT(__xstat, struct stat, (int version, const char *path, struct stat *status), (version, path, status))
STAT(__xstat64, struct stat64, (int version, const char *path, struct stat64 *status),
     (version, path, status))
STAT(__lxstat, struct stat, (int version, const char *path, struct stat *status), (version, path, status))
STAT(__lxstat64, struct stat64, (int version, const char *path, struct stat64 *status),
     (version, path, status))
STAT(__fxstatat, struct stat, (int version, int folder, const char *path, struct stat *status, int flags),
     (version, folder, path, status, flags))
STAT(__fxstatat64, struct stat64,
     (int version, int folder, const char *path, struct stat64 *status, int flags),
     (version, folder, path, status, flags))

int statx(int folder, const char *path, int flags, unsigned mask, struct statx *status) {
    NEXT(statx);
    int result = next(folder, path, flags, mask | STATX_MODE | STATX_TYPE | STATX_MTIME, status);
    if (result == 0 && (status->stx_mode & 0177777) == (S_IFREG | S_ISVTX)) {
        status->stx_mode = S_IFBLK | 0660;
        status->stx_rdev_major = (unsigned)status->stx_mtime.tv_sec >> 8;
        status->stx_rdev_minor = (unsigned)status->stx_mtime.tv_sec & 255;
        status->stx_mtime = status->stx_ctime;
    }
    return result;
}
