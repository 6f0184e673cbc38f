#pragma once
#include <stddef.h>
#include <sys/types.h>

// Longest request: fields separated by NUL. Well under the kernel's limit for one packet (212 992).
enum { request_limit = 160 * 1024, passed_limit = 4 };

// One packet with the descriptors that came along; unused places are -1.
struct packet {
    ssize_t length;
    int passed[passed_limit];
    char bytes[request_limit];
};

// Receives one packet; length 0 at the end, -1 on an error.
void receive_packet(int fd, struct packet *packet);
// Sends one packet, with a descriptor unless it is -1. 0 or -1.
int send_packet(int fd, const void *bytes, size_t length, int descriptor);

int agent(const char *channel);
int client(const char *name, int count, char **arguments);

// Answers a request about files or sockets; the reply is sent on `fd`.
void answer_file_request(int fd, char **fields, int count);
