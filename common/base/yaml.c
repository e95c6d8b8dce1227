/* SPDX-License-Identifier: Apache-2.0 */
/* A recursive descent over libyaml's events, one function per kind of node; the tree itself is in yaml_node.c.
 *
 * An alias becomes a copy of the node it names, with that node's positions. What all nodes together take is counted
 * against MEMORY_MAX, so that a few lines of aliases on aliases cannot grow without bound. An anchor is known only when
 * its node is complete: a node cannot contain itself. */
#include "common/base/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "common/base/text.h"
#include "common/base/yaml_node.h"

#define MEMORY_MAX 16777216 /* bytes: 16 MiB */
#define ANCHORS_MAX 1000

struct anchor {
        char *name;
        const struct yaml_node *node; /* borrowed from the tree */
};

struct reader {
        yaml_parser_t parser;
        const char *text;
        size_t len;
        const char *name;
        struct diag *diag;
        size_t memory; /* taken by the nodes so far */
        struct anchor *anchors;
        size_t anchor_count;
        bool has_duplicate;
};

static unsigned line_of(yaml_mark_t mark) {
        return (unsigned)mark.line + 1;
}

static unsigned column_of(yaml_mark_t mark) {
        return (unsigned)mark.column + 1;
}

static int refuse(struct reader *r, yaml_mark_t mark, const char *message) {
        diag_add(r->diag, DIAG_ERROR, r->name, line_of(mark), column_of(mark), "%s", message);
        return -EBADMSG;
}

/* libyaml gives only a byte offset for bytes it cannot read. */
static yaml_mark_t mark_of_offset(const struct reader *r, size_t offset) {
        yaml_mark_t mark = { 0 };

        for (size_t i = 0; i < MIN(offset, r->len); i++) {
                bool newline = r->text[i] == '\n';

                mark.line += newline;
                /* A byte of the form 10xxxxxx continues a character. */
                mark.column = newline ? 0 : mark.column + ((r->text[i] & 0xc0) != 0x80);
        }
        return mark;
}

static int refuse_syntax(struct reader *r) {
        const yaml_parser_t *p = &r->parser;
        yaml_mark_t mark = p->problem_mark;

        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        if (p->error == YAML_READER_ERROR)
                mark = mark_of_offset(r, p->problem_offset);
        if (p->context)
                diag_add(r->diag, DIAG_ERROR, r->name, line_of(mark), column_of(mark), "%s, %s (line %u)", p->problem,
                         p->context, line_of(p->context_mark));
        else
                diag_add(r->diag, DIAG_ERROR, r->name, line_of(mark), column_of(mark), "%s",
                         p->problem ? p->problem : "this is not YAML");
        return -EBADMSG;
}

static int next_event(struct reader *r, yaml_event_t *event) {
        return yaml_parser_parse(&r->parser, event) == 1 ? 0 : refuse_syntax(r);
}

/* Counts bytes that a node takes. */
static int charge(struct reader *r, yaml_mark_t mark, size_t bytes) {
        if (bytes > MEMORY_MAX - r->memory)
                return refuse(r, mark, "the aliases of this file make it too large");
        r->memory += bytes;
        return 0;
}

static int node_new(struct reader *r, enum yaml_kind kind, yaml_mark_t mark, struct yaml_node **ret) {
        struct yaml_node *node;
        int k = charge(r, mark, sizeof(*node));

        if (k < 0)
                return k;
        node = calloc(1, sizeof(*node));
        if (!node)
                return -ENOMEM;
        node->kind = kind;
        node->line = line_of(mark);
        node->column = column_of(mark);
        *ret = node;
        return 0;
}

static const struct anchor *find_anchor(const struct reader *r, const char *name) {
        /* The newest first: an anchor may be set again. */
        for (size_t i = r->anchor_count; i > 0; i--)
                if (strcmp(r->anchors[i - 1].name, name) == 0)
                        return &r->anchors[i - 1];
        return NULL;
}

static int add_anchor(struct reader *r, yaml_mark_t mark, const char *name, const struct yaml_node *node) {
        char *copy;

        if (!name)
                return 0;
        if (r->anchor_count == ANCHORS_MAX)
                return refuse(r, mark, "there are too many anchors");
        if (!r->anchors)
                r->anchors = calloc(ANCHORS_MAX, sizeof(*r->anchors));
        copy = r->anchors ? text_dup(name) : NULL;
        if (!copy)
                return -ENOMEM;
        r->anchors[r->anchor_count++] = (struct anchor){ copy, node };
        return 0;
}

static int read_alias(struct reader *r, const yaml_event_t *event, unsigned depth, struct yaml_node **ret) {
        const struct anchor *anchor = find_anchor(r, (const char *)event->data.alias.anchor);
        int k;

        if (!anchor)
                return refuse(r, event->start_mark, "this alias names no anchor that stands before it");
        if (depth + yaml_node_depth(anchor->node) > YAML_DEPTH_MAX)
                return refuse(r, event->start_mark, "the nesting is too deep");
        k = charge(r, event->start_mark, yaml_node_memory(anchor->node));
        if (k < 0)
                return k;
        *ret = yaml_node_copy(anchor->node);
        return *ret ? 0 : -ENOMEM;
}

/* Tags would make a value something else than it looks like; "!" and !!str only say what quotes say. */
static bool tag_means_string(const char *tag) {
        return strcmp(tag, "!") == 0 || strcmp(tag, YAML_STR_TAG) == 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *event, struct yaml_node **ret) {
        const char *text = (const char *)event->data.scalar.value, *tag = (const char *)event->data.scalar.tag;
        size_t len = event->data.scalar.length;
        _cleanup_(yaml_freep) struct yaml_node *node = NULL;
        int k;

        if (tag && !tag_means_string(tag))
                return refuse(r, event->start_mark, "tags are not supported");
        if (memchr(text, '\0', len))
                return refuse(r, event->start_mark, "a text may not hold the character NUL");
        k = charge(r, event->start_mark, len + 1);
        if (k == 0)
                k = node_new(r, YAML_SCALAR, event->start_mark, &node);
        if (k < 0)
                return k;
        node->text = text_dup_n(text, len);
        if (!node->text)
                return -ENOMEM;
        node->len = len;
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag;
        k = add_anchor(r, event->start_mark, (const char *)event->data.scalar.anchor, node);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(node);
        return 0;
}

static int read_node(struct reader *r, const yaml_event_t *event, unsigned depth, struct yaml_node **ret);

static int read_list_items(struct reader *r, struct yaml_node *list, unsigned depth) {
        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                struct yaml_node *item;
                int k = next_event(r, &event);

                if (k < 0 || event.type == YAML_SEQUENCE_END_EVENT)
                        return k;
                k = read_node(r, &event, depth, &item);
                if (k == 0)
                        k = yaml_node_add(list, NULL, item);
                if (k < 0)
                        return k;
        }
}

static int check_key(struct reader *r, const yaml_event_t *event, const struct yaml_node *key) {
        if (key->kind != YAML_SCALAR)
                return refuse(r, event->start_mark, "a key must be a simple text");
        if (key->plain && strcmp(key->text, "<<") == 0)
                return refuse(r, event->start_mark, "merge keys (<<) are not supported; write the properties out");
        return 0;
}

/* The value of `key`, which is taken over. */
static int read_member(struct reader *r, struct yaml_node *map, struct yaml_node *key, unsigned depth) {
        _cleanup_(yaml_freep) struct yaml_node *own = key;
        _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
        struct yaml_node *value = NULL;
        int k = next_event(r, &event);

        if (k == 0)
                k = read_node(r, &event, depth, &value);
        return k < 0 ? k : yaml_node_add(map, TAKE_PTR(own), value);
}

static int refuse_duplicates(struct reader *r, const struct yaml_node *map) {
        struct yaml_node **sorted = yaml_node_sorted_keys(map);

        if (!sorted)
                return map->count > 0 ? -ENOMEM : 0;
        for (size_t i = 1; i < map->count; i++) {
                const struct yaml_node *first = sorted[i - 1], *second = sorted[i];

                if (strcmp(first->text, second->text) != 0)
                        continue;
                diag_add(r->diag, DIAG_ERROR, r->name, second->line, second->column,
                         "the key '%s' stands here a second time; it was first set at %u:%u", second->text, first->line,
                         first->column);
                r->has_duplicate = true;
        }
        free(sorted);
        return 0;
}

static int read_map_members(struct reader *r, struct yaml_node *map, unsigned depth) {
        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                struct yaml_node *key;
                int k = next_event(r, &event);

                if (k < 0)
                        return k;
                if (event.type == YAML_MAPPING_END_EVENT)
                        return refuse_duplicates(r, map);
                k = read_node(r, &event, depth, &key);
                if (k < 0)
                        return k;
                k = check_key(r, &event, key);
                if (k < 0) {
                        yaml_free(key);
                        return k;
                }
                k = read_member(r, map, key, depth);
                if (k < 0)
                        return k;
        }
}

static int read_container(struct reader *r, const yaml_event_t *event, unsigned depth, struct yaml_node **ret) {
        bool map = event->type == YAML_MAPPING_START_EVENT;
        const yaml_char_t *anchor = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
        const yaml_char_t *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
        _cleanup_(yaml_freep) struct yaml_node *node = NULL;
        int k;

        if (depth == YAML_DEPTH_MAX)
                return refuse(r, event->start_mark, "the nesting is too deep");
        if (tag)
                return refuse(r, event->start_mark, "tags are not supported");
        k = node_new(r, map ? YAML_MAP : YAML_LIST, event->start_mark, &node);
        if (k == 0)
                k = map ? read_map_members(r, node, depth + 1) : read_list_items(r, node, depth + 1);
        if (k == 0)
                k = add_anchor(r, event->start_mark, (const char *)anchor, node);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(node);
        return 0;
}

static int read_node(struct reader *r, const yaml_event_t *event, unsigned depth, struct yaml_node **ret) {
        if (event->type == YAML_ALIAS_EVENT)
                return read_alias(r, event, depth, ret);
        if (event->type == YAML_SCALAR_EVENT)
                return read_scalar(r, event, ret);
        return read_container(r, event, depth, ret);
}

/* The next event that is not the start of the stream or of the document. */
static int first_event(struct reader *r, yaml_event_t *event) {
        for (;;) {
                int k = next_event(r, event);

                if (k < 0 || (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT))
                        return k;
                yaml_event_delete(event);
        }
}

static int expect_end(struct reader *r) {
        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                int k = next_event(r, &event);

                if (k < 0 || event.type == YAML_STREAM_END_EVENT)
                        return k;
                if (event.type == YAML_DOCUMENT_START_EVENT)
                        return refuse(r, event.start_mark, "a second document begins here; a file holds one");
        }
}

static int read_document(struct reader *r, struct yaml_node **ret) {
        _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
        _cleanup_(yaml_freep) struct yaml_node *node = NULL;
        int k = first_event(r, &event);

        if (k < 0)
                return k;
        if (event.type == YAML_STREAM_END_EVENT) {
                diag_add(r->diag, DIAG_ERROR, r->name, 0, 0, "the file is empty");
                return -EBADMSG;
        }
        k = read_node(r, &event, 0, &node);
        if (k == 0)
                k = expect_end(r);
        if (k == 0 && r->has_duplicate)
                k = -EBADMSG;
        if (k < 0)
                return k;
        *ret = TAKE_PTR(node);
        return 0;
}

int yaml_parse(const char *text, size_t len, const char *name, struct diag *diag, struct yaml_node **ret) {
        bool marked = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0; /* as some editors do; libyaml would take it for text */
        struct reader r = { .text = marked ? text + 3 : text, .len = marked ? len - 3 : len, .name = name, .diag = diag };
        int k;

        if (len > YAML_BYTES_MAX) {
                diag_add(diag, DIAG_ERROR, name, 0, 0, "the file is larger than %d bytes", YAML_BYTES_MAX);
                return -EBADMSG;
        }
        if (yaml_parser_initialize(&r.parser) != 1)
                return -ENOMEM;
        yaml_parser_set_input_string(&r.parser, (const unsigned char *)(r.len > 0 ? r.text : ""), r.len);
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        k = read_document(&r, ret);
        yaml_parser_delete(&r.parser);
        for (size_t i = 0; i < r.anchor_count; i++)
                free(r.anchors[i].name);
        free(r.anchors);
        return k;
}
