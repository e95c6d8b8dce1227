/* SPDX-License-Identifier: Apache-2.0 */
/* Most members end within their start. Going on from there would nest as deep as the crew is big, so one loop starts
 * member after member while the crew is held, and crew_ended() only goes on for a member that ended later.
 *
 * A crew whose members wait for each other is over when nothing runs and nothing is ready: then the rest can never
 * start. */
#include "runner/crew.h"

#include <errno.h>

static bool is_waiting(const struct crew *c, size_t i) {
        return !c->started || !c->started[i];
}

/* The next member to start, or count. */
static size_t find_ready(struct crew *c) {
        while (c->first < c->count && !is_waiting(c, c->first))
                c->first++;
        if (!c->ops->is_ready)
                return c->first;
        for (size_t i = c->first; i < c->count; i++)
                if (is_waiting(c, i) && c->ops->is_ready(c->userdata, i))
                        return i;
        return c->count;
}

static void start_member(struct crew *c, size_t i) {
        if (c->started)
                c->started[i] = true;
        else
                c->first = i + 1;
        c->running++;
        c->ops->start(c->userdata, i);
}

static void go_on(struct crew *c) {
        size_t i = 0;

        if (c->held > 0 || c->over)
                return;
        c->held++;
        while (!c->stopped && (c->limit == 0 || c->running < c->limit) && (i = find_ready(c)) < c->count)
                start_member(c, i);
        c->held--;
        if (c->running > 0)
                return;
        c->over = true;
        c->ops->on_over(c->userdata);
}

int crew_start(struct crew *c) {
        if (c->ops->is_ready && c->count > 0) {
                c->started = calloc(c->count, sizeof(*c->started));
                if (!c->started)
                        return -ENOMEM;
        }
        go_on(c);
        return 0;
}

void crew_ended(struct crew *c) {
        c->running--;
        go_on(c);
}

void crew_stop(struct crew *c) {
        c->stopped = true;
}

void crew_hold(struct crew *c) {
        c->held++;
}

void crew_let_go(struct crew *c) {
        c->held--;
        go_on(c);
}

void crew_done(struct crew *c) {
        free(c->started);
        c->started = NULL;
}
