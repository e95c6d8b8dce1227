/* SPDX-License-Identifier: Apache-2.0 */
/* All the deadlines of the server in one binary heap: visibility, delay, retention, long polls.
 *
 * A timer is embedded in what it belongs to. timer_init() reserves its place in the heap, so that setting it later
 * cannot fail: a message that was accepted can always change its state. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct timer;
typedef void timer_on_fire(struct timer *t, uint64_t now_usec);

struct timer {
        uint64_t at_usec;
        size_t slot; /* place in the heap, counted from 1; 0 while it is not set */
        timer_on_fire *on_fire;
};

struct timers {
        struct timer **heap;
        size_t count, reserved, capacity;
};

#define TIMERS_INIT ((struct timers){ 0 })
void timers_done(struct timers *t);

/* Reserves a place. 0 or -ENOMEM; every success is undone by timer_done(). */
int timer_init(struct timers *all, struct timer *t, timer_on_fire *on_fire) _must_check_;
/* Unsets it and gives the place back. Legal on a zeroed timer that was never initialised. */
void timer_done(struct timers *all, struct timer *t);

/* Sets or moves it. */
void timer_set(struct timers *all, struct timer *t, uint64_t at_usec);
void timer_unset(struct timers *all, struct timer *t);

/* When the next one is due; UINT64_MAX when none is set. */
uint64_t timers_next(const struct timers *all);

/* Fires what is due, earliest first; each is unset before its callback, which may set it again. Returns how many. */
size_t timers_run(struct timers *all, uint64_t now_usec);
