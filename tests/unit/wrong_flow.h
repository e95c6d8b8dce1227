/* SPDX-License-Identifier: Apache-2.0 */
/* A wrong flow and everything that must be said of it: for the tests of the flow loader. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/flow/flow.h"

/* Two lines; what follows starts on line 3. */
#define HEAD                                                                                                           \
        "id: f\n"                                                                                                      \
        "namespace: n\n"

struct wrong_flow {
        const char *text;
        const char *findings; /* as diag_write() shows them */
};

static inline void assert_wrong_flow(const struct wrong_flow *w) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = BUF_INIT(0);
        struct flow *flow = NULL;

        assert_int_equal(flow_load(w->text, strlen(w->text), "f.yaml", NULL, &diag, &flow), -EBADMSG);
        assert_null(flow);
        assert_int_equal(diag_write(&diag, &out), 0);
        if (strcmp(out.data, w->findings) != 0)
                print_error("%s\n", w->text);
        assert_string_equal(out.data, w->findings);
}
