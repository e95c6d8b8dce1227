/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/ident.h"
#include "common/base/json.h"

static bool is_empty(const struct value *v) {
        return !v || value_type(v) == VALUE_NULL || (value_type(v) == VALUE_MAP && value_count(v) == 0);
}

/* [{"taskId", "value", "outputs"}], of task runs that have some. */
static struct value *tasks_json(const struct progress *p) {
        struct value *list = value_new_list();

        for (size_t i = 0; list && i < p->task_count; i++) {
                const struct store_task_run *t = &p->tasks[i].run;
                _cleanup_value_ struct value *outputs = parsed_json(t->outputs);
                struct value *v;

                if (!p->tasks[i].is_known || is_empty(outputs))
                        continue;
                v = value_new_map();
                if (v) {
                        value_map_put(v, "taskId", text_json(t->task_id));
                        value_map_put(v, "value", text_json(t->value));
                        value_map_put(v, "outputs", TAKE_PTR(outputs));
                }
                (void)value_list_add(list, v);
        }
        return list;
}

static void put_value(struct buf *out, const char *name, const struct value *v) {
        clean_put(out, name, strlen(name));
        buf_append_char(out, '\n');
        (void)put_json(out, v, JSON_PRETTY);
        buf_append_str(out, "\n\n");
}

static int print_text(const struct progress *p, const struct store_record *record) {
        _cleanup_value_ struct value *outputs = parsed_json(record->outputs);
        struct buf out = BUF_INIT(0), name = BUF_INIT(0);

        if (!is_empty(outputs))
                put_value(&out, record->flow, outputs);
        for (size_t i = 0; i < p->task_count; i++) {
                _cleanup_value_ struct value *v = p->tasks[i].is_known ? parsed_json(p->tasks[i].run.outputs) : NULL;

                buf_reset(&name);
                if (!is_empty(v) && progress_name(p, (uint32_t)i, &name) == 0)
                        put_value(&out, name.data, v);
        }
        buf_done(&name);
        if (buf_error(&out) < 0) {
                buf_done(&out);
                return complain("executions", EXIT_FAILED, "out of memory");
        }
        (void)fputs(out.len > 1 ? (out.data[out.len - 1] = '\0', out.data) : "no outputs\n", stdout);
        buf_done(&out);
        return EXIT_OK;
}

static int print_all_json(const struct progress *p, const struct store_record *record) {
        struct value *v = value_new_map();
        char id[IDENT_TEXT_SIZE];

        if (v) {
                value_map_put(v, "id", value_new_string(ident_format(record->id, id)));
                value_map_put(v, "flow", text_json(record->flow));
                value_map_put(v, "state", value_new_string(run_state_name(record->state)));
                value_map_put(v, "outputs", parsed_json(record->outputs));
                value_map_put(v, "tasks", tasks_json(p));
        }
        return print_json(v);
}

int executions_outputs(struct store_reader *reader, const struct executions_options *o, uint64_t id) {
        struct progress progress = { 0 };
        struct store_record record = { 0 };
        int code, r = executions_read(reader, id, &progress, &record);

        if (r < 0)
                code = executions_fail(reader, r);
        else
                code = o->download ? executions_download(o, &progress, record.outputs)
                       : o->json ? print_all_json(&progress, &record) : print_text(&progress, &record);
        executions_record_done(&record);
        progress_done(&progress);
        return code;
}
