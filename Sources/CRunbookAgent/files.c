// File and socket requests: the lab looks into the node through pid 1, so that a symbolic link made in the
// node can only lead to places in the node.
#define _GNU_SOURCE
#include "agent.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void reply(int fd, int failed, int descriptor) {
    int32_t error = failed ? errno : 0;
    send_packet(fd, &error, sizeof error, descriptor);
}

// Removes a file, or a folder with all in it. Mounts are not entered: the file system's number does not tell
// them, since on an overlay each file may have its own, so the kernel is asked not to cross one.
static int remove_tree(int parent, const char *name) {
    if (unlinkat(parent, name, 0) == 0) return 0;
    if (errno != EISDIR && errno != EPERM) return -1;
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0) return 0;
    if (errno != ENOTEMPTY && errno != EEXIST) return -1;
    // The way to the folder itself, from the root, may lead over mounts.
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    if (parent != AT_FDCWD) how.resolve |= RESOLVE_NO_XDEV;
    int folder = (int)syscall(SYS_openat2, parent, name, &how, sizeof how);
    if (folder < 0) return -1;
    DIR *stream = fdopendir(folder);
    if (!stream) {
        close(folder);
        return -1;
    }
    int failed = 0;
    struct dirent *entry;
    while (!failed && (entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        failed = remove_tree(folder, entry->d_name);
    }
    int error = errno;
    closedir(stream);
    errno = error;
    return failed ? -1 : unlinkat(parent, name, AT_REMOVEDIR);
}

static int open_listener(const char *address, const char *port) {
    int yes = 1;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && listen(fd, 64) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void read_link(int fd, const char *path) {
    char answer[sizeof(int32_t) + 4096] = {0};
    ssize_t length = readlink(path, answer + sizeof(int32_t), 4096);
    int32_t error = length < 0 ? errno : 0;
    memcpy(answer, &error, sizeof error);
    send_packet(fd, answer, sizeof error + (length < 0 ? 0 : (size_t)length), -1);
}

void answer_file_request(int fd, char **fields, int count) {
    const char *what = fields[0];
    if (strcmp(what, "open") == 0 && count == 4) {
        // Non-blocking: a FIFO that somebody made in the node must not stop pid 1.
        int flags = atoi(fields[2]) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        int opened = open(fields[1], flags, (mode_t)atoi(fields[3]));
        reply(fd, opened < 0, opened);
        if (opened >= 0) close(opened);
    } else if (strcmp(what, "listen") == 0 && count == 3) {
        int listener = open_listener(fields[1], fields[2]);
        reply(fd, listener < 0, listener);
        if (listener >= 0) close(listener);
    } else if (strcmp(what, "mkdir") == 0 && count == 3) {
        reply(fd, mkdir(fields[1], (mode_t)atoi(fields[2])), -1);
    } else if (strcmp(what, "unlink") == 0 && count == 2) {
        reply(fd, remove(fields[1]), -1);
    } else if (strcmp(what, "remove") == 0 && count == 2) {
        reply(fd, remove_tree(AT_FDCWD, fields[1]), -1);
    } else if (strcmp(what, "symlink") == 0 && count == 3) {
        reply(fd, symlink(fields[1], fields[2]), -1);
    } else if (strcmp(what, "rename") == 0 && count == 3) {
        // The call itself, not the C library's: the preloaded rename() would ask the lab, which waits for us.
        reply(fd, (int)syscall(SYS_renameat2, AT_FDCWD, fields[1], AT_FDCWD, fields[2], 0), -1);
    } else if (strcmp(what, "readlink") == 0 && count == 2) {
        read_link(fd, fields[1]);
    } else {
        errno = ENOSYS;
        reply(fd, 1, -1);
    }
}
