/* SPDX-License-Identifier: Apache-2.0 */
/* A line at a time. What a line is follows from its first character and from what stands above it:
 *
 *   blank, or # or ; first      nothing
 *   [                           a section; from here on its properties
 *   white space                 goes on with the property above: continues its value, or nests below an empty one
 *   anything else               a property of the section
 *
 * A section or property that is left out because of its name still owns the lines below it, so the parser keeps on
 * with a NULL section or property and drops them. */
#include "common/base/ini.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/text.h"

struct span {
        const char *text;
        size_t len;
};

struct parser {
        const char *file;
        struct diag *diag;
        unsigned line;
        struct ini *ini;
        size_t section;   /* index + 1 of the section we are in; 0: none to store in */
        size_t property;  /* the same in that section */
        bool in_section;  /* false: properties are an error */
        bool in_property; /* false: indented lines are an error */
        int error;        /* out of memory, or -EBADMSG */
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static struct span trim(struct span s) {
        while (s.len > 0 && is_blank(s.text[0])) {
                s.text++;
                s.len--;
        }
        while (s.len > 0 && is_blank(s.text[s.len - 1]))
                s.len--;
        return s;
}

static void wrong(struct parser *p, const char *what) {
        diag_add(p->diag, DIAG_ERROR, p->file, p->line, 1, "%s", what);
        p->error = -EBADMSG;
}

/* The part before a comment: # or ; after white space. */
static struct span before_comment(struct span s) {
        for (size_t i = 1; i < s.len; i++)
                if ((s.text[i] == '#' || s.text[i] == ';') && is_blank(s.text[i - 1]))
                        return (struct span){ s.text, i };
        return s;
}

static bool is_name(struct span s) {
        for (size_t i = 0; i < s.len; i++) {
                unsigned char c = (unsigned char)s.text[i];
                bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
                if (!letter && (c == 0 || !strchr("-_/.%@:+", c)))
                        return false;
        }
        return s.len > 0;
}

static void lower(char *s) {
        for (; *s; s++)
                if (*s >= 'A' && *s <= 'Z')
                        *s = (char)(*s | 0x20);
}

/* One more element at the end of a growing array, zeroed; NULL when memory is out. */
static void *grow(void *array_pointer, size_t *count, size_t size) {
        void **array = array_pointer;
        char *bigger = reallocarray(*array, *count + 1, size);
        if (!bigger)
                return NULL;
        *array = bigger;
        return memset(bigger + size * (*count)++, 0, size);
}

static bool span_eq(const char *s, struct span t) {
        return strlen(s) == t.len && strncasecmp(s, t.text, t.len) == 0;
}

/* The property of that key in a list, made when it is new. */
static struct ini_property *property_at(struct ini_property **list, size_t *count, struct span key) {
        for (size_t i = 0; i < *count; i++)
                if (span_eq((*list)[i].key, key))
                        return &(*list)[i];
        char *name = text_dup_n(key.text, key.len);
        struct ini_property *p = name ? grow(list, count, sizeof(*p)) : NULL;
        if (!p) {
                free(name);
                return NULL;
        }
        lower(name);
        p->key = name;
        return p;
}

static void property_done(struct ini_property *p) {
        for (size_t i = 0; i < p->nested_count; i++)
                property_done(&p->nested[i]);
        free(p->nested);
        free(p->key);
        secret_free(p->value);
}

static int property_set(struct ini_property *p, struct span value) {
        char *copy = text_dup_n(value.text, value.len);
        if (!copy)
                return -ENOMEM;
        secret_free(p->value);
        p->value = copy;
        return 0;
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static int section_enter(struct parser *p, struct span type, struct span name) {
        struct ini *ini = p->ini;
        for (size_t i = 0; i < ini->count; i++) {
                struct ini_section *s = &ini->sections[i];
                if (span_eq(s->type, type) && strlen(s->name) == name.len && !memcmp(s->name, name.text, name.len)) {
                        p->section = i + 1;
                        return 0;
                }
        }
        struct ini_section *s = grow(&ini->sections, &ini->count, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->type = text_dup_n(type.text, type.len);
        s->name = text_dup_n(name.text, name.len);
        if (!s->type || !s->name)
                return -ENOMEM;
        p->section = ini->count;
        return 0;
}

static int parse_section(struct parser *p, struct span line) {
        const char *end = memchr(line.text, ']', line.len);
        p->section = p->property = 0;
        p->in_property = false;
        p->in_section = true;
        if (!end) {
                wrong(p, "a section must end with ']'");
                return 0;
        }
        struct span rest = trim((struct span){ end + 1, (size_t)(line.text + line.len - end - 1) });
        if (rest.len > 0 && rest.text[0] != '#' && rest.text[0] != ';') {
                wrong(p, "only a comment may follow a section's ']'");
                return 0;
        }
        struct span name = trim((struct span){ line.text + 1, (size_t)(end - line.text - 1) });
        struct span type = { "", 0 };
        for (size_t i = 0; i < name.len; i++)
                if (is_blank(name.text[i])) {
                        type = (struct span){ name.text, i };
                        name = trim((struct span){ name.text + i, name.len - i });
                        break;
                }
        if (!is_name(name) || (type.len > 0 && !is_name(type)))
                return 0;
        return section_enter(p, type, name);
}

/* --- properties --------------------------------------------------------------------------------------------------- */

/* Splits at the first '='. Says what is wrong and returns false when there is none, or no key. */
static bool split(struct parser *p, struct span line, struct span *ret_key, struct span *ret_value) {
        const char *equals = memchr(line.text, '=', line.len);
        if (!equals) {
                wrong(p, "expected 'key = value'");
                return false;
        }
        *ret_key = trim((struct span){ line.text, (size_t)(equals - line.text) });
        *ret_value = (struct span){ equals + 1, (size_t)(line.text + line.len - equals - 1) };
        if (ret_key->len == 0) {
                wrong(p, "a property needs a name before '='");
                return false;
        }
        return true;
}

static int parse_property(struct parser *p, struct span line) {
        struct span key, value;
        if (!p->in_section) {
                wrong(p, "a property must stand below a section such as [default]");
                return 0;
        }
        p->property = 0;
        p->in_property = true;
        if (!split(p, line, &key, &value) || p->section == 0 || !is_name(key))
                return 0;
        struct ini_section *s = &p->ini->sections[p->section - 1];
        struct ini_property *property = property_at(&s->properties, &s->count, key);
        if (!property)
                return -ENOMEM;
        p->property = (size_t)(property - s->properties) + 1;
        return property_set(property, trim(before_comment(value)));
}

static int parse_nested(struct parser *p, struct ini_property *property, struct span line) {
        struct span key, value;
        if (!split(p, line, &key, &value) || !is_name(key))
                return 0;
        struct ini_property *nested = property_at(&property->nested, &property->nested_count, key);
        return nested ? property_set(nested, trim(value)) : -ENOMEM;
}

static int parse_continuation(struct parser *p, struct span line) {
        if (!p->in_section || !p->in_property) {
                wrong(p, "an indented line must continue a property");
                return 0;
        }
        if (p->section == 0 || p->property == 0)
                return 0;
        struct ini_property *property = &p->ini->sections[p->section - 1].properties[p->property - 1];
        if (property->value[0] == '\0')
                return parse_nested(p, property, line);
        char *longer = text_printf("%s\n%.*s", property->value, (int)line.len, line.text);
        if (!longer)
                return -ENOMEM;
        secret_free(property->value);
        property->value = longer;
        return 0;
}

static int parse_line(struct parser *p, struct span line) {
        struct span text = trim(line);
        if (text.len == 0 || text.text[0] == '#' || text.text[0] == ';')
                return 0;
        if (is_blank(line.text[0]))
                return parse_continuation(p, text);
        return text.text[0] == '[' ? parse_section(p, text) : parse_property(p, text);
}

int ini_parse(const char *text, size_t len, const char *file, struct diag *diag, struct ini **ret) {
        if (len > INI_BYTES_MAX)
                return -E2BIG;
        _cleanup_(ini_freep) struct ini *ini = calloc(1, sizeof(*ini));
        if (!ini)
                return -ENOMEM;
        struct parser p = { .file = file, .diag = diag, .ini = ini };
        for (const char *at = text, *end = text + len; at < end;) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const char *stop = newline ? newline : end;
                struct span line = { at, (size_t)(stop - at) };
                if (line.len > 0 && line.text[line.len - 1] == '\r')
                        line.len--;
                p.line++;
                int r = parse_line(&p, line);
                if (r < 0)
                        return r;
                at = stop + 1;
        }
        if (p.error < 0)
                return p.error;
        *ret = TAKE_PTR(ini);
        return 0;
}

struct ini *ini_free(struct ini *i) {
        if (!i)
                return NULL;
        for (size_t s = 0; s < i->count; s++) {
                for (size_t k = 0; k < i->sections[s].count; k++)
                        property_done(&i->sections[s].properties[k]);
                free(i->sections[s].properties);
                free(i->sections[s].type);
                free(i->sections[s].name);
        }
        free(i->sections);
        free(i);
        return NULL;
}

const struct ini_section *ini_find(const struct ini *i, const char *type, const char *name) {
        for (size_t s = 0; i && s < i->count; s++)
                if (text_eq(i->sections[s].type, type) && text_eq(i->sections[s].name, name))
                        return &i->sections[s];
        return NULL;
}

static const struct ini_property *find_property(const struct ini_property *list, size_t count, const char *key) {
        for (size_t i = 0; i < count; i++)
                if (text_eq(list[i].key, key))
                        return &list[i];
        return NULL;
}

const char *ini_get(const struct ini_section *s, const char *key) {
        const struct ini_property *p = s ? find_property(s->properties, s->count, key) : NULL;
        return p ? p->value : NULL;
}

const char *ini_get_nested(const struct ini_section *s, const char *key, const char *nested_key) {
        const struct ini_property *p = s ? find_property(s->properties, s->count, key) : NULL;
        p = p ? find_property(p->nested, p->nested_count, nested_key) : NULL;
        return p ? p->value : NULL;
}
