/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live_frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text.h"

#define COLUMNS_DEFAULT 80u
#define NAME_COLUMNS_MIN 8u
#define STATE_COLUMNS 9u
#define TOOK_COLUMNS 8u
#define COLUMNS_FOR_STATE 56u /* a narrower terminal has the sign alone */
#define DEPTH_MAX 16u

struct picture {
        const struct live_frame *frame;
        const struct canvas *canvas;
        const struct progress_place *places;
        size_t count;
        bool *chosen;              /* by place */
        size_t columns, name_columns;
        struct buf *out;
};

/* --- which lines ----------------------------------------------------------------------------------------------------- */

static const struct progress_task *task_at(const struct picture *p, size_t place) {
        return progress_task(p->frame->progress, p->places[place].index);
}

/* What runs, with everything above it; no more than `most`. Returns how many were chosen. */
static size_t choose_running(struct picture *p, size_t most) {
        size_t chosen = 0;

        for (size_t i = p->count; i > 0; i--) {
                bool below = false;

                /* Behind a task run stand those below it. */
                for (size_t n = i; !below && n < p->count && p->places[n].depth > p->places[i - 1].depth; n++)
                        below = p->chosen[n];
                p->chosen[i - 1] = below || !run_state_is_final(task_at(p, i - 1)->run.state);
        }
        for (size_t i = 0; i < p->count; i++) {
                p->chosen[i] = p->chosen[i] && chosen < most;
                chosen += p->chosen[i];
        }
        return chosen;
}

static void choose_latest(struct picture *p, size_t more) {
        for (size_t i = p->count; i > 0 && more > 0; i--) {
                if (p->chosen[i - 1])
                        continue;
                p->chosen[i - 1] = true;
                more--;
        }
}

/* Returns how many are left out. */
static size_t choose(struct picture *p) {
        size_t room = p->canvas->rows > 2 ? p->canvas->rows - 2 : 1; /* beside the head and the cursor */
        size_t chosen;

        if (p->canvas->rows == 0 || p->count <= room) {
                memset(p->chosen, true, p->count);
                return 0;
        }
        room -= room > 1; /* for the line that tells of the rest */
        chosen = choose_running(p, room);
        choose_latest(p, room - chosen);
        return p->count - room;
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static void put_blanks(struct buf *out, size_t count) {
        for (size_t i = 0; i < count; i++)
                buf_append_char(out, ' ');
}

/* A part of a line, with a style of its own. */
struct part {
        const char *text;
        size_t columns;   /* REST: what is left of the line; 0: left out */
        enum style style;
        bool right;
};
#define REST SIZE_MAX

static size_t put_part(const struct picture *p, const struct part *part, size_t used) {
        size_t room = p->columns > used ? p->columns - used : 0, columns = MIN(part->columns, room);
        size_t own = text_columns(part->text, strlen(part->text));
        struct buf text = BUF_INIT(0);

        put_blanks(&text, part->right && own < columns ? columns - own : 0);
        fit_put(&text, p->canvas, part->text, strlen(part->text), part->right ? MIN(own, columns) : columns,
                !part->right && part->columns != REST);
        if (buf_error(&text) == 0 && text.len > 0)
                style_put(p->out, p->canvas->colour, part->style, text.data, text.len);
        buf_done(&text);
        return used + columns;
}

static void put_line(const struct picture *p, const struct part *parts, size_t count) {
        size_t used = 0;

        for (size_t i = 0; i < count; i++)
                if (parts[i].columns > 0)
                        used = put_part(p, &parts[i], used);
        while (p->out->len > 0 && p->out->data[p->out->len - 1] == ' ')
                p->out->data[--p->out->len] = '\0';
        buf_append_char(p->out, '\n');
}

static const char *spinner(const struct picture *p) {
        static const char *const braille[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
        static const char *const ascii[] = { "|", "/", "-", "\\" };

        return p->canvas->utf8 ? braille[p->frame->tick % ARRAY_SIZE(braille)]
                               : ascii[p->frame->tick % ARRAY_SIZE(ascii)];
}

static const char *sign_of(const struct picture *p, enum run_state state) {
        return state == RUN_RUNNING || state == RUN_RETRYING || state == RUN_KILLING ? spinner(p)
                                                                                     : state_sign(state, p->canvas->utf8);
}

static const char *took_text(const struct picture *p, uint64_t start_usec, uint64_t end_usec, char out[DURATION_MAX]) {
        uint64_t took_usec = usec_sub(end_usec ? end_usec : p->frame->now_usec, start_usec);

        if (start_usec == 0)
                return "";
        if (!end_usec) /* a clock that shows more than tenths flickers */
                took_usec -= took_usec % (USEC_PER_SEC / 10);
        return duration_format_human(took_usec, out);
}

static void put_task(const struct picture *p, size_t place) {
        const struct progress_task *t = task_at(p, place);
        const struct store_task_run *r = &t->run;
        size_t indent = MIN(p->places[place].depth, DEPTH_MAX) * (size_t)2;
        enum style style = style_of_state(r->state);
        struct buf name = BUF_INIT(0);
        char took[DURATION_MAX];
        const char *last = r->error && run_state_is_final(r->state) ? r->error : t->last_line ? t->last_line : "";

        put_blanks(&name, MIN(indent, p->name_columns));
        buf_appendf(&name, "%s ", sign_of(p, r->state));
        progress_name(p->frame->progress, p->places[place].index, &name);
        if (buf_error(&name) == 0) {
                const struct part parts[] = {
                        { name.data, p->name_columns, style, false },
                        { "", 2, STYLE_PLAIN, false },
                        { run_state_name(r->state), p->columns >= COLUMNS_FOR_STATE ? STATE_COLUMNS : 0, style, false },
                        { took_text(p, r->start_usec, r->end_usec, took), TOOK_COLUMNS, STYLE_PLAIN, true },
                        { "", 2, STYLE_PLAIN, false },
                        { last, REST, r->error ? STYLE_BAD : STYLE_DIM, false },
                };

                put_line(p, parts, ARRAY_SIZE(parts));
        }
        buf_done(&name);
}

static void put_head(const struct picture *p) {
        const struct live_frame *f = p->frame;
        char took[DURATION_MAX];
        const char *state = run_state_name(f->state);
        const struct part parts[] = {
                { f->title, text_columns(f->title, strlen(f->title)), STYLE_BOLD, false },
                { "", 2, STYLE_PLAIN, false },
                { state, strlen(state), style_of_state(f->state), false },
                { "", 2, STYLE_PLAIN, false },
                { took_text(p, f->progress->start_usec, 0, took), TOOK_COLUMNS, STYLE_PLAIN, false },
                { "", 2, STYLE_PLAIN, false },
                { f->remark ? f->remark : "", REST, STYLE_WARNING, false },
        };

        put_line(p, parts, ARRAY_SIZE(parts));
}

static void put_rest(const struct picture *p, size_t left_out) {
        char text[64];
        const struct part parts[] = { { text, REST, STYLE_DIM, false } };

        (void)snprintf(text, sizeof(text), "%s %zu more task runs", p->canvas->utf8 ? "…" : "...", left_out);
        put_line(p, parts, ARRAY_SIZE(parts));
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static size_t count_name_columns(const struct picture *p) {
        size_t columns = NAME_COLUMNS_MIN, most = MAX(p->columns / 3, (size_t)NAME_COLUMNS_MIN);

        for (size_t i = 0; i < p->count; i++) {
                struct buf name = BUF_INIT(0);
                size_t own = 0;

                if (progress_name(p->frame->progress, p->places[i].index, &name) == 0)
                        own = text_columns(name.data, name.len) + p->places[i].depth * (size_t)2 + 2;
                columns = MAX(columns, own);
                buf_done(&name);
        }
        return MIN(columns, most);
}

int live_frame_write(const struct live_frame *f, const struct canvas *canvas, struct buf *out, unsigned *ret_rows) {
        struct picture p = { .frame = f, .canvas = canvas, .out = out };
        _cleanup_free_ struct progress_place *places = progress_order(f->progress, &p.count);
        _cleanup_free_ bool *chosen = calloc(p.count + 1, sizeof(*chosen));
        unsigned rows = 1;
        size_t left_out;

        if (!places || !chosen)
                return -ENOMEM;
        p.places = places;
        p.chosen = chosen;
        /* In the last column a cursor waits to wrap, and what is cleared from there is that column. */
        p.columns = canvas->columns > 1 ? canvas->columns - 1 : COLUMNS_DEFAULT;
        p.name_columns = count_name_columns(&p);
        left_out = choose(&p);
        put_head(&p);
        for (size_t i = 0; i < p.count; i++) {
                if (!chosen[i])
                        continue;
                put_task(&p, i);
                rows++;
        }
        if (left_out > 0 && canvas->rows > 3)
                put_rest(&p, left_out);
        *ret_rows = rows + (left_out > 0 && canvas->rows > 3);
        return buf_error(out);
}
