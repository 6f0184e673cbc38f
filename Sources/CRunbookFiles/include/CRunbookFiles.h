#ifndef CRUNBOOKFILES_H
#define CRUNBOOKFILES_H

#include <stdint.h>

// What Swift's Glibc module leaves out, because it is GNU's or not in one of the headers it covers.

/// fallocate(2) with FALLOC_FL_KEEP_SIZE: takes space for the range, the file's length stays. 0, or -1 and errno.
int runbook_files_reserve(int descriptor, int64_t offset, int64_t length);

/// The f_type of fstatfs(2), or -1 and errno.
int64_t runbook_files_magic(int descriptor);

/// The English text of an errno, never NULL; unlike strerror(3) safe to call from any thread.
const char *runbook_files_error_text(int number);

#endif
