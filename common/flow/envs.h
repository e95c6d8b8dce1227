/* SPDX-License-Identifier: Apache-2.0 */
/* The variable `envs` of expressions: this process's ENV_… variables, as Kestra has it. */
#pragma once

#include "common/base/value.h"

/* ENV_SHOP_REGION=… is envs.shop_region. An owned map; NULL: out of memory. */
struct value *envs_value(void);
