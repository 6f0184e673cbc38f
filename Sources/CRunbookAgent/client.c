// An emulated command: everything it does happens in the lab's process.
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static char request[request_limit];
static size_t used;

static int add(const char *text) {
    size_t length = strlen(text) + 1;
    if (length > sizeof request - used) return -1;
    memcpy(request + used, text, length);
    used += length;
    return 0;
}

static int build_request(const char *name, int count, char **arguments) {
    char folder[4096], number[16];
    if (!getcwd(folder, sizeof folder)) strcpy(folder, "/");
    snprintf(number, sizeof number, "%d", count);
    int failed = add("command") | add(name) | add(folder) | add(number);
    for (int i = 0; i < count; i++) failed |= add(arguments[i]);
    for (char **variable = environ; *variable; variable++) failed |= add(*variable);
    return failed;
}

// Sends the request together with standard input, output and error.
static int send_request(int fd) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 3)];
    } control;
    struct iovec part = {.iov_base = request, .iov_len = used};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * 3);
    int descriptors[3] = {0, 1, 2};
    memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int client(const char *name, int count, char **arguments) {
    // A closed descriptor cannot be passed on; open() takes the lowest free number, so this fills 0 to 2.
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) return 255;
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/opt/lab/socket"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        fprintf(stderr, "%s: the lab does not answer: %s\n", name, strerror(errno));
        return 70;
    }
    if (build_request(name, count, arguments) || send_request(fd) < 0) {
        fprintf(stderr, "%s: the lab cannot take this command: too long\n", name);
        return 70;
    }
    int32_t status;
    ssize_t got;
    do got = recv(fd, &status, sizeof status, 0);
    while (got < 0 && errno == EINTR);
    return got == sizeof status ? status & 255 : 255;
}
