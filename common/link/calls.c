/* SPDX-License-Identifier: Apache-2.0 */
/* A runner numbers the executions that are called in one of its own from 1; 0 is that one itself. A call whose place is
 * given back lives on as long as others name it as the one around them. */
#include "common/link/calls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "common/base/text.h"

#define OUT_OF_MEMORY "out of memory"

struct call {
        struct place place;
        struct calls *calls;
        struct call *outer;   /* referenced; NULL: top */
        uint64_t execution_id, number;
        unsigned refs;
        struct call *prev, *next; /* those of the runner that have a place or wait */
};

static void call_unref(struct call *call) {
        while (call && --call->refs == 0) {
                struct call *outer = call->outer;

                free(call);
                call = outer;
        }
}

/* The oldest come first, and they are the ones that get a place and leave. */
static struct call *find(const struct calls *c, uint64_t number) {
        struct call *call;

        DL_FOREACH(c->items, call)
                if (call->number == number)
                        return call;
        return NULL;
}

static void leave(struct call *call) {
        place_leave(&call->place);
        DL_DELETE(call->calls->items, call);
        call_unref(call);
}

void calls_leave(struct calls *c, const struct frame_place *left) {
        struct call *call = find(c, left->call);

        if (call)
                leave(call);
}

void calls_leave_all(struct calls *c) {
        while (c->items)
                leave(c->items->prev); /* the last: who waits goes before those around it */
}

/* --- answers ----------------------------------------------------------------------------------------------------------- */

const char *calls_full_text(const struct place_flow *f, char text[CALLS_FULL_TEXT_SIZE]) {
        (void)snprintf(text, CALLS_FULL_TEXT_SIZE, "the flow runs %u execution%s already (concurrency.limit)", f->taken,
                       f->taken == 1 ? "" : "s");
        return text;
}

static int answer(struct calls *c, uint64_t execution_id, uint64_t number, enum place_answer answer, const char *problem) {
        const struct frame_place f = { .execution_id = execution_id, .call = number, .answer = (uint8_t)answer,
                                       .problem = { problem, problem ? strlen(problem) : 0 } };
        int r = runner_link_place(c->link, &f);

        c->on_answer(c->userdata);
        return r;
}

static int answer_call(const struct call *call, enum place_answer said, const char *problem) {
        return answer(call->calls, call->execution_id, call->number, said, problem);
}

static int refuse(const struct call *call, enum place_answer why, const struct place_flow *f) {
        _cleanup_free_ char *stuck = NULL;
        char full[CALLS_FULL_TEXT_SIZE];

        if (why != PLACE_STUCK)
                return answer_call(call, why, calls_full_text(f, full));
        stuck = text_printf("flow '%s' is not run: its concurrency.limit is %u, and every execution that this lets run "
                            "waits for this task, itself or by way of others", f->flow_id, f->limit);
        return answer_call(call, why, stuck ? stuck : OUT_OF_MEMORY);
}

void calls_answer(struct places *places) {
        struct place *p;

        while ((p = places_next_stuck(places))) {
                struct call *call = CONTAINER_OF(p, struct call, place);

                (void)refuse(call, PLACE_STUCK, p->flow);
                leave(call);
        }
        while ((p = places_next(places)))
                (void)answer_call(CONTAINER_OF(p, struct call, place), PLACE_GIVEN, NULL);
        while ((p = places_next_untold(places)))
                (void)answer_call(CONTAINER_OF(p, struct call, place), PLACE_WAITS, NULL);
}

/* --- questions --------------------------------------------------------------------------------------------------------- */

static struct place_flow *find_flow(struct places *places, const struct frame_place *wanted) {
        _cleanup_free_ char *flow_id = text_dup_n(wanted->name.data ? wanted->name.data : "", wanted->name.len);
        struct place_flow *f = flow_id ? places_flow(places, flow_id) : NULL;

        if (f && !f->is_known) {
                f->limit = wanted->limit;
                f->behavior = (enum flow_concurrency_behavior)wanted->behavior;
        }
        return f;
}

static int call_new(struct calls *c, struct place *top, const struct frame_place *wanted, struct call **ret) {
        struct call *call = calloc(1, sizeof *call);

        if (!call)
                return -ENOMEM;
        call->calls = c;
        call->execution_id = wanted->execution_id;
        call->number = wanted->call;
        call->refs = 1;
        call->outer = find(c, wanted->outer);
        if (call->outer)
                call->outer->refs++;
        call->place.outer = call->outer ? &call->outer->place : top;
        DL_APPEND(c->items, call);
        *ret = call;
        return 0;
}

int calls_ask(struct calls *c, struct place *top, const struct frame_place *wanted) {
        struct place_flow *f;
        struct call *call;
        enum place_answer said;
        int r;

        if (wanted->behavior > FLOW_FAIL || wanted->call == 0 || find(c, wanted->call))
                return -EBADMSG;
        f = find_flow(c->places, wanted);
        r = f ? call_new(c, top, wanted, &call) : -ENOMEM;
        if (r < 0) {
                (void)answer(c, wanted->execution_id, wanted->call, PLACE_FAILED, OUT_OF_MEMORY);
                return r;
        }
        said = place_ask(&call->place, f);
        if (said == PLACE_WAITS)
                return 0;
        if (said == PLACE_GIVEN)
                return answer_call(call, said, NULL);
        r = refuse(call, said, f);
        leave(call);
        return r;
}
