/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that change letters. */
#include "common/expr/expr_filters.h"
#include "common/expr/expr_lex.h"
#include "common/expr/expr_utf8.h"

/* Goes over the characters of the input; `map` keeps what it must remember in *state. */
static int map_characters(const struct call *c, uint32_t (*map)(uint32_t character, bool *state), struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        const char *s, *end;
        bool state = false;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        s = value_string(text);
        for (end = s + value_string_len(text); s < end;)
                utf8_append(&b, map(utf8_next(&s, end), &state));
        return call_text(c, &b, ret);
}

static uint32_t to_upper(uint32_t c, bool *state) {
        return utf8_upper(c);
}

static uint32_t to_lower(uint32_t c, bool *state) {
        return utf8_lower(c);
}

static bool is_space(uint32_t c) {
        return c < 0x80 && lexer_is_space((char)c);
}

/* The first character that is not white space; the state is whether it has come. */
static uint32_t to_capitalized(uint32_t c, bool *state) {
        bool first = !*state && !is_space(c);

        *state = *state || first;
        return first ? utf8_upper(c) : c;
}

/* The first one of every word; the state is whether we are in one. */
static uint32_t to_title(uint32_t c, bool *state) {
        bool first = !*state && !is_space(c);

        *state = !is_space(c);
        return first ? utf8_upper(c) : c;
}

int filter_upper(const struct call *c, struct value **ret) {
        return map_characters(c, to_upper, ret);
}

int filter_lower(const struct call *c, struct value **ret) {
        return map_characters(c, to_lower, ret);
}

int filter_capitalize(const struct call *c, struct value **ret) {
        return map_characters(c, to_capitalized, ret);
}

int filter_title(const struct call *c, struct value **ret) {
        return map_characters(c, to_title, ret);
}

/* --- slugs ----------------------------------------------------------------------------------------------------- */

/* What U+00C0 to U+017F are without their marks (Unicode's canonical decomposition); '.' is no letter of ASCII. */
#define UNMARKED_FIRST 0xc0
static const char unmarked[] = "AAAAAA.CEEEEIIII.NOOOOO..UUUUY..aaaaaa.ceeeeiiii.nooooo..uuuuy.y"
                               "AaAaAaCcCcCcCcDd..EeEeEeEeEeGgGgGgGgHh..IiIiIiIiI...JjKk.LlLlLl.."
                               "..NnNnNn...OoOoOo..RrRrRrSsSsSsSsTtTt..UuUuUuUuUuUuWwYyYZzZzZz.";

/* The byte of a slug that stands for c, 0 when none does. */
static char slug_byte(uint32_t c) {
        if (c >= UNMARKED_FIRST && c < UNMARKED_FIRST + sizeof(unmarked) - 1)
                c = unmarked[c - UNMARKED_FIRST] == '.' ? 0 : (unsigned char)unmarked[c - UNMARKED_FIRST];
        if (is_space(c) || c == '-' || c == '_')
                return '-';
        c = utf8_lower(c);
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? (char)c : '\0';
}

/* Lower case letters, digits and single dashes. */
int filter_slugify(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        bool dash = false;
        const char *s, *end;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        s = value_string(text);
        for (end = s + value_string_len(text); s < end;) {
                char byte = slug_byte(utf8_next(&s, end));

                if (byte != '\0' && byte != '-') {
                        if (dash && b.len > 0)
                                buf_append_char(&b, '-');
                        buf_append_char(&b, byte);
                }
                dash = byte == '-' || (byte == '\0' && dash);
        }
        return call_text(c, &b, ret);
}
