/* SPDX-License-Identifier: Apache-2.0 */
/* When a queue is asked for messages, for how many, and by how many receives at once. Pure.
 *
 * An idle queue has one open long poll that holds no slot. A queue whose last receive came back full has a backlog: its
 * receives answer at once, so several are open side by side and each holds the slots it asked for, for a second at most
 * (one that is still open then has found the queue empty). Nothing is asked for beyond what could start now (P6). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define POLL_SIZE_MAX 10u                    /* ReceiveMessage, MaxNumberOfMessages */
#define POLL_OPEN_MAX 16u                    /* receives side by side on one queue */
#define POLL_RESERVE_USEC UINT64_C(1000000)  /* how long an open receive holds slots */
#define POLL_LINGER_USEC UINT64_C(8000)      /* how long a busy queue waits for more slots, to ask for more at once */

struct poll_state {
        unsigned heat;          /* receives that may be open at once; at least 1 */
        bool hot;               /* the last receive came back full */
        unsigned open;
        unsigned failures;      /* in a row */
        unsigned early_empties; /* in a row: empty answers that did not wait */
        uint64_t not_before_usec;
        uint64_t starved_usec;  /* since when fewer slots are free than are worth a receive; 0: not */
};
#define POLL_STATE_INIT ((struct poll_state){ .heat = 1 })

/* How many messages to ask for in one more receive, opened now; 0: open none, and *ret_again_usec (set to USEC_INFINITY
 * when only an event can change that) says when to ask again. `capacity`: messages that could start now and are not
 * spoken for; `size_max`: the most one receive of this trigger can ever use. */
unsigned poll_next(struct poll_state *s, unsigned capacity, unsigned size_max, uint64_t now_usec,
                   uint64_t *ret_again_usec);

/* It lingers: poll_next() opened none because few slots are free. */
bool poll_is_starved(const struct poll_state *s);

/* Messages that a receive of `size` opened at `sent_usec` speaks for. */
unsigned poll_reserved(bool was_hot, unsigned size, uint64_t sent_usec, uint64_t now_usec);

/* A receive that asked for `size` came back with `count`. An empty answer that came much before the wait was over is
 * answered with a growing pause (up to 20 s): a server that ignores the wait must not be asked in a loop. */
void poll_answered(struct poll_state *s, unsigned size, unsigned count, uint64_t took_usec, unsigned wait_sec,
                   uint64_t now_usec, uint32_t random);
/* A receive failed; the next waits for `delay_usec`. */
void poll_failed(struct poll_state *s, uint64_t delay_usec, uint64_t now_usec);
