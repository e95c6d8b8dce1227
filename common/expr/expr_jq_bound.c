/* SPDX-License-Identifier: Apache-2.0 */
/* libjq looks at its halt flag before each instruction of a program, so setting that flag (jq_halt: plain stores) is all
 * that has to happen at the right time, and a signal handler may do it. ITIMER_PROF counts this process's CPU time, user
 * and system, so a busy machine makes no program fail. The handler looks at the peak of the resident memory, too: a
 * recursion without end eats it faster than time.
 *
 * The program is stopped at an instruction: nothing is left undone, no memory is lost. The handler stays, for a tick that is
 * on its way still when the timer is stopped already. */
#include "common/expr/expr_jq_bound.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "common/base/clock.h"

#define TICK_USEC 20000

static struct {
        void (*halt)(void *userdata);
        void *userdata;
        uint64_t begin_usec, cpu_usec, begin_bytes;
        volatile sig_atomic_t excess;
} bound;

static uint64_t cpu_now(void) {
        struct timespec t = { 0 };

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t peak_bytes(void) {
        struct rusage u = { 0 };

        (void)getrusage(RUSAGE_SELF, &u);
        return (uint64_t)u.ru_maxrss * 1024;
}

static void on_tick(int number) {
        int saved = errno;

        if (!bound.halt)
                return;
        if (bound.excess == JQ_WITHIN) {
                if (cpu_now() - bound.begin_usec > bound.cpu_usec)
                        bound.excess = JQ_TOO_LONG;
                else if (peak_bytes() - bound.begin_bytes > JQ_BYTES_MAX)
                        bound.excess = JQ_TOO_BIG;
        }
        if (bound.excess != JQ_WITHIN)
                bound.halt(bound.userdata);
        errno = saved;
}

static int set_timer(long usec) {
        const struct itimerval t = { .it_interval.tv_usec = usec, .it_value.tv_usec = usec };

        return setitimer(ITIMER_PROF, &t, NULL) < 0 ? -errno : 0;
}

int jq_bound_begin(uint64_t cpu_usec, void (*halt)(void *userdata), void *userdata) {
        struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
        int r;

        bound.halt = halt;
        bound.userdata = userdata;
        bound.begin_usec = cpu_now();
        bound.cpu_usec = cpu_usec;
        bound.begin_bytes = peak_bytes();
        bound.excess = JQ_WITHIN;
        if (sigaction(SIGPROF, &action, NULL) < 0)
                return -errno;
        r = set_timer(TICK_USEC);
        if (r < 0)
                bound.halt = NULL;
        return r;
}

enum jq_excess jq_bound_end(uint64_t *ret_cpu_usec) {
        (void)set_timer(0);
        bound.halt = NULL;
        *ret_cpu_usec = cpu_now() - bound.begin_usec;
        return (enum jq_excess)bound.excess;
}
