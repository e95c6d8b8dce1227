/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that read texts as values: expr_functions_parse.c. */
#pragma once

#include "common/expr/expr_filters.h"

expr_apply function_from_json, function_from_ion, function_yaml;
