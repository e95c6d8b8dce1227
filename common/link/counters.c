/* SPDX-License-Identifier: Apache-2.0 */
#include "common/link/counters.h"

#include <inttypes.h>
#include <stdbool.h>

static const struct {
        const char *key, *words;
        bool is_rare;
} names[COUNTER_COUNT] = {
        [COUNTER_RECEIVED] = { "received", "received", false },
        [COUNTER_REPEATED] = { "repeated", "repeated", true },
        [COUNTER_RETURNED] = { "returned", "returned", true },
        [COUNTER_SUCCEEDED] = { "succeeded", "succeeded", false },
        [COUNTER_FAILED] = { "failed", "failed", false },
        [COUNTER_CANCELLED] = { "cancelled", "cancelled", true },
        [COUNTER_DELETED] = { "deleted", "deleted", false },
        [COUNTER_DELETE_FAILURES] = { "deleteFailures", "failed deletes", true },
};

void counters_add(struct counters *sum, const struct counters *c) {
        for (unsigned i = 0; i < COUNTER_COUNT; i++)
                sum->of[i] += c->of[i];
}

const char *counter_key(enum counter c) {
        return names[c].key;
}

int counters_write(struct buf *out, const struct counters *c) {
        const char *before = "";

        for (unsigned i = 0; i < COUNTER_COUNT; i++) {
                if (names[i].is_rare && c->of[i] == 0)
                        continue;
                buf_appendf(out, "%s%" PRIu64 " %s", before, c->of[i], names[i].words);
                before = ", ";
        }
        return buf_error(out);
}
