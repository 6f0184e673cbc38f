#define _GNU_SOURCE
#include "CRunbookFiles.h"

#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

int runbook_files_reserve(int descriptor, int64_t offset, int64_t length) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
}

int64_t runbook_files_magic(int descriptor) {
    struct statfs status;
    // f_type is signed on some machines, and the magic numbers of SMB have their highest bit set.
    return fstatfs(descriptor, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}

const char *runbook_files_error_text(int number) {
    const char *text = strerrordesc_np(number);
    return text ? text : "unknown error";
}
