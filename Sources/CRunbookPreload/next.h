#pragma once
#include <dlfcn.h>

// The C library's own function of the same name, looked up once.
#define NEXT(name)                                                      \
    static __typeof__(&name) next;                                      \
    if (!next) next = (__typeof__(&name))(void *)dlsym(RTLD_NEXT, #name)
