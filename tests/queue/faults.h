/* SPDX-License-Identifier: Apache-2.0 */
/* Injected faults: a list of rules, each rolled for every request it matches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/value.h"
#include "tests/queue/failure.h"

enum fault_kind {
        FAULT_DROP,               /* close the connection, do nothing */
        FAULT_DROP_AFTER,         /* do it, then close without an answer */
        FAULT_HANG,               /* never answer */
        FAULT_LATENCY,            /* do it, answer later */
        FAULT_PARTIAL,            /* fail some entries of a batch */
        FAULT_DUPLICATE_INFLIGHT, /* a receive returns messages that are in flight */
        FAULT_DUPLICATE_DELETED,  /* a delete is answered with success, and the message comes back: rolled at deletes,
                                     also when the rule's op is ReceiveMessage */
        FAULT_SHORT_POLL,         /* a receive that finds nothing does not wait */
        FAULT_EXPIRE_HANDLE,      /* handles are ReceiptHandleIsInvalid */
        FAULT_BAD_MD5,            /* a receive's MD5s are wrong */
        FAULT_GARBAGE,            /* the answer is no JSON */
        FAULT_REFUSALS,           /* from here on: a failure instead of the operation */
        FAULT_HTTP503 = FAULT_REFUSALS,
        FAULT_HTTP500,
        FAULT_THROTTLE,
        FAULT_ACCESS_DENIED,
        FAULT_EXPIRED_TOKEN,
        FAULT_INVALID_SIGNATURE,
        FAULT_QUEUE_GONE,
        FAULT_OVER_LIMIT,
        FAULT_KIND_COUNT,
};

struct fault_rule;

struct faults {
        struct fault_rule *rules;
        uint64_t random_state;
        uint64_t hit_counts[FAULT_KIND_COUNT]; /* requests; of the duplicates, messages */
};

/* What was rolled for one request. */
struct fault_hits {
        uint32_t kinds; /* a bit per kind */
        uint32_t latency_msec;
        double entry_probability; /* of FAULT_PARTIAL and FAULT_BAD_MD5 */
};

static inline bool fault_hit(const struct fault_hits *h, enum fault_kind kind) {
        return h->kinds & (1u << kind);
}

const char *fault_name(enum fault_kind kind);
enum failure_code fault_refusal(enum fault_kind kind); /* of the kinds from FAULT_REFUSALS on */

/* Adds the rules of a JSON list (or a single one): {"kind":…, "op":"*", "queue":null, "probability":1, "count":-1,
 * "ms":100, "entry_probability":0.5, "seed":null}. 0, FAILED with the reason and nothing added, or -ENOMEM. */
int faults_add(struct faults *f, const struct value *rules, struct failure *failure) _must_check_;
void faults_clear(struct faults *f);

/* Rolls every rule that matches. `queue` may be NULL. */
struct fault_hits faults_roll(struct faults *f, const char *operation, const char *queue);
/* Counts a message that was delivered again. */
void faults_count_duplicate(struct faults *f, enum fault_kind kind);
/* True with that probability. */
bool faults_chance(struct faults *f, double probability);

/* Appends the rules as JSON. */
int faults_write(const struct faults *f, struct buf *out);
