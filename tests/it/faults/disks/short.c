/* A system that takes less than it is given, as every one may: writes to files are interrupted, or end early. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_ulong calls, shorts;

/* A number for each call; with the same seed, the same. */
static unsigned long chance(void) {
    const char *seed = getenv("SHORT_SEED");
    unsigned long mixed = (seed ? strtoul(seed, 0, 10) : 1) + 0x9e3779b97f4a7c15ul * ++calls;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ul;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebul;
    return mixed ^ (mixed >> 31);
}

/* How much of a write to a file is taken; nothing stands for an interruption. */
static size_t taken(int file, size_t length) {
    struct stat what;
    if (length < 2 || fstat(file, &what) != 0 || !S_ISREG(what.st_mode)) return length;
    ++shorts;
    unsigned long number = chance();
    return number % 4 == 0 ? 0 : 1 + number % (length - 1);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    static ssize_t (*whole)(int, const void *, size_t, off64_t);
    if (!whole) *(void **)&whole = dlsym(RTLD_NEXT, "pwrite64");
    size_t part = taken(file, length);
    if (part == 0 && length != 0) { errno = EINTR; return -1; }
    return whole(file, bytes, part, offset);
}

ssize_t write(int file, const void *bytes, size_t length) {
    static ssize_t (*whole)(int, const void *, size_t);
    if (!whole) *(void **)&whole = dlsym(RTLD_NEXT, "write");
    size_t part = taken(file, length);
    if (part == 0 && length != 0) { errno = EINTR; return -1; }
    return whole(file, bytes, part);
}

/* How many there were is told where the test asks for it. */
__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("SHORT_TOLD");
    FILE *told = path ? fopen(path, "w") : 0;
    if (told) { fprintf(told, "%lu\n", shorts); fclose(told); }
}
