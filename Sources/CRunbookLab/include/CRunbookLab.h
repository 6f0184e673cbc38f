// What Swift cannot say by itself about Linux: control messages are macros in C.
#pragma once
#include <stddef.h>

// Sends one packet together with at most 8 descriptors. The number of bytes sent, or -1 with errno.
long runbook_lab_send(int fd, const void *bytes, size_t length, const int *passed, size_t count);

// Receives one packet; descriptors that came along are put into `passed` (at most `limit`, close-on-exec)
// and counted in `*count`. Length 0: the other side is gone. -1 with errno.
long runbook_lab_receive(int fd, void *bytes, size_t length, int *passed, size_t limit, size_t *count);

// A unix socket of whole packets with a path of any length: `name` in the folder `folder`.
int runbook_lab_listen_unix(int folder, const char *name);
int runbook_lab_connect_unix(int folder, const char *name);

// A listening TCP socket on an IPv4 address; port 0 takes a free one. fd, or -1 with errno.
int runbook_lab_listen_tcp(const char *address, unsigned short port);
// Port that a socket is bound to.
int runbook_lab_port(int fd);
// Sends what is written at once (Nagle's delay costs 40 ms an SSH request).
void runbook_lab_no_delay(int fd);

// Starts a program found on PATH with descriptors[0] as 0, descriptors[1] as 1 … and nothing else open, no
// signal blocked, in a session of its own if asked. Its pid, or -1 with errno.
int runbook_lab_spawn(char *const argv[], const int *descriptors, size_t count, int own_session);
// Both ends of a pipe, close-on-exec. 0 or -1.
int runbook_lab_pipe(int ends[2]);
// accept4 with close-on-exec.
int runbook_lab_accept(int listener);
