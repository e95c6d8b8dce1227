/* SPDX-License-Identifier: Apache-2.0 */
/* config/agent.schema.json, which the program carries with it: it is that of this version, wherever the file is installed. */
#pragma once

#include <stdint.h>

extern const char agent_schema[];
extern const uint64_t agent_schema_len; /* bytes */
