#pragma once
#include <sys/stat.h>
#include <sys/types.h>

// Whether a path (relative to `folder`, as in openat) lies in one of the node's /etc/pve trees, its
// symbolic links followed, the last one only with `follow`. `resolved` gets the real path, PATH_MAX long.
int in_tree(int folder, const char *path, int follow, char *resolved);
// The same of an open file.
int descriptor_in_tree(int fd);
// Passes on the result of a call: "Read-only file system" in a tree becomes "Permission denied".
int denied(int result, int folder, const char *path);
// Mode with which pmxcfs shows a new file (0640, in priv 0600) or folder, in place of `mode`.
mode_t tree_mode(int folder, const char *path, mode_t mode, int is_folder);
// Tells the lab that a file was renamed to `resolved`, and waits for its answer.
void tell_renamed(const char *resolved);
