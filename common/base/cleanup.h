/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes and ownership macros: the vocabulary every other file is written in.
 *
 * An owning local is declared with _cleanup_(x_freep) where it is set; TAKE_PTR and TAKE_FD hand it over. For a type
 * with `x *x_free(x *)`, DEFINE_CLEANUP(x *, x_free) defines x_freep. */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _must_check_ __attribute__((warn_unused_result))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* Each argument is evaluated once; __COUNTER__ gives every use its own names, so that uses may nest. */
#define MIN(a, b) PICK_(a, <, b, __COUNTER__)
#define MAX(a, b) PICK_(a, >, b, __COUNTER__)
#define PICK_(a, is, b, n) PICK__(a, is, b, n)
#define PICK__(a, is, b, n)                                              \
        ({                                                               \
                __typeof__(a) _a##n = (a);                               \
                __typeof__(b) _b##n = (b);                               \
                _a##n is _b##n ? _a##n : _b##n;                          \
        })
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* Returns the pointer and leaves NULL behind: the one way to hand an owning local over. */
#define TAKE_PTR(p) ({ __typeof__(p) _taken = (p); (p) = NULL; _taken; })
/* The same for a file descriptor; -1 (-EBADF is not used) stays behind. */
#define TAKE_FD(fd) ({ int _taken = (fd); (fd) = -1; _taken; })

/* Defines `static inline void FREEp(TYPE *p)` that calls FREE on *p when it is set. */
#define DEFINE_CLEANUP(type, free_func)                                  \
        static inline _unused_ void free_func##p(type *p) {              \
                if (*p)                                                  \
                        free_func(*p);                                   \
        }

static inline void freep(void *p) {
        free(*(void **)p);
}

/* Closes fd when it is >= 0; errno is left alone. Returns -1, so that `fd = close_fd(fd)` reads well. */
static inline int close_fd(int fd) {
        int saved = errno;

        if (fd >= 0)
                (void)close(fd);
        errno = saved;
        return -1;
}

static inline void close_fdp(int *fd) {
        close_fd(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(close_fdp)
