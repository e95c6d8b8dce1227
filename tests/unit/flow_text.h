/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a flow that must be right, and looking into it: for the tests of the flow loader. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/flow/flow.h"
#include "common/flow/task_type.h"

#define LOG "io.kestra.plugin.core.log.Log"
#define SHELL "io.kestra.plugin.scripts.shell.Commands"

static inline struct flow *load_with(const char *text, const struct flow_load_options *options) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = BUF_INIT(0);
        struct flow *flow = NULL;
        int r = flow_load(text, strlen(text), "f.yaml", options, &diag, &flow);

        (void)diag_write(&diag, &out);
        if (r < 0 || diag.count > 0)
                fail_msg("%d for\n%s\n%s", r, text, out.data ? out.data : "");
        return flow;
}

/* Types that cannot run yet are accepted. */
static inline _unused_ struct flow *load(const char *text) {
        return load_with(text, &(struct flow_load_options){ .accept_unsupported = true });
}

static inline _unused_ void assert_json(const struct value *v, const char *json) {
        _cleanup_free_ char *text = json_to_text(v, JSON_COMPACT);

        assert_string_equal(text, json);
}

static inline _unused_ void assert_properties(const struct flow_task *t, const char *json) {
        assert_json(t->properties, json);
}
