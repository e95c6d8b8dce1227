/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's end of PLACE_WANTED and PLACE_LEFT: the called executions of one runner that have a place, or wait for one
 * (places.h). Answers are put into the runner's link; whoever owns that is told to flush it. */
#pragma once

#include "common/link/places.h"
#include "common/link/runner_link.h"

struct call;

/* All zero before but for the first part. */
struct calls {
        struct places *places;         /* borrowed, as the link is */
        struct runner_link *link;
        void (*on_answer)(void *userdata); /* frames wait in the link */
        void *userdata;
        struct call *items;
};

/* An execution that is called from within the one whose place is `top` (it stays until calls_leave_all()) asks. An answer
 * follows, from within or by calls_answer(). 0; -EBADMSG: no runner asks like that; -ENOMEM: it was refused, if that fits. */
int calls_ask(struct calls *c, struct place *top, const struct frame_place *wanted) _must_check_;
/* It has ended, or waits no more. Legal for one that is not known. */
void calls_leave(struct calls *c, const struct frame_place *left);
/* The execution in which they were called is over, or its runner. Legal when nothing was ever asked. */
void calls_leave_all(struct calls *c);

/* For all that count in `places`: who waits and can have a place gets it, who must wait on is told so, who would wait for
 * ever now is refused. To be called when somebody asked or left, or the limits changed. */
void calls_answer(struct places *places);

/* Why an execution is one too many, for a flow that lets none wait. */
#define CALLS_FULL_TEXT_SIZE 80
const char *calls_full_text(const struct place_flow *f, char text[CALLS_FULL_TEXT_SIZE]);
