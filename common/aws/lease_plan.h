/* SPDX-License-Identifier: Apache-2.0 */
/* What a lease needs, and when: pure arithmetic on CLOCK_BOOTTIME microseconds. (SQS developer guide, "Visibility
 * timeout": an extension counts from the call; 12 hours in total from the receive.) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEASE_CAP_USEC (UINT64_C(12) * 3600 * 1000000)
#define LEASE_BATCH_MAX 10u
#define LEASE_LINGER_USEC UINT64_C(80000) /* how long a delete waits for nine others */

struct lease_terms {
        uint64_t deadline_usec; /* until then the message is surely ours; moves only when SQS confirmed */
        uint64_t due_usec;      /* when the next extension is wanted */
        uint64_t received_usec;
        unsigned failures;      /* extensions that failed in a row */
};

/* After a receive. The visibility began between `sent_usec` (of the request) and `arrived_usec`: the extension is
 * planned as if early, within limits, and the deadline is the arrival's less what the request took beyond its wait, and
 * less a tenth of the visibility (at most a second) for the way back. */
struct lease_terms lease_received(uint64_t sent_usec, uint64_t arrived_usec, unsigned wait_sec, unsigned visibility_sec);

/* How many seconds to ask for now: the visibility, less near the 12 h cap; 0: the cap is reached. */
unsigned lease_extension_sec(const struct lease_terms *t, uint64_t now_usec, unsigned visibility_sec);

/* SQS confirmed an extension that was sent at `sent_usec`. The next is due after half of it, up to an eighth earlier by
 * `random`, so that leases taken together spread. */
void lease_extended(struct lease_terms *t, uint64_t sent_usec, unsigned granted_sec, uint32_t random);

/* An extension failed: try again soon, more slowly with each failure, but several times before the deadline. */
void lease_extension_failed(struct lease_terms *t, uint64_t now_usec, unsigned visibility_sec);

/* How long a call that is to keep this lease may take: so that another can follow it before the deadline, should this
 * one's connection have died without a word. */
uint64_t lease_call_limit_usec(const struct lease_terms *t, uint64_t now_usec);

enum lease_action { LEASE_KEEP, LEASE_EXTEND, LEASE_LOST };
/* What to do now. `slack_usec` brings extensions forward that are due so soon, to fill a batch. */
enum lease_action lease_decide(const struct lease_terms *t, uint64_t now_usec, uint64_t slack_usec,
                               unsigned visibility_sec);

/* How many of `count` queued deletes or releases to send now: whole batches at once, the rest when the oldest waited
 * for the linger (`linger_usec` 0: at once). */
size_t lease_batch_ready(size_t count, uint64_t oldest_usec, uint64_t now_usec, uint64_t linger_usec);
