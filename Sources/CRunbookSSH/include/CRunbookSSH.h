#ifndef RUNBOOK_SSH_H
#define RUNBOOK_SSH_H

#include <stddef.h>

/* ssh_options_set takes `const void *` and reads a string, an int or a bool through it, depending on the
 * option; Swift would pass a pointer to anything. These have one type each. The options are the values of
 * libssh's `enum ssh_options_e`. All answer libssh's own result, negative on failure. */

struct ssh_session_struct;

int runbook_ssh_set_string(struct ssh_session_struct *_Nonnull session, int option,
                           const char *_Nonnull value);

/* For the options that are read as a bool, which is one byte. */
int runbook_ssh_set_flag(struct ssh_session_struct *_Nonnull session, int option, int value);

/* The connected socket that the session is to use. From ssh_connect on the session owns it. */
int runbook_ssh_set_socket(struct ssh_session_struct *_Nonnull session, int descriptor);

/* Makes the session forget that its socket was given from outside, so that ssh_disconnect closes it like
 * one of its own and every path closes it exactly once. To be called after the first ssh_connect. */
void runbook_ssh_adopt_socket(struct ssh_session_struct *_Nonnull session);

/* poll(2) for one socket and one wake-up descriptor without an array at the caller. Answers the events of
 * the socket, bit 16 set when the wake-up is readable, 0 for a time-out, -1 for an error. */
int runbook_ssh_poll(int socket, int events, int wakeup, int timeout_milliseconds);

/* eventfd(2), which Swift's Glibc lacks: a descriptor that wakes a poll. Negative on failure. */
int runbook_ssh_bell(void);
void runbook_ssh_ring(int bell);
void runbook_ssh_hush(int bell);

#endif
