/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/clock.h"
#include "common/base/ident.h"

static const struct table_column columns[] = {
        { "ID", false }, { "STATE", false }, { "FLOW", false }, { "TRIGGER", false }, { "STARTED", false },
        { "TOOK", true }, { "MESSAGE", false },
};

struct listing {
        struct table *table;
        struct value *json;
        uint64_t now_usec, count;
};

static int add_json(void *userdata, const struct store_record *r) {
        struct listing *l = userdata;

        return value_list_add(l->json, record_json(r));
}

/* "5fea7756-…", or how many when there are more. */
static void messages_text(const char *json, char out[64]) {
        _cleanup_value_ struct value *list = parsed_json(json);
        const struct value *id;

        *out = '\0';
        if (!list || value_type(list) != VALUE_LIST || value_count(list) == 0)
                return;
        if (value_count(list) > 1) {
                (void)snprintf(out, 64, "%zu messages", value_count(list));
                return;
        }
        id = value_type(value_list_at(list, 0)) == VALUE_LIST ? value_list_at(value_list_at(list, 0), 0) : NULL;
        if (id && value_type(id) == VALUE_STRING)
                (void)snprintf(out, 64, "%s", value_string(id));
}

static int add_row(void *userdata, const struct store_record *r) {
        struct listing *l = userdata;
        char id[IDENT_TEXT_SIZE], started[32], took[48], messages[64];
        int e = 0;

        l->count++;
        messages_text(r->messages, messages);
        e |= table_add(l->table, STYLE_PLAIN, ident_format(r->id, id));
        e |= table_add(l->table, style_of_state(r->state), run_state_name(r->state));
        e |= table_add(l->table, STYLE_PLAIN, r->flow);
        e |= table_add(l->table, STYLE_PLAIN, r->trigger ? r->trigger : "-");
        e |= table_add(l->table, STYLE_PLAIN, time_text(r->start_usec, l->now_usec, started));
        e |= table_add(l->table, STYLE_PLAIN, duration_text(r->start_usec, r->end_usec, l->now_usec, took));
        e |= table_add(l->table, STYLE_DIM, messages);
        return e;
}

static int print_table(struct store_reader *reader, const struct executions_options *o, struct listing *l) {
        int r;

        l->table = table_new(columns, ARRAY_SIZE(columns));
        if (!l->table)
                return complain("executions", EXIT_FAILED, "out of memory");
        r = store_reader_list(reader, &o->filter, add_row, l);
        if (r == 0 && l->count > 0)
                table_print(l->table);
        else if (r == 0)
                (void)puts("no executions");
        table_free(l->table);
        return r < 0 ? executions_fail(reader, r) : EXIT_OK;
}

int executions_list(struct store_reader *reader, const struct executions_options *o) {
        struct listing l = { .now_usec = clock_realtime_usec() };
        int r;

        if (!o->json)
                return print_table(reader, o, &l);
        l.json = value_new_list();
        if (!l.json)
                return complain("executions", EXIT_FAILED, "out of memory");
        r = store_reader_list(reader, &o->filter, add_json, &l);
        if (r == 0)
                return print_json(l.json);
        value_unref(l.json);
        return executions_fail(reader, r);
}
