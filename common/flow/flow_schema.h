/* SPDX-License-Identifier: Apache-2.0 */
/* What is made from the tables of the language: the JSON Schema for editors, and the reference page. Both are generated
 * (`sqsflow schema`) and kept in config/. Pure. */
#pragma once

#include "common/base/buf.h"

/* JSON Schema 2020-12 of a flow file. It refuses names that the loader refuses; a task's own required properties it only
 * describes, since pluginDefaults may give them. 0 or the buffer's error. */
int flow_schema_write(struct buf *b) _must_check_;
/* The same as a page of Markdown. */
int flow_page_write(struct buf *b) _must_check_;
