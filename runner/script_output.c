/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/script_output.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/log_level.h"
#include "runner/output_line.h"
#include "runner/task_run.h"

static int take_vars(struct script_output *o, const struct value *outputs) {
        if (!outputs)
                return 0;
        if (!o->vars)
                o->vars = value_new_map();
        if (!o->vars)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(outputs); i++) {
                int r = value_map_put(o->vars, value_map_key_at(outputs, i), value_ref(value_map_at(outputs, i)));
                if (r < 0)
                        return r;
        }
        return 0;
}

static struct bytes text_bytes(const char *s) {
        return (struct bytes){ s, s ? strlen(s) : 0 };
}

static void tell_metric(struct task_run *run, const struct value *metric) {
        const struct value *tags = value_map_get(metric, "tags"), *value = value_map_get(metric, "value");
        const char *name = value_map_string(metric, "name"), *type = value_map_string(metric, "type");
        const struct secrets *secrets = &run->execution->top->secrets;
        _cleanup_(buf_done) struct buf tag_text = BUF_INIT(64ul * 1024), name_text = BUF_INIT(64ul * 1024);
        double number;

        if (!name || !value || value_type(value) != VALUE_NUMBER || value_to_double(value, &number) < 0) {
                execution_logf(run->execution, run, LOG_WARNING, "a metric without a name or a number was left out");
                return;
        }
        if (tags && value_type(tags) == VALUE_MAP && secrets_write_masked(secrets, &tag_text, tags) < 0)
                return;
        if (secrets_mask(secrets, &name_text, name, strlen(name)) < 0)
                return;
        const struct frame_metric f = {
                .task_run = run->index,
                .name = { name_text.data, name_text.len },
                .type = text_bytes(type ? type : "counter"),
                .tags = { tag_text.data, tag_text.len },
                .value = number,
        };
        (void)outbox_metric(run->execution->shop.outbox, &f);
}

static void tell_log(struct task_run *run, const struct value *log) {
        const struct value *message = value_map_get(log, "message");

        if (message && value_type(message) == VALUE_STRING)
                execution_log(run->execution, run, log_level_of(value_map_string(log, "level"), LOG_INFO),
                              value_string(message), value_string_len(message));
}

static void take_parts(struct script_output *o, struct task_run *run, const struct output_line *l) {
        if (take_vars(o, l->outputs) < 0)
                execution_logf(run->execution, run, LOG_ERR, "out of memory: an output line was left out");
        for (size_t i = 0; l->metrics && i < value_count(l->metrics); i++)
                tell_metric(run, value_list_at(l->metrics, i));
        for (size_t i = 0; l->logs && i < value_count(l->logs); i++)
                tell_log(run, value_list_at(l->logs, i));
}

static bool account(struct script_output *o, struct task_run *run, size_t len) {
        o->bytes += len;
        if (o->bytes <= SCRIPT_OUTPUT_BYTES_MAX)
                return true;
        if (!o->full)
                execution_logf(run->execution, run, LOG_WARNING, "the task has printed over %lu MiB of output lines: the "
                               "rest is left out", SCRIPT_OUTPUT_BYTES_MAX / 1024 / 1024);
        o->full = true;
        return false;
}

void script_output_line(struct script_output *o, struct task_run *run, int level, const char *text, size_t len,
                        bool cut) {
        _cleanup_(output_line_done) struct output_line l = { 0 };
        const char *problem = NULL;
        int r = cut ? 1 : output_line_parse(text, len, &l, &problem);

        if (r == 0) {
                if (account(o, run, len))
                        take_parts(o, run, &l);
                return;
        }
        if (r == -EBADMSG)
                execution_logf(run->execution, run, LOG_WARNING, "the next line looks like outputs, but is none: %s",
                               problem);
        execution_log(run->execution, run, level, text, len);
        if (cut)
                execution_logf(run->execution, run, LOG_WARNING, "the line before was longer and is cut");
}

struct value *script_output_take(struct script_output *o) {
        return o->vars ? TAKE_PTR(o->vars) : value_new_map();
}

void script_output_done(struct script_output *o) {
        o->vars = value_unref(o->vars);
}
