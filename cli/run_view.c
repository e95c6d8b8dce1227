/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_view.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/gantt.h"
#include "cli/output_files.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/ident.h"
#include "common/base/json.h"
#include "common/link/execution_file.h"

struct run_view *run_view_free(struct run_view *v) {
        if (v)
                v->ops->free(v);
        return NULL;
}

int run_view_start(struct run_view *v) {
        return v->ops->start(v);
}

int run_view_task_run(struct run_view *v, uint32_t index, bool has_changed) {
        return v->ops->task_run(v, index, has_changed);
}

int run_view_log(struct run_view *v, const struct frame_log *f) {
        return v->ops->log(v, f);
}

int run_view_say(struct run_view *v, const char *text) {
        return v->ops->say(v, text);
}

void run_view_flush(struct run_view *v) {
        v->ops->flush(v);
}

int run_view_end(struct run_view *v, const struct run_end *end) {
        return v->ops->end(v, end);
}

/* --- the end for people ---------------------------------------------------------------------------------------------- */

static void put_outputs(struct buf *out, const char *outputs) {
        _cleanup_value_ struct value *value = parsed_json(outputs);

        if (!value || value_type(value) != VALUE_MAP || value_count(value) == 0)
                return;
        buf_append_str(out, "\noutputs\n");
        (void)put_json(out, value, JSON_PRETTY);
        buf_append_char(out, '\n');
}

/* Those that somebody asks for; a flow may keep thousands. */
#define FILES_SHOWN 20

struct value *run_view_files(const struct run_view *v, const struct run_end *end) {
        struct output_files files = { 0 };
        struct value *list = output_files_find(v->subject.progress, end->record.outputs, &files) == 0 ? value_new_list() : NULL;

        for (size_t i = 0; list && i < files.count; i++) {
                _cleanup_free_ char *path = execution_file_path(v->subject.folder, files.items[i].uri);
                struct value *file = value_new_map();

                if (file) {
                        value_map_put(file, "uri", text_json(files.items[i].uri));
                        value_map_put(file, "path", text_json(v->subject.is_folder_temporary ? NULL : path));
                }
                (void)value_list_add(list, file);
        }
        output_files_done(&files);
        return list;
}

static void put_files(struct buf *out, const struct run_view *v, const struct run_end *end) {
        _cleanup_value_ struct value *files = run_view_files(v, end);
        size_t count = files ? value_count(files) : 0;
        char id[IDENT_TEXT_SIZE];

        if (count == 0)
                return;
        if (v->subject.is_folder_temporary) {
                buf_appendf(out, "\n%zu file%s not kept: there is no state folder that can be written, and no --folder\n", count,
                            count == 1 ? " is" : "s are");
                return;
        }
        buf_append_str(out, "\nfiles\n");
        for (size_t i = 0; i < MIN(count, (size_t)FILES_SHOWN); i++) {
                const char *path = value_map_string(value_list_at(files, i), "path");

                clean_put(out, path ? path : "", path ? strlen(path) : 0);
                buf_append_char(out, '\n');
        }
        if (count > FILES_SHOWN)
                buf_appendf(out, "and %zu more: sqsflow executions outputs %s --download DIR\n", count - FILES_SHOWN,
                            ident_format(end->record.id, id));
}

static void put_field(struct buf *out, const char *name, const char *text) {
        if (!text)
                return;
        buf_appendf(out, "%s", name);
        clean_put(out, text, strlen(text));
        buf_append_char(out, '\n');
}

static void put_state(const struct run_view *v, const struct canvas *canvas, const struct store_record *record,
                      struct buf *out) {
        const char *state = run_state_name(record->state);
        char took[48], id[IDENT_TEXT_SIZE];

        style_put(out, canvas->colour, style_of_state(record->state), state, strlen(state));
        buf_appendf(out, "  %s in %s  (%s)\n", record->flow,
                    duration_text(record->start_usec, record->end_usec, 0, took), ident_format(record->id, id));
        put_field(out, "", record->error);
}

int run_view_print_end(const struct run_view *v, const struct run_end *end) {
        const struct progress *p = v->subject.progress;
        struct canvas canvas = terminal_canvas();
        struct buf out = BUF_INIT(0);
        int r;

        buf_append_char(&out, '\n');
        r = gantt_write_progress(p, end->record.end_usec, &canvas, &out);
        put_state(v, &canvas, &end->record, &out);
        put_field(&out, "would stay in the queue: ", end->batch_failures);
        put_outputs(&out, end->record.outputs);
        put_files(&out, v, end);
        if (end->is_folder_kept)
                put_field(&out, "\nfolder  ", v->subject.folder);
        put_field(&out, "\nnot recorded: ", end->unrecorded);
        if (r == 0)
                r = buf_error(&out);
        if (r == 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        buf_done(&out);
        return r;
}
