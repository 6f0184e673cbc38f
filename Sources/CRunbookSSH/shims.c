#include "CRunbookSSH.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>

int runbook_ssh_set_string(struct ssh_session_struct *session, int option, const char *value)
{
    return ssh_options_set(session, (enum ssh_options_e)option, value);
}

int runbook_ssh_set_flag(struct ssh_session_struct *session, int option, int value)
{
    bool flag = value != 0;
    return ssh_options_set(session, (enum ssh_options_e)option, &flag);
}

int runbook_ssh_set_socket(struct ssh_session_struct *session, int descriptor)
{
    socket_t socket = descriptor;
    return ssh_options_set(session, SSH_OPTIONS_FD, &socket);
}

void runbook_ssh_adopt_socket(struct ssh_session_struct *session)
{
    /* A null value resets the stored descriptor and reports an error, which is of no interest here. */
    (void)ssh_options_set(session, SSH_OPTIONS_FD, NULL);
}

int runbook_ssh_poll(int socket, int events, int wakeup, int timeout_milliseconds)
{
    struct pollfd set[2] = {
        { .fd = socket, .events = (short)events },
        { .fd = wakeup, .events = POLLIN },
    };
    int count = poll(set, 2, timeout_milliseconds);
    if (count < 0) {
        /* An interrupted wait is one that ended early: the callers look at their clock anyway. */
        return errno == EINTR ? 0 : -1;
    }
    return (set[0].revents & 0xffff) | (set[1].revents ? 1 << 16 : 0);
}

int runbook_ssh_bell(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void runbook_ssh_ring(int bell)
{
    (void)eventfd_write(bell, 1);
}

void runbook_ssh_hush(int bell)
{
    eventfd_t count;
    (void)eventfd_read(bell, &count);
}
