/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS shared files' grammar: any bytes are parsed or refused, and what was parsed can be looked up and freed. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/ini.h"
#include "common/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct ini *i, const struct ini_section *s) {
        if (ini_find(i, s->type, s->name) == NULL)
                abort();
        for (size_t k = 0; k < s->count; k++) {
                const struct ini_property *p = &s->properties[k];
                if (!text_eq(ini_get(s, p->key), p->value))
                        abort();
                for (size_t n = 0; n < p->nested_count; n++)
                        if (!ini_get_nested(s, p->key, p->nested[n].key))
                                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(ini_freep) struct ini *i = NULL;

        if (ini_parse((const char *)data, size, "config", &diag, &i) == 0)
                for (size_t s = 0; s < i->count; s++)
                        look_up(i, &i->sections[s]);
        return 0;
}
