// Calls that change names or attributes.
#define _GNU_SOURCE
#include "next.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

// NAME(parameters), called with arguments, judged by a folder and a path.
#define DENIED(name, parameters, arguments, folder, path) \
    int name parameters {                                 \
        NEXT(name);                                       \
        return denied(next arguments, folder, path);      \
    }

int mkdir(const char *path, mode_t mode) {
    NEXT(mkdir);
    return denied(next(path, tree_mode(AT_FDCWD, path, mode, 1)), AT_FDCWD, path);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    NEXT(mkdirat);
    return denied(next(folder, path, tree_mode(folder, path, mode, 1)), folder, path);
}

DENIED(unlink, (const char *path), (path), AT_FDCWD, path)
DENIED(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), folder, path)
DENIED(rmdir, (const char *path), (path), AT_FDCWD, path)
DENIED(remove, (const char *path), (path), AT_FDCWD, path)
DENIED(symlink, (const char *to, const char *path), (to, path), AT_FDCWD, path)
DENIED(symlinkat, (const char *to, int folder, const char *path), (to, folder, path), folder, path)
DENIED(mkfifo, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
DENIED(mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device), AT_FDCWD, path)
DENIED(truncate, (const char *path, off_t size), (path, size), AT_FDCWD, path)
DENIED(truncate64, (const char *path, off64_t size), (path, size), AT_FDCWD, path)
DENIED(utime, (const char *path, const struct utimbuf *times), (path, times), AT_FDCWD, path)
DENIED(utimes, (const char *path, const struct timeval *times), (path, times), AT_FDCWD, path)
DENIED(access, (const char *path, int mode), (path, mode), AT_FDCWD, path)
DENIED(euidaccess, (const char *path, int mode), (path, mode), AT_FDCWD, path)
DENIED(eaccess, (const char *path, int mode), (path, mode), AT_FDCWD, path)
DENIED(faccessat, (int folder, const char *path, int mode, int flags), (folder, path, mode, flags), folder,
       path)

int utimensat(int folder, const char *path, const struct timespec *times, int flags) {
    NEXT(utimensat);
    // Without a path it is about `folder` itself; through `volatile` because the header says it cannot be.
    const char *volatile given = path;
    int result = next(folder, path, times, flags);
    if (given) return denied(result, folder, given);
    if (result == -1 && errno == EROFS && descriptor_in_tree(folder)) errno = EACCES;
    return result;
}

int futimens(int fd, const struct timespec *times) {
    NEXT(futimens);
    int result = next(fd, times);
    if (result == -1 && errno == EROFS && descriptor_in_tree(fd)) errno = EACCES;
    return result;
}

// pmxcfs acts on a rename of cluster.conf before the call returns: so does the lab.
static int renamed(int result, int folder, const char *path) {
    char resolved[PATH_MAX];
    if (result == 0 && in_tree(folder, path, 0, resolved)) tell_renamed(resolved);
    return denied(result, folder, path);
}

int rename(const char *from, const char *to) {
    NEXT(rename);
    return renamed(next(from, to), AT_FDCWD, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    NEXT(renameat);
    return renamed(next(from_folder, from, to_folder, to), to_folder, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    NEXT(renameat2);
    return renamed(next(from_folder, from, to_folder, to, flags), to_folder, to);
}

// pmxcfs has no hard links.
static int refuses_link(int folder, const char *path) {
    char resolved[PATH_MAX];
    if (!in_tree(folder, path, 0, resolved)) return 0;
    errno = EPERM;
    return 1;
}

int link(const char *from, const char *to) {
    if (refuses_link(AT_FDCWD, to)) return -1;
    NEXT(link);
    return next(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (refuses_link(to_folder, to)) return -1;
    NEXT(linkat);
    return next(from_folder, from, to_folder, to, flags);
}

// In pmxcfs the mode follows from the path: setting the one it has succeeds, any other is refused.
static int fixed_mode(const struct stat *status, mode_t mode) {
    if ((status->st_mode & 07777) == (mode & 07777)) return 0;
    errno = EPERM;
    return -1;
}

int chmod(const char *path, mode_t mode) {
    char resolved[PATH_MAX];
    struct stat status;
    if (in_tree(AT_FDCWD, path, 1, resolved) && stat(resolved, &status) == 0)
        return fixed_mode(&status, mode);
    NEXT(chmod);
    return next(path, mode);
}

int fchmodat(int folder, const char *path, mode_t mode, int flags) {
    char resolved[PATH_MAX];
    struct stat status;
    if (in_tree(folder, path, !(flags & AT_SYMLINK_NOFOLLOW), resolved) && lstat(resolved, &status) == 0)
        return fixed_mode(&status, mode);
    NEXT(fchmodat);
    return next(folder, path, mode, flags);
}

int fchmod(int fd, mode_t mode) {
    struct stat status;
    if (descriptor_in_tree(fd) && fstat(fd, &status) == 0) return fixed_mode(&status, mode);
    NEXT(fchmod);
    return next(fd, mode);
}

// Everything in pmxcfs belongs to root and www-data (33 on Debian); the lab maps no group but 0, so files
// show as root's, and asking for www-data is accepted without effect.
static int fixed_owner(uid_t user, gid_t group) {
    if ((user == 0 || user == (uid_t)-1) && (group == 0 || group == 33 || group == (gid_t)-1)) return 0;
    errno = EPERM;
    return -1;
}

int chown(const char *path, uid_t user, gid_t group) {
    char resolved[PATH_MAX];
    if (in_tree(AT_FDCWD, path, 1, resolved)) return fixed_owner(user, group);
    NEXT(chown);
    return next(path, user, group);
}

int lchown(const char *path, uid_t user, gid_t group) {
    char resolved[PATH_MAX];
    if (in_tree(AT_FDCWD, path, 0, resolved)) return fixed_owner(user, group);
    NEXT(lchown);
    return next(path, user, group);
}

int fchownat(int folder, const char *path, uid_t user, gid_t group, int flags) {
    char resolved[PATH_MAX];
    if (in_tree(folder, path, !(flags & AT_SYMLINK_NOFOLLOW), resolved)) return fixed_owner(user, group);
    NEXT(fchownat);
    return next(folder, path, user, group, flags);
}

int fchown(int fd, uid_t user, gid_t group) {
    if (descriptor_in_tree(fd)) return fixed_owner(user, group);
    NEXT(fchown);
    return next(fd, user, group);
}
