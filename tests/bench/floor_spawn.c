/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under any program that starts a process per message: posix_spawn and wait of `/bin/sh -c :`, PARALLEL at a
 * time, COUNT in all.
 *
 *     floor_spawn PARALLEL COUNT        prints {"processes": …, "per_second": …} */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static void start(void) {
        static char *const argv[] = { "/bin/sh", "-c", ":", NULL };
        pid_t pid;

        if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0) {
                fprintf(stderr, "posix_spawn failed\n");
                exit(1);
        }
}

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
        long parallel = argc == 3 ? strtol(argv[1], NULL, 10) : 0, count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
        long started = 0, ended = 0;
        double begun = now();

        if (parallel <= 0 || count <= 0) {
                fprintf(stderr, "usage: %s PARALLEL COUNT\n", argv[0]);
                return 2;
        }
        while (ended < count) {
                while (started < count && started - ended < parallel) {
                        start();
                        started++;
                }
                if (wait(NULL) > 0)
                        ended++;
        }
        printf("{\"processes\": %ld, \"per_second\": %.1f}\n", count, (double)count / (now() - begun));
        return 0;
}
