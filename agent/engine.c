/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/engine.h"

#include <stdarg.h>
#include <stdio.h>

void engine_fails(struct engine *e, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(e->problem, sizeof e->problem, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
        va_end(ap);
        e->failures++;
}

void engine_works(struct engine *e) {
        e->failures = 0;
}
