/* SPDX-License-Identifier: Apache-2.0 */
/* What of a flow carries the message, found while it loads (P11). Only the flow_*.c files include it. */
#pragma once

#include <stdbool.h>

#include "common/base/yaml.h"
#include "common/expr/expr.h"

struct loader;
struct flow_carriers;

/* Looks through a flow's map, with pluginDefaults merged, and leaves the answer in l->carriers (owned; -ENOMEM in
 * l->error). Also sets l->inputs_from_trigger. */
void flow_carriers_collect(struct loader *l, const struct yaml_node *root);
struct flow_carriers *flow_carriers_free(struct flow_carriers *c);

/* Does a read hold message text, or text from outside? For expr_visit_outputs(); `userdata` is the loader. */
bool flow_carriers_read(void *userdata, const struct expr_read *read);
/* The beginning of a sentence about such a read that is not `trigger` or `inputs` itself: "'outputs.a.value' carries the
 * message (line 7) and". The caller's; NULL: out of memory. */
char *flow_carriers_sentence(const struct loader *l, const struct expr_read *read);
/* True when a label of the execution does. */
bool flow_labels_carry(struct loader *l);
/* True when an expression in or below `node` (NULL: none) reads such. */
bool flow_reads_message(struct loader *l, const struct yaml_node *node);
