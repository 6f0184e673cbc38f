// Where the /etc/pve trees are, and what is particular about them.
//
// A node's /etc/pve is a symbolic link to a bind mount below /run/pve, one that is writable or one that is
// read-only. The kernel says "Read-only file system" there; pmxcfs without quorum says "Permission denied",
// and runbooks and people look for that text.
#define _GNU_SOURCE
#include "link.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

LINK_ONLY_WHAT_IS_NEEDED

static const char trees[] = "/run/pve/";

static int starts_with_tree(const char *path) { return strncmp(path, trees, sizeof trees - 1) == 0; }

static int absolute(int folder, const char *path, char *result) {
    char link[64];
    if (path[0] == '/') return snprintf(result, PATH_MAX, "%s", path) < PATH_MAX;
    if (folder == AT_FDCWD) {
        if (!getcwd(result, PATH_MAX)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, result, PATH_MAX - 1);
        if (length < 0) return 0;
        result[length] = 0;
    }
    size_t used = strlen(result);
    return snprintf(result + used, PATH_MAX - used, "/%s", path) < (int)(PATH_MAX - used);
}

int in_tree(int folder, const char *path, int follow, char *resolved) {
    char whole[PATH_MAX], parent[PATH_MAX];
    int error = errno, found = 0;
    if (!path || !absolute(folder, path, whole)) goto done;
    if (follow && realpath(whole, resolved)) {
        found = starts_with_tree(resolved);
        goto done;
    }
    // It is not there yet, or its last part must not be followed: resolve the folder only.
    size_t length = strlen(whole);
    while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
    char *slash = strrchr(whole, '/');
    if (!slash) goto done;
    *slash = 0;
    if (!realpath(slash == whole ? "/" : whole, parent)) goto done;
    if (snprintf(resolved, PATH_MAX, "%s/%s", parent, slash + 1) >= PATH_MAX) goto done;
    found = starts_with_tree(resolved);
done:
    errno = error;
    return found;
}

int descriptor_in_tree(int fd) {
    char link[64], path[PATH_MAX];
    int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = error;
    if (length < 0) return 0;
    path[length] = 0;
    return starts_with_tree(path);
}

int denied(int result, int folder, const char *path) {
    char resolved[PATH_MAX];
    if (result == -1 && errno == EROFS && in_tree(folder, path, 1, resolved)) errno = EACCES;
    return result;
}

mode_t tree_mode(int folder, const char *path, mode_t mode, int is_folder) {
    // By the text, or by where a relative path begins: this is asked at every creation of a file.
    char whole[PATH_MAX];
    if (!absolute(folder, path, whole)) return mode;
    if (strncmp(whole, "/etc/pve/", 9) != 0 && !starts_with_tree(whole)) return mode;
    int secret = strstr(whole, "/priv/") != NULL;
    if (is_folder) return secret ? 0700 : 0750;
    return secret ? 0600 : 0640;
}

void tell_renamed(const char *resolved) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/opt/lab/socket"};
    char request[PATH_MAX + 16], answer[8];
    int error = errno;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        memcpy(request, "renamed", 8);
        size_t length = strlen(resolved) + 1;
        memcpy(request + 8, resolved, length);
        // Not for ever: a lab that is being taken down must not hang a program.
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (send(fd, request, 8 + length, MSG_NOSIGNAL) > 0 && poll(&polled, 1, 5000) > 0)
            (void)!recv(fd, answer, sizeof answer, 0);
    }
    if (fd >= 0) close(fd);
    errno = error;
}
