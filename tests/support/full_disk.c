/* Preloaded: once DISK/filler exists, no file below DISK takes another byte. DISK is LOGCORR_FULL_DISK. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int full(int fd) {
    const char *disk = getenv("LOGCORR_FULL_DISK");
    char link[64], path[4096], filler[4096];
    if (!disk) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    size_t long_ = strlen(disk);
    if (strncmp(path, disk, long_) || path[long_] != '/') return 0;
    snprintf(filler, sizeof filler, "%s/filler", disk);
    return access(filler, F_OK) == 0;
}

#define GUARDED(name, parameters, arguments)                              \
    ssize_t name parameters {                                             \
        static ssize_t(*real) parameters;                                 \
        if (!real) real = (ssize_t(*) parameters)dlsym(RTLD_NEXT, #name); \
        if (full(fd)) {                                                   \
            errno = ENOSPC;                                               \
            return -1;                                                    \
        }                                                                 \
        return real arguments;                                            \
    }

GUARDED(write, (int fd, const void *data, size_t size), (fd, data, size))
GUARDED(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
GUARDED(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
GUARDED(writev, (int fd, const struct iovec *data, int count), (fd, data, count))
