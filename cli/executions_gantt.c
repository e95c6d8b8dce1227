/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/gantt.h"
#include "cli/records.h"
#include "common/base/clock.h"
#include "common/base/ident.h"

/* What the chart shows, for other programs to draw: times count from the start. */
static struct value *row_json(const struct progress *p, struct progress_place place, uint64_t end_usec) {
        const struct store_task_run *t = &progress_task(p, place.index)->run;
        struct value *v = task_run_json(t);
        uint64_t run_end_usec = t->end_usec ? t->end_usec : end_usec;

        if (!v)
                return NULL;
        value_map_remove(v, "outputs");
        value_map_put(v, "depth", value_new_int(place.depth));
        value_map_put(v, "fromSeconds", t->start_usec ? value_new_double((double)usec_sub(t->start_usec, p->start_usec) / 1e6)
                                                      : value_new_null());
        value_map_put(v, "toSeconds", t->start_usec ? value_new_double((double)usec_sub(run_end_usec, p->start_usec) / 1e6)
                                                    : value_new_null());
        return v;
}

static int print_rows_json(const struct progress *p, const struct store_record *record, uint64_t end_usec) {
        size_t count = 0;
        _cleanup_free_ struct progress_place *places = progress_order(p, &count);
        struct value *v = record_json(record), *rows = value_new_list();

        for (size_t i = 0; places && rows && i < count; i++)
                (void)value_list_add(rows, row_json(p, places[i], end_usec));
        if (v)
                (void)value_map_put(v, "rows", value_ref(rows));
        value_unref(rows);
        return print_json(v);
}

static int print_chart(const struct progress *p, const struct store_record *record, uint64_t end_usec) {
        struct canvas canvas = terminal_canvas();
        const char *state = run_state_name(record->state);
        char id[IDENT_TEXT_SIZE], took[48];
        struct buf out = BUF_INIT(0);
        int r;

        style_put(&out, canvas.colour, style_of_state(record->state), state, strlen(state));
        buf_appendf(&out, "  %s  %s  (%s)\n", record->flow, duration_text(record->start_usec, end_usec, 0, took),
                    ident_format(record->id, id));
        r = gantt_write_progress(p, end_usec, &canvas, &out);
        if (r == 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        buf_done(&out);
        return r < 0 ? complain("executions", EXIT_FAILED, "out of memory") : EXIT_OK;
}

int executions_gantt(struct store_reader *reader, const struct executions_options *o, uint64_t id) {
        struct progress progress = { 0 };
        struct store_record record = { 0 };
        int code, r = executions_read(reader, id, &progress, &record);
        uint64_t end_usec = record.end_usec ? record.end_usec : clock_realtime_usec();

        if (r < 0)
                code = executions_fail(reader, r);
        else
                code = o->json ? print_rows_json(&progress, &record, end_usec) : print_chart(&progress, &record, end_usec);
        executions_record_done(&record);
        progress_done(&progress);
        return code;
}
