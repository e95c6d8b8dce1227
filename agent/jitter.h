/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that spread retries and refreshes, and for nothing that must not be guessed. */
#pragma once

#include <stdint.h>

#include "common/base/cleanup.h"

struct jitter {
        uint32_t state; /* never 0 */
};

/* 0 or -errno: the system gives no random bytes. */
int jitter_init(struct jitter *j) _must_check_;
uint32_t jitter_next(struct jitter *j);
