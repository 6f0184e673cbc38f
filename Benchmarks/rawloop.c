/*
 * The limit that runbook is measured against: a plain loop over libssh, one session a host and one exec channel a
 * command, TCP_NODELAY on; no checks, no journal, no claims. It is what a person would write by hand.
 *
 *   rawloop PORT KEY HOSTS COMMAND...      runs the commands one after the other, on host 0, 1, ... in turn
 *   rawloop -p PORT KEY HOSTS COMMAND...   runs all commands on every host, hosts side by side (a thread each)
 *
 * Every host is 127.0.0.1:PORT. Each command's output is read to its end and its status must be 0.
 */
#include <libssh/libssh.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *key;
static int port, count;
static char **commands;

static void die(const char *what, ssh_session session) {
    fprintf(stderr, "%s: %s\n", what, session ? ssh_get_error(session) : "");
    exit(1);
}

static ssh_session login(void) {
    ssh_session session = ssh_new();
    int on = 1, off = 0;
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &off);
    ssh_options_set(session, SSH_OPTIONS_HOST, "127.0.0.1");
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_NODELAY, &on);
    if (ssh_connect(session) != SSH_OK) die("connect", session);
    ssh_key private_key;
    if (ssh_pki_import_privkey_file(key, NULL, NULL, NULL, &private_key) != SSH_OK) die("key", NULL);
    if (ssh_userauth_publickey(session, NULL, private_key) != SSH_AUTH_SUCCESS) die("login", session);
    ssh_key_free(private_key);
    return session;
}

static void run(ssh_session session, const char *command) {
    char buffer[32768];
    ssh_channel channel = ssh_channel_new(session);
    if (ssh_channel_open_session(channel) != SSH_OK) die("open", session);
    if (ssh_channel_request_exec(channel, command) != SSH_OK) die("exec", session);
    while (ssh_channel_read(channel, buffer, sizeof buffer, 0) > 0) {}
    while (ssh_channel_read(channel, buffer, sizeof buffer, 1) > 0) {}
    if (ssh_channel_get_exit_status(channel) != 0) die("status", session);
    ssh_channel_close(channel);
    ssh_channel_free(channel);
}

static void *all(void *unused) {
    ssh_session session = login();
    (void)unused;
    for (int i = 0; i < count; i++) run(session, commands[i]);
    ssh_disconnect(session);
    ssh_free(session);
    return NULL;
}

int main(int argc, char **argv) {
    int together = argc > 1 && strcmp(argv[1], "-p") == 0;
    argv += together, argc -= together;
    if (argc < 5) return 64;
    port = atoi(argv[1]);
    key = argv[2];
    int hosts = atoi(argv[3]);
    commands = argv + 4;
    count = argc - 4;
    if (together) {
        pthread_t threads[hosts];
        for (int i = 0; i < hosts; i++) pthread_create(&threads[i], NULL, all, NULL);
        for (int i = 0; i < hosts; i++) pthread_join(threads[i], NULL);
        return 0;
    }
    ssh_session sessions[hosts];
    for (int i = 0; i < hosts; i++) sessions[i] = login();
    for (int i = 0; i < count; i++) run(sessions[i % hosts], commands[i]);
    for (int i = 0; i < hosts; i++) ssh_disconnect(sessions[i]), ssh_free(sessions[i]);
    return 0;
}
