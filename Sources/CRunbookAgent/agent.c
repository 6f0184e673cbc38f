// Pid 1 of a practice node.
//
// The lab holds the other end of `channel`. A packet on it brings one end of a new socket pair; each such
// pair carries either one program (`exec`: the answer is its wait status; `signal N` may be sent meanwhile)
// or any number of file requests. Closing the pair sends SIGHUP to a program with a terminal and leaves any
// other alone, as sshd does: what it was told to do goes on.
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { connection_limit = 1024, field_limit = 4096 };

struct connection {
    int fd;
    pid_t program;  // 0: none
    int hangs_up;   // the program has a terminal, which goes away with the connection
};

static struct connection connections[connection_limit];
static int connection_count;
static struct packet packet;
static char *fields[field_limit + 1];

static int split_fields(void) {
    int count = 0;
    for (char *at = packet.bytes; at < packet.bytes + packet.length && count < field_limit; count++) {
        fields[count] = at;
        at += strlen(at) + 1;
    }
    fields[count] = NULL;
    return count;
}

static void run_program(int in, int out, int err, const char *folder, char **argv, char **env) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    // First out of the way of 0 to 2, which may be among the targets.
    in = fcntl(in, F_DUPFD, 10), out = fcntl(out, F_DUPFD, 10), err = fcntl(err, F_DUPFD, 10);
    if (in < 0 || out < 0 || err < 0) _exit(127);
    dup2(in, 0), dup2(out, 1), dup2(err, 2);
    syscall(SYS_close_range, 3, ~0U, 0);
    if (isatty(0)) ioctl(0, TIOCSCTTY, 0);
    umask(022);
    if (chdir(folder) != 0 && chdir("/") != 0) _exit(127);
    environ = env;
    execvp(argv[0], argv);
    _exit(errno == EACCES ? 126 : 127);
}

// Makes a terminal in this node (so that `tty` names one of its own); fd of the program's side, or -1.
static int open_terminal(int *controller, int rows, int columns) {
    *controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*controller < 0 || grantpt(*controller) < 0 || unlockpt(*controller) < 0) return -1;
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    ioctl(*controller, TIOCSWINSZ, &size);
    return open(ptsname(*controller), O_RDWR | O_NOCTTY | O_CLOEXEC);
}

// exec ROWS COLUMNS FOLDER COUNT ARG… VARIABLE…; ROWS 0: three descriptors came along, else a terminal.
static int start_program(struct connection *connection, int count) {
    if (count < 6 || connection->program) return -1;
    int rows = atoi(fields[1]), words = atoi(fields[4]), controller = -1;
    if (words < 1 || words > count - 5) return -1;
    int *passed = packet.passed;
    if (rows > 0) {
        int side = open_terminal(&controller, rows, atoi(fields[2]));
        for (int i = 0; i < 3; i++) passed[i] = side < 0 ? -1 : dup(side);
        if (side >= 0) close(side);
    }
    int32_t failure = passed[0] < 0 || passed[1] < 0 || passed[2] < 0 ? 127 << 8 : -1;
    if (failure == -1) {
        char **env = fields + 5 + words, *argv[words + 1];
        memcpy(argv, fields + 5, sizeof(char *) * (size_t)words);
        argv[words] = NULL;
        connection->hangs_up = rows > 0;
        connection->program = fork();
        if (connection->program == 0) run_program(passed[0], passed[1], passed[2], fields[3], argv, env);
        if (connection->program < 0) connection->program = 0, failure = 127 << 8;
    }
    if (controller >= 0) {
        send_packet(connection->fd, "terminal", 8, controller);
        close(controller);
    }
    if (failure != -1) send_packet(connection->fd, &failure, sizeof failure, -1);
    return 0;
}

static void close_connection(int index) {
    struct connection *connection = &connections[index];
    // The group exists only after the child's setsid(); before that the child is reached by its own number.
    if (connection->program > 0 && connection->hangs_up && kill(-connection->program, SIGHUP) < 0)
        kill(connection->program, SIGHUP);
    close(connection->fd);
    *connection = connections[--connection_count];
}

// False when the connection is over.
static int serve(struct connection *connection) {
    receive_packet(connection->fd, &packet);
    if (packet.length <= 0) return 0;
    int count = split_fields(), fine = 1;
    if (strcmp(fields[0], "exec") == 0) {
        fine = start_program(connection, count) == 0;
    } else if (strcmp(fields[0], "signal") == 0 && count == 2) {
        if (connection->program > 0) kill(-connection->program, atoi(fields[1]));
    } else {
        answer_file_request(connection->fd, fields, count);
    }
    for (int i = 0; i < passed_limit; i++)
        if (packet.passed[i] >= 0) close(packet.passed[i]);
    return fine;
}

static void reap(void) {
    int status;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
        for (int i = 0; i < connection_count; i++)
            if (connections[i].program == ended) {
                int32_t answer = status;
                connections[i].program = 0;
                send_packet(connections[i].fd, &answer, sizeof answer, -1);
            }
}

static void accept_connection(int channel) {
    receive_packet(channel, &packet);
    if (packet.length <= 0) _exit(0);  // the lab is gone, and with pid 1 the node
    if (packet.passed[0] < 0) return;
    if (connection_count == connection_limit) {
        close(packet.passed[0]);
        return;
    }
    connections[connection_count++] = (struct connection){.fd = packet.passed[0]};
}

int agent(const char *text) {
    int channel = atoi(text);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    signal(SIGPIPE, SIG_IGN);
    umask(0);
    fcntl(channel, F_SETFD, FD_CLOEXEC);
    int ended = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (ended < 0 || send_packet(channel, "ready", 5, -1) < 0) return 70;
    for (;;) {
        struct pollfd polled[connection_limit + 2];
        polled[0] = (struct pollfd){.fd = channel, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = ended, .events = POLLIN};
        int count = connection_count;
        for (int i = 0; i < count; i++)
            polled[i + 2] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
        if (poll(polled, (nfds_t)count + 2, -1) < 0 && errno != EINTR) return 70;
        if (polled[1].revents) {
            struct signalfd_siginfo information;
            while (read(ended, &information, sizeof information) > 0) {}
            reap();
        }
        // From the last to the first: closing one puts the last, already served one, in its place.
        for (int i = count - 1; i >= 0; i--)
            if (polled[i + 2].revents && !serve(&connections[i])) close_connection(i);
        if (polled[0].revents) accept_connection(channel);
    }
}
