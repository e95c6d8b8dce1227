/* SPDX-License-Identifier: Apache-2.0 */
/* A strict pull parser for the XML that AWS's Query protocol answers with: elements, text, the five entities and
 * character references. Whatever else a document may hold is an error: a DOCTYPE (and with it entities of its own),
 * processing instructions behind the first line, CDATA, prefixes that are not plain names. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

#define XML_DEPTH_MAX 16
#define XML_NAME_MAX 64
#define XML_TEXT_MAX_BYTES ((size_t)64 * 1024)

enum xml_event {
        XML_END = 0,   /* the document is over and was whole */
        XML_OPEN = 1,  /* an element began: the last of `names` */
        XML_CLOSE = 2, /* it ended: still the last of `names`; `text` is its own text when it had no elements inside */
};

struct xml {
        const char *at, *end;
        char names[XML_DEPTH_MAX][XML_NAME_MAX]; /* the open elements, outermost first */
        size_t depth;
        struct buf text; /* of the element that is open, entities replaced; wiped by xml_done: it may be a secret */
        bool closing;    /* the last event was XML_CLOSE, or an empty element's XML_OPEN is to be closed */
        bool empty, started;
};

/* Borrows the text until xml_done(). */
void xml_init(struct xml *x, const char *text, size_t len);
void xml_done(struct xml *x);

/* The next event (see enum xml_event), -EBADMSG for what is not well-formed or not understood, -E2BIG for a name, text
 * or depth beyond the limits, -ENOMEM. Not to be called again after an error or XML_END. */
int xml_next(struct xml *x) _must_check_;

/* True when the open elements are exactly these, written as "Outer/Inner/Leaf". */
bool xml_is_at(const struct xml *x, const char *path);
