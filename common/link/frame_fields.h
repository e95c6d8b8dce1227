/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields each kind of frame has: the tables that codec.c walks. */
#pragma once

#include "common/link/protocol.h"

enum field_type { FIELD_U8, FIELD_U32, FIELD_U64, FIELD_DOUBLE, FIELD_BYTES, FIELD_STATE, FIELD_TRIGGER };

struct field {
        uint8_t tag; /* the field's place in its table, from 1 */
        uint8_t type;
        uint16_t offset;
};

struct frame_fields {
        const struct field *fields;
        size_t count;
};

/* NULL: there is no such kind. */
const struct frame_fields *frame_fields(enum frame_kind kind);
/* Those of one message of an EXECUTE. */
extern const struct frame_fields frame_message_fields;
