/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/supply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

const char *supply_describe_death(int status, char text[static DEATH_TEXT_SIZE]) {
        if (WIFSIGNALED(status))
                snprintf(text, DEATH_TEXT_SIZE, "the runner was killed by signal %d", WTERMSIG(status));
        else
                snprintf(text, DEATH_TEXT_SIZE, "the runner ended unexpectedly with status %d", WEXITSTATUS(status));
        return text;
}

static void cannot_start(struct supply *s, int error) {
        s->engine->is_short = true;
        engine_fails(s->engine, "the runner %s cannot be started: %s", s->runners->program, strerror(-error));
}

int supply_take(struct supply *s, void *work, struct runner **ret) {
        int r;

        if (s->engine->is_short && !runners_have_ready(s->runners)) {
                s->engine->failures++;
                return -EAGAIN;
        }
        r = runners_take(s->runners, work, ret);
        if (r < 0)
                cannot_start(s, r);
        return r;
}

void supply_returned(struct supply *s) {
        if (s->engine->failures == 0)
                return;
        engine_works(s->engine);
        wish_turn(s->wishes);
}

void supply_probe(struct supply *s) {
        int r = runners_try(s->runners);

        if (r < 0)
                cannot_start(s, r);
        if (runners_have_ready(s->runners))
                supply_returned(s);
}

void supply_ready(struct supply *s) {
        s->engine->is_short = false;
        supply_returned(s);
}

void supply_stillborn(struct supply *s, int status) {
        char text[DEATH_TEXT_SIZE];

        s->engine->is_short = true;
        engine_fails(s->engine, "%s before it was ready: %s", supply_describe_death(status, text), s->runners->program);
        wish_turn(s->wishes);
}
