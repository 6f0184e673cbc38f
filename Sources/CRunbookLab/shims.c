#define _GNU_SOURCE
#include "CRunbookLab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { passed_limit = 8 };

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * passed_limit)];
};

long runbook_lab_send(int fd, const void *bytes, size_t length, const int *passed, size_t count) {
    union control control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > passed_limit) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), passed, sizeof(int) * count);
    }
    ssize_t sent;
    do sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

long runbook_lab_receive(int fd, void *bytes, size_t length, int *passed, size_t limit, size_t *count) {
    union control control;
    struct iovec part = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    *count = 0;
    ssize_t got;
    do got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0) return got;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return got;
    size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < came; i++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
        if (i < limit) passed[(*count)++] = descriptor;
        else close(descriptor);
    }
    return got;
}

// Through /proc/self/fd, because a path in sun_path must be shorter than 108 bytes.
static int unix_socket(int folder, const char *name, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder, name);
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int closed(int fd) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int runbook_lab_listen_unix(int folder, const char *name) {
    struct sockaddr_un address;
    int fd = unix_socket(folder, name, &address);
    if (fd < 0) return -1;
    unlinkat(folder, name, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0) return closed(fd);
    return fd;
}

int runbook_lab_connect_unix(int folder, const char *name) {
    struct sockaddr_un address;
    int fd = unix_socket(folder, name, &address);
    if (fd < 0) return -1;
    return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? closed(fd) : fd;
}

int runbook_lab_listen_tcp(const char *text, unsigned short port) {
    int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0) return closed(fd);
    return fd;
}

int runbook_lab_port(int fd) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -1;
    return ntohs(address.sin_port);
}

void runbook_lab_no_delay(int fd) {
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

int runbook_lab_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int runbook_lab_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

int runbook_lab_spawn(char *const argv[], const int *descriptors, size_t count, int own_session) {
    int high = (int)count;  // above every source and target
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= high) high = descriptors[i] + 1;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, standard;
    pid_t pid = -1;
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // In two rounds, because one's source may be another's target.
    for (size_t i = 0; i < count; i++)
        posix_spawn_file_actions_adddup2(&actions, descriptors[i], high + (int)i);
    for (size_t i = 0; i < count; i++) posix_spawn_file_actions_adddup2(&actions, high + (int)i, (int)i);
    posix_spawn_file_actions_addclosefrom_np(&actions, (int)count);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              (own_session ? POSIX_SPAWN_SETSID : 0));
    int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    errno = error;
    return error ? -1 : pid;
}
